"""``headstart check --labels``."""

import csv
import html
import io
import json
import random
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from headstart.cli.check import describe_check
from headstart.cli.main import run
from headstart.data.check import check_samples
from headstart.data.read import read_source
from headstart.data.relabel import apply_relabels
from headstart.data.samples import Subset
from headstart.data.split import load_split
from headstart.diagnostics.next_commands import suggest_relabelling
from headstart.pipeline.label_check import check_labels
from headstart_runtime.errors import BackboneError, DataError, SettingError

WATCHED = """
import sys
from headstart.cli.main import run
assert run(["check", *sys.argv[1:]]) == 0
print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""
WRONG = {"stripes/a.jpg": "discs", "checks/b.jpg": "stripes"}  #: photos that are in a folder where they do not belong


@pytest.fixture
def folder(photos, warm):
    """Photos in 3 classes, two of them in the wrong folder; the shared store knows the network."""
    folder = photos(each=10, seed=5)
    (folder / "discs/5-001.jpg").rename(folder / "stripes/a.jpg")
    (folder / "stripes/5-001.jpg").rename(folder / "checks/b.jpg")
    return folder


def rows_of(table):
    return list(csv.DictReader(io.StringIO(table.read_bytes().decode("utf-8-sig"), newline="")))


def contents(folder):
    return {file: file.read_bytes() for file in folder.rglob("*.*")}


def test_wrong_labels_are_found_shown_and_written(folder, tmp_path, capsys):
    table, before = tmp_path / "out" / "fixes.csv", contents(folder)
    assert run(["check", str(folder), "--labels", str(table), "--include-test", "--quiet"]) == 0
    out, errors = capsys.readouterr()
    assert errors == ""
    assert contents(folder) == before
    rows = rows_of(table)
    assert {row["photo"]: row["likely"] for row in rows[:2]} == WRONG
    assert [float(row["likely_probability"]) > float(row["given_probability"]) for row in rows] == [True] * len(rows)
    assert (tmp_path / "out/fixes.html").read_text("utf-8").count("<img") == len(rows)
    assert sorted(file.name for file in table.parent.iterdir()) == ["fixes.csv", "fixes.html"]
    assert "30 files seen: 30 accepted" in out
    assert re.search(
        r"^30 photos, each .* on efficientnet_lite0 .* of the answers agree with the label$", out, re.MULTILINE
    )
    assert "how many of 30 labels are wrong can't be told: the photos are too few" in out
    assert f"; {len(rows)} are worth a second look, strongest first" in out
    assert re.search(r"^stripes/a.jpg +stripes \d+% +discs \d+%$", out, re.MULTILINE)
    command = shlex.split(out.splitlines()[-1].partition("then:  ")[2])
    assert command == ["headstart", "fit", str(folder), "--relabel", str(table)]


def test_in_json(folder, tmp_path, capsys):
    table = tmp_path / "fixes.csv"
    assert (
        run(["check", str(folder), "--labels", str(table), "--json", "--include-test", "--seed", "3", "--workers", "1"])
        == 0
    )
    out, errors = capsys.readouterr()
    assert errors == ""
    record = json.loads(out)
    labels = record["labels"]
    assert record["counts"] == {"accepted": 30, "repaired": 0, "skipped": 0}
    assert (labels["table"], labels["page"]) == (str(table), str(tmp_path / "fixes.html"))
    assert (labels["samples"], labels["backbone"]) == (30, "efficientnet_lite0")
    assert labels["noise"]["n"] == 30
    assert labels["noise"]["doubted"] == len(labels["issues"])
    assert labels["says"].startswith("how many of 30 labels are wrong can't be told")
    assert labels["accuracy"] == pytest.approx(1 - len(labels["issues"]) / 30)
    written = [(row["photo"], row["given"], row["likely"]) for row in rows_of(table)]
    assert [(it["name"], it["given"], it["likely"]) for it in labels["issues"]] == written
    assert shlex.split(labels["next"])[-4:] == ["--seed", "3", "--workers", "1"]


def test_without_it_there_is_none(photos, capsys):
    assert run(["check", str(photos(each=3)), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["labels"] is None


def test_the_edited_table_corrects_the_labels(folder, tmp_path):
    table = tmp_path / "fixes.csv"
    assert run(["check", str(folder), "--labels", str(table), "--include-test", "--quiet"]) == 0
    text = table.read_text()
    for photo, label in WRONG.items():
        text = re.sub(rf"^({photo},.*),\w+$", rf"\1,{label}", text, flags=re.MULTILINE)
    table.write_text(text)
    given = read_source(folder)
    samples = apply_relabels(given, table)
    wanted = {it.name: given.classes[it.target] for it in given.samples} | WRONG
    assert {it.name: samples.classes[it.target] for it in samples.samples} == wanted
    assert samples.ledger.notes[-1] == "fixes.csv: 2 photos relabelled, 0 left out"


def test_given_parts_are_looked_at_together(folder, tmp_path):
    for file in sorted(folder.rglob("*.*")):
        part = "test" if file.name.startswith("5-00") and file.stem[-1] in "789" else "train"
        target = folder / part / file.parent.name / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        file.rename(target)
    for empty in ("checks", "discs", "stripes"):
        (folder / empty).rmdir()
    (folder / "train/stripes/a.jpg").rename(folder / "test/stripes/a.jpg")
    found = check_labels(folder, table=tmp_path / "fixes.csv", include_test=True)
    assert len(found.samples) == 30
    assert {row["photo"] for row in rows_of(tmp_path / "fixes.csv")[:2]} == {"test/stripes/a.jpg", "train/checks/b.jpg"}


def test_the_test_part_is_left_out_unless_asked_for(folder, tmp_path, capsys):
    (folder / "test" / "stripes").mkdir(parents=True)
    for name in ("checks", "discs", "stripes"):
        shutil.move(folder / name, folder / "train" / name)
        (folder / "test" / name).mkdir(exist_ok=True)
        for number in ("007", "008", "009"):
            (file,) = (folder / "train" / name).glob(f"5-{number}.*")
            file.rename(folder / "test" / name / file.name)
    (folder / "train/stripes/a.jpg").rename(folder / "test/stripes/a.jpg")
    assert run(["check", str(folder), "--labels", str(tmp_path / "fixes.csv"), "--quiet"]) == 0
    out = capsys.readouterr().out
    assert all(row["photo"].startswith("train/") for row in rows_of(tmp_path / "fixes.csv"))
    assert "of these are of the test part and not in the table" in out
    assert "--include-test lists them too" in out


def test_corrections_add_up(folder, tmp_path, capsys):
    """The second table starts from the first: nothing is asked twice, and it alone has all corrections."""
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    first.write_text("photo,given,label\nstripes/a.jpg,stripes,discs\nchecks/5-003.png,checks,\n")
    found = check_labels(folder, table=second, relabel=first, include_test=True)
    assert {it.name: found.samples.classes[it.target] for it in found.samples.samples}["stripes/a.jpg"] == "discs"
    rows = {row["photo"]: row for row in rows_of(second)}
    assert (rows["stripes/a.jpg"]["given"], rows["stripes/a.jpg"]["now"]) == ("stripes", "discs")
    assert rows["stripes/a.jpg"]["label"] == "discs"
    assert "checks/b.jpg" in rows
    second.write_text(re.sub(r"^(checks/b.jpg,.*),\w+$", r"\1,stripes", second.read_text(), flags=re.MULTILINE))
    samples = apply_relabels(read_source(folder), second)
    now = {it.name: samples.classes[it.target] for it in samples.samples}
    assert (now["stripes/a.jpg"], now["checks/b.jpg"]) == ("discs", "stripes")
    assert "checks/5-003.png" not in now


@pytest.mark.slow
def test_the_printed_commands_run_as_printed(warm, tmp_path, monkeypatch, capsys):
    """Hold a run's labels, correct one of test, fit: the next run knows it and says so, and more goes on from it."""
    monkeypatch.chdir(tmp_path)
    record = json.loads((warm.run / "run.json").read_text("utf-8"))
    hint = suggest_relabelling(str(warm.photos), warm.run, record["settings"])
    assert run([*shlex.split(hint.check)[1:], "--include-test", "--quiet"]) == 0
    page = re.sub(r"</?span[^>]*>", "", Path("run-fixes.html").read_text("utf-8"))  # they keep flags whole
    assert hint.fit in html.unescape(page)
    samples = read_source(warm.photos)
    tested = load_split(warm.run).samples_in(samples, Subset.TEST)[0]
    given, other = samples.classes[tested.target], samples.classes[tested.target - 1]
    with Path("run-fixes.csv").open("a", encoding="utf-8") as table:
        table.write(f"{tested.name},{given},{given},,,,{other}\n")
    assert run([*shlex.split(hint.fit)[1:], "--out", "second", "--no-report", "--quiet"]) == 0
    assert "1 test label was corrected, which flatters the score: " in capsys.readouterr().out
    assert Path("second/relabels.csv").read_text("utf-8") == f"photo,given,label\n{tested.name},{given},{other}\n"
    found = check_labels(warm.photos, table="third.csv", split_from="second", include_test=True)
    assert {it.name: found.samples.classes[it.target] for it in found.samples.samples}[tested.name] == other
    assert any((row["photo"], row["label"]) == (tested.name, other) for row in rows_of(Path("third.csv")))


