import base64
import csv
import errno
import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from headstart.data.read import read_source
from headstart.data.relabel import apply_relabels
from headstart.diagnostics.label_review import LabelSuspect
from headstart.evaluation.label_noise import LabelNoise
from headstart.reporting import label_review as module
from headstart.reporting.label_review import COLUMNS, check_review_table, locate_review_page, write_label_review
from headstart.tasks.classification.targets import make_class_space
from headstart_runtime.errors import SettingError, StoreError
from headstart_runtime.modalities.image.preview import CLOSE_EDGE

NOISE = LabelNoise(30, 9, 2, 1, 3)


@pytest.fixture
def samples(photos, tmp_path):
    return read_source(photos(each=5), cache=tmp_path / "cache")


def _issues(samples, rows):
    """Some of the photos, each held for the next class."""
    its = [samples.samples[row] for row in rows]
    count = len(samples.classes)
    return [
        LabelSuspect(
            one.id,
            samples.classes[one.target],
            samples.classes[(one.target + 1) % count],
            0.01 * place,
            0.98762 - 0.01 * place,
        )
        for place, one in enumerate(its)
    ]


def _rows(table):
    return list(csv.DictReader(io.StringIO(table.read_bytes().decode("utf-8-sig"), newline="")))


class _Page(HTMLParser):
    """What a page shows: its text, its pictures and what it would load."""

    def __init__(self, text):
        super().__init__()
        self.text, self.pictures, self.opened, self.loaded = "", [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.opened.append(tag)
        self.loaded += [value for name, value in attrs if name in ("src", "href")]
        if tag == "img":
            self.pictures.append(dict(attrs))

    def handle_data(self, data):
        self.text += data


def test_the_table_has_the_issues_in_order(samples, tmp_path):
    write_label_review(tmp_path / "fixes.csv", samples, _issues(samples, [7, 2, 11]), noise=NOISE)
    assert (tmp_path / "fixes.csv").read_bytes().isascii()
    rows = _rows(tmp_path / "fixes.csv")
    assert tuple(rows[0]) == ("photo", *COLUMNS)
    assert [row["photo"] for row in rows] == [samples.samples[number].name for number in (7, 2, 11)]
    assert [(row["given"], row["likely"]) for row in rows] == [
        ("discs", "stripes"),
        ("checks", "discs"),
        ("stripes", "checks"),
    ]
    assert [row["label"] for row in rows] == [row["given"] for row in rows]
    assert (rows[1]["given_probability"], rows[1]["likely_probability"]) == ("0.0100", "0.9776")


def test_the_table_goes_round(samples, tmp_path):
    """Unedited it changes nothing; edited it changes that."""
    table = tmp_path / "fixes.csv"
    write_label_review(table, samples, _issues(samples, range(9)), noise=NOISE)
    assert apply_relabels(samples, table).samples == samples.samples
    rows = _rows(table)
    rows[3]["label"] = "discs"
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, ("photo", *COLUMNS), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    changed = [
        (new.name, new.target)
        for old, new in zip(samples.samples, apply_relabels(samples, table).samples, strict=True)
        if old != new
    ]
    assert changed == [(rows[3]["photo"], 1)]


def test_names_that_are_not_ascii_are_marked_as_utf8_and_go_round(plant, tmp_path):
    names = ['ärger/ü, "1"; <b>.png', "ärger/x\udcff.png", "ärger/3.png", "Öl/=1.png", "Öl/2.png", "Öl/3.png"]
    samples = read_source(plant(tmp_path / "odd", *names), cache=tmp_path / "cache")
    table = tmp_path / "fixes.csv"
    write_label_review(table, samples, _issues(samples, range(6)), noise=NOISE)
    assert table.read_bytes().startswith(b"\xef\xbb\xbf")
    assert apply_relabels(samples, table).samples == samples.samples
    assert {row["photo"] for row in _rows(table)} == {name.replace("\udcff", "\\udcff") for name in names}
    page = _Page(locate_review_page(table).read_text("utf-8"))
    assert '"1"; <b>.png' in page.text
    assert "b" not in page.opened


@pytest.fixture(name="plant")
def _plant():
    def plant(root, *names):
        for number, name in enumerate(names):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            pixels = np.random.default_rng(number).integers(0, 256, (9, 12, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(root / name)
        return root

    return plant


def test_the_page_shows_the_photos_and_loads_nothing(samples, tmp_path):
    chosen = [7, 2, 11, 4]
    write_label_review(
        tmp_path / "fixes.csv", samples, _issues(samples, chosen), noise=NOISE, command="headstart fit a b"
    )
    text = (tmp_path / "fixes.html").read_text("utf-8")
    page = _Page(text)
    assert len(page.pictures) == 4
    for place, (picture, number) in enumerate(zip(page.pictures, chosen, strict=True)):
        sample = samples.samples[number]
        header, _, data = picture["src"].partition(",")
        assert header == "data:image/jpeg;base64"
        shown = Image.open(io.BytesIO(base64.b64decode(data)))
        whole = Image.open(sample.source.path).convert("RGB")
        assert max(shown.size) <= CLOSE_EDGE
        assert shown.width / shown.height == pytest.approx(whole.width / whole.height, rel=0.03)
        small = np.asarray(whole.resize(shown.size, Image.Resampling.BOX), np.float32)
        assert np.abs(np.asarray(shown, np.float32) - small).mean() < 30
        given, likely = samples.classes[sample.target], samples.classes[(sample.target + 1) % 3]
        assert picture["alt"] == f"row {place + 2}: labelled {given}, looks like {likely}"
        assert f"row {place + 2}: {sample.name}" in page.text
    assert all(it.startswith(("data:", "#")) for it in page.loaded)
    assert not re.search(r"https?:|@import|url\(", text)
    assert "prefers-color-scheme: dark" in text
    assert "Worth a second look, strongest first (4)" in page.text
    assert "About 2 of 30 labels are wrong by estimate (95 % interval 1 to 3)" in page.text
    assert "then headstart fit a b" in page.text
    assert "98.8\u00a0%" in page.text


def test_class_names_are_escaped(samples, tmp_path):
    odd = replace(samples, space=make_class_space(('<i>"a"', "b&amp;", "c")))
    write_label_review(tmp_path / "fixes.csv", odd, _issues(odd, [0]), noise=NOISE)
    page = _Page((tmp_path / "fixes.html").read_text("utf-8"))
    assert page.pictures[0]["alt"] == 'row 2: labelled <i>"a", looks like b&amp;'
    assert "i" not in page.opened
    assert 'given<i>"a"0.0\u00a0%' in page.text


def test_a_page_has_so_many_pictures_and_no_more(samples, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST_PREVIEWS", 6)
    monkeypatch.setattr(module, "FEWEST_PREVIEWS", 4)
    for name, high, pictures in (("few", 1, 4), ("some", 5, 5), ("many", 9, 6)):
        write_label_review(
            tmp_path / f"{name}.csv", samples, _issues(samples, range(9)), noise=replace(NOISE, high=high)
        )
        page = _Page((tmp_path / f"{name}.html").read_text("utf-8"))
        assert len(page.pictures) == pictures
        assert f"{9 - pictures} more are in the table" in page.text
        assert len(_rows(tmp_path / f"{name}.csv")) == 9


def test_a_photo_that_has_gone_is_said_so(samples, tmp_path):
    samples.samples[3].source.path.unlink()
    write_label_review(tmp_path / "fixes.csv", samples, _issues(samples, [3, 4]), noise=NOISE)
    page = _Page((tmp_path / "fixes.html").read_text("utf-8"))
    assert len(page.pictures) == 1
    assert "cannot be shown" in page.text


def test_no_issues_make_an_empty_table(samples, tmp_path):
    write_label_review(tmp_path / "fixes.csv", samples, [], noise=NOISE)
    assert (tmp_path / "fixes.csv").read_text() == ",".join(("photo", *COLUMNS)) + "\n"
    assert "No label is doubted" in _Page((tmp_path / "fixes.html").read_text("utf-8")).text
    assert apply_relabels(samples, tmp_path / "fixes.csv").samples == samples.samples


def test_what_is_there_is_not_overwritten(samples, tmp_path):
    for there in ("fixes.csv", "fixes.html"):
        (tmp_path / there).write_bytes(b"mine")
        with pytest.raises(SettingError, match=rf"{there}' is there already and is not overwritten; name another"):
            write_label_review(tmp_path / "fixes.csv", samples, [], noise=NOISE)
        assert [(file.name, file.read_bytes()) for file in tmp_path.glob("*.*")] == [(there, b"mine")]
        (tmp_path / there).unlink()


def test_a_table_has_its_ending(tmp_path):
    with pytest.raises(SettingError, match=r"table '.*fixes.xlsx' ends in '.xlsx'; wanted .csv"):
        check_review_table(tmp_path / "fixes.xlsx")


@pytest.mark.parametrize("broken", ["replace_bytes", "replace_text"])
def test_a_table_or_page_that_fails_leaves_the_next_try_open(samples, tmp_path, monkeypatch, broken):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(module, broken, full)
        with pytest.raises(StoreError, match=r"no space left for the table '.*fixes.csv'; free some"):
            write_label_review(tmp_path / "fixes.csv", samples, [], noise=NOISE)
    write_label_review(tmp_path / "fixes.csv", samples, [], noise=NOISE)
    assert locate_review_page(tmp_path / "fixes.csv").exists()


def test_a_place_that_cannot_be_written(samples, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SettingError, match=r"table '.*fixes.csv' cannot be written: .*; name another"):
        write_label_review(tmp_path / "file" / "fixes.csv", samples, [], noise=NOISE)


def test_names_that_a_spreadsheet_would_run_are_text_and_go_round(photos, tmp_path):
    samples = read_source(photos(classes=("=1+1", "@home"), each=4), cache=tmp_path / "cache")
    table = tmp_path / "fixes.csv"
    write_label_review(table, samples, [LabelSuspect(samples.samples[1].id, *samples.classes, 0.01, 0.99)], noise=NOISE)
    (row,) = _rows(table)
    assert (row["photo"], row["given"], row["likely"]) == ("'=1+1/0-001.jpg", "'=1+1", "'@home")
    table.write_text(table.read_text().replace(",'=1+1\n", ",@home\n"))
    assert apply_relabels(samples, table).samples[1].target == 1


def test_the_page_says_why_it_lists_fewer_than_are_doubted(samples, tmp_path):
    write_label_review(tmp_path / "fixes.csv", samples, _issues(samples, range(6)), noise=NOISE, in_test=3)
    text = " ".join(_Page(locate_review_page(tmp_path / "fixes.csv").read_text("utf-8")).text.split())
    assert "9 are worth a second look, strongest first; 3 of these are of the test part and not in the table" in text
    assert "strongest first (6)" in text