def test_corrected_photos_are_not_counted_as_skipped_or_repaired(photos, tmp_path):
    folder, table = photos(each=5), tmp_path / "first.csv"
    names = sorted(file.name for file in (folder / "checks").iterdir())
    table.write_text(f"photo,label\nchecks/{names[0]},discs\nchecks/{names[1]},\n")
    told = describe_check(check_samples(apply_relabels(read_source(folder), table), decode_all=False))
    assert f"1 skipped or repaired:\n  checks/{names[1]}: skipped: left out by first.csv\n" in told
    assert f"1 accepted with a corrected label:\n  checks/{names[0]}: accepted: relabelled: 'checks' -> 'discs'" in told
    assert "1 note:\n" in told


def test_a_table_of_photos(folder, tmp_path):
    rows = "".join(
        f"{file.relative_to(folder).as_posix()},{file.parent.name}\n" for file in sorted(folder.rglob("*.*"))
    )
    (folder / "photos.csv").write_text(f"path,label\n{rows}")
    check_labels(folder / "photos.csv", table=tmp_path / "fixes.csv", include_test=True)
    assert {row["photo"] for row in rows_of(tmp_path / "fixes.csv")[:2]} == set(WRONG)


def test_an_archive(folder, tmp_path):
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", folder)
    check_labels(archive, table=tmp_path / "fixes.csv", include_test=True)
    assert {row["photo"] for row in rows_of(tmp_path / "fixes.csv")[:2]} == set(WRONG)
    assert (tmp_path / "fixes.html").read_text("utf-8").count("<img") >= 2


def test_arrays(folder, tmp_path):
    files = sorted(folder.rglob("*.*"))
    images = np.stack([np.asarray(Image.open(file).convert("RGB").resize((96, 96))) for file in files])
    np.savez(tmp_path / "arrays.npz", images=images, labels=np.array([file.parent.name for file in files]))
    check_labels(tmp_path / "arrays.npz", table=tmp_path / "fixes.csv", include_test=True)
    wrong = {f"#{files.index(folder / name)}" for name in WRONG}
    assert {row["photo"] for row in rows_of(tmp_path / "fixes.csv")[:2]} == wrong


def test_photos_that_show_the_same_are_held_out_together(folder):
    Image.open(folder / "stripes/a.jpg").save(folder / "stripes/again.jpg", quality=60)
    group = {it.name: it.group for it in check_labels(folder).samples.samples}
    assert group["stripes/again.jpg"] == group["stripes/a.jpg"]
    group = {it.name: it.group for it in check_labels(folder, near_duplicates="report").samples.samples}
    assert group["stripes/again.jpg"] != group["stripes/a.jpg"]


def test_photos_that_do_not_decode_are_left_out(folder, tmp_path, capsys):
    whole = (folder / "checks/5-002.jpg").read_bytes()
    (folder / "checks/5-002.jpg").write_bytes(whole[:800])
    (folder / "discs/5-002.jpg").write_bytes(b"")
    assert run(["check", str(folder), "--labels", str(tmp_path / "fixes.csv"), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["counts"] == {"accepted": 28, "repaired": 0, "skipped": 2}
    assert record["labels"]["samples"] == 28


def test_nothing_is_written_without_a_table(folder, tmp_path):
    before = contents(tmp_path)
    found = check_labels(folder)
    assert contents(tmp_path) == before
    names = {it.id: it.name for it in found.samples.samples}
    assert {names[it.id] for it in found.issues[:2]} == set(WRONG)
    again = check_labels(folder)
    assert (again.noise, again.issues) == (found.noise, found.issues)


def test_too_little_to_hold_labels_to(photos, tmp_path):
    with pytest.raises(DataError, match="has only one class"):
        check_labels(photos(classes=("checks",), each=4), table=tmp_path / "fixes.csv")
    assert not list(tmp_path.glob("fixes.*"))


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--labels", "fixes.txt"], "table 'fixes.txt' ends in '.txt'; wanted .csv"),
        (["--labels", "mine.csv"], "'mine.csv' is there already and is not overwritten; name another, or remove it"),
        (["--labels", "shown.csv"], "'shown.html' is there already and is not overwritten"),
        (
            ["--labels", "fixes.csv", "--fast"],
            "--fast reads headers only, --labels shows every sample to a network; drop one of them",
        ),
        (["--backbone", "resnet18"], "--backbone is given without labels to hold to it; add --labels FILE.csv"),
        (["--split-from", "there"], "--split-from is given without labels to hold to it; add --labels FILE.csv"),
        (["--store", "there"], "--store is given without labels to hold to it; add --labels FILE.csv"),
        (["--labels", "fixes.csv", "--backbone", "auto"], "backbone 'auto' is not one name; wanted one"),
        (["--labels", "fixes.csv", "--seed", "-1"], "seed is -1; wanted greater than or equal to 0"),
    ],
)
def test_what_is_refused_before_photos_are_read(flags, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("mine.csv", "shown.html"):
        (tmp_path / name).write_bytes(b"mine")
    assert run(["check", "nowhere", *flags]) == 2
    assert message in " ".join(capsys.readouterr().err.split())
    assert sorted((file.name, file.read_bytes()) for file in tmp_path.iterdir()) == [
        ("mine.csv", b"mine"),
        ("shown.html", b"mine"),
    ]


def test_settings_are_those_of_fit(folder):
    with pytest.raises(BackboneError, match="not one name"):
        check_labels(folder, backbone="efficientnet_lite0,efficientnet_lite1")
    with pytest.raises(SettingError, match="unknown setting 'sed'; did you mean 'seed'"):
        check_labels(folder, sed=3)


def test_no_pytorch_where_the_store_knows_the_network(folder, tmp_path):
    command = [sys.executable, "-c", WATCHED, folder, "--labels", tmp_path / "fixes.csv", "--quiet"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True)
    modules = set(done.stderr.split())
    assert "openvino" in modules
    assert not modules & {"torch", "torchvision", "timm", "sklearn", "scipy", "matplotlib"}


@pytest.mark.realdata
@pytest.mark.slow
def test_flipped_labels_of_real_photos_come_first(shared_data, warm, tmp_path):
    files = sorted((shared_data / "cats_vs_dogs" / "train").rglob("*.jpg"))
    flipped = set(random.Random(7).sample(files, 50))
    other = {"cats": "dogs", "dogs": "cats"}
    rows = [f"{file},{other[file.parent.name] if file in flipped else file.parent.name}\n" for file in files]
    (tmp_path / "photos.csv").write_text(f"path,label\n{''.join(rows)}")
    check_labels(tmp_path / "photos.csv", table=tmp_path / "fixes.csv", include_test=True)
    first = [row["photo"] for row in rows_of(tmp_path / "fixes.csv")[:60]]
    assert sum(name in set(map(str, flipped)) for name in first) >= 45
