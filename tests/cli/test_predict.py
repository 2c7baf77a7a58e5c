"""``headstart predict``: text, JSON and CSV, files, folders and standard input."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import headstart
from headstart.backbones.convert import load_backbone
from headstart.cli.main import run
from headstart.data.read import read_source
from headstart.saving import write_model
from headstart_runtime.command.answers import warn_of_unfamiliar
from headstart_runtime.csv_cells import unescape_cell
from headstart_runtime.modalities.item import Noun
from headstart_runtime.tasks.classification.calibration import Calibration
from headstart_runtime.tasks.classification.conformal import ConformalPredictor
from headstart_runtime.tasks.classification.postprocessor import ClassPostprocessor
from tests.saving.drawn import draw_novelty, draw_photos, parity_examples, single

UNFAMILIAR = warn_of_unfamiliar(Noun("photo", "photos"))


@pytest.fixture
def model(warm) -> str:
    return str(warm.run / "model")


@pytest.fixture(scope="module")
def guarded(warm, tmp_path_factory) -> Path:
    """A folder with a model of drawn weights that has sets and declines some of the photos beside it."""
    folder = tmp_path_factory.mktemp("guarded")
    plain = single(load_backbone("efficientnet_lite0", warm.store / "networks"), 3)
    guards = ClassPostprocessor(Calibration("temperature", 0.3), ConformalPredictor("lac", 0.9, 0.75))
    parts = replace(plain, postprocessor=guards, novelty=draw_novelty(plain))
    write_model(parts, folder / "model", parity_examples(parts))
    for index, pixels in enumerate(draw_photos()):
        Image.fromarray(pixels).save(folder / f"{index}.png")
    return folder


@pytest.fixture
def three(warm) -> list[str]:
    return [str(warm.photos / name) for name in ("checks/0-000.png", "discs/0-001.jpg", "stripes/0-002.jpg")]


def test_a_line_per_photo(model, three, capsys) -> None:
    assert run(["predict", model, *three]) == 0
    out, errors = capsys.readouterr()
    assert errors == ""
    for line, photo, label in zip(out.splitlines(), three, ("checks", "discs", "stripes"), strict=True):
        assert line.startswith(f"{photo}: {label} ")
        assert line.endswith("%")


def test_the_run_will_do_for_the_model(warm, three, capsys) -> None:
    assert run(["predict", str(warm.run), three[0]]) == 0
    assert ": checks " in capsys.readouterr().out


def test_json_lines(model, three, capsys) -> None:
    assert run(["predict", model, *three, "--json", "--top", "2"]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [record["label"] for record in records] == ["checks", "discs", "stripes"]
    for record, photo in zip(records, three, strict=True):
        assert record["source"] == photo
        assert list(record["probabilities"]) == ["checks", "discs", "stripes"]
        assert sum(record["probabilities"].values()) == pytest.approx(1, abs=1e-5)
        assert record["top"][0]["label"] == record["label"]
        assert record["top"][0]["probability"] == record["probability"] >= record["top"][1]["probability"]
        assert len(record["top"]) == 2


def test_csv_opens_as_a_table(model, three, capsys, tmp_path) -> None:
    broken = tmp_path / 'broken, "really".jpg'
    broken.write_bytes(b"no photo")
    assert run(["predict", model, three[0], str(broken), three[1], "--csv", "--top", "2"]) == 2
    out, errors = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(out)))
    asked = ["source", "label", "probability", "label2", "probability2"]
    assert list(rows[0]) == [*asked, "prediction_set", "novelty", "out_of_distribution", "error", "repaired", "note"]
    assert [row["source"] for row in rows] == [three[0], str(broken), three[1]]
    assert [row["label"] for row in rows] == ["checks", "", "discs"]
    assert [row["error"] for row in rows] == ["", "not an image in a known format", ""]
    assert (rows[1]["prediction_set"], rows[1]["novelty"], rows[1]["out_of_distribution"]) == ("", "", "")
    assert errors == "headstart: 1 of 3 photos could not be read; their rows say why\n"


def test_a_bad_photo_has_its_row_and_the_rest_go_on(model, three, capsys, tmp_path) -> None:
    empty = tmp_path / "empty.jpg"
    empty.touch()
    assert run(["predict", model, str(empty), "nowhere.jpg", three[2], "--json"]) == 2
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [record.get("error") for record in records] == [
        "zero bytes",
        "cannot be read: No such file or directory",
        None,
    ]
    assert [record["label"] for record in records] == [None, None, "stripes"]


def test_a_bad_photo_among_many(model, warm, capsys, tmp_path) -> None:
    """From some number on another engine answers; it must be as patient."""
    files = [str(path) for path in sorted(warm.photos.rglob("*.*"))]
    bad = tmp_path / "bad.png"
    bad.write_bytes(Path(files[0]).read_bytes()[:60])
    assert run(["predict", model, *files[:30], str(bad), *files[30:]]) == 2
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(files) + 1
    assert lines[30].startswith(f"{bad}: error: ")
    assert sum(": error: " in line for line in lines) == 1


def test_a_folder_is_searched_in_natural_order(model, photos, capsys, monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    folder = photos("inbox", classes=("checks", "discs"), each=2)
    (folder / "discs/0-001.jpg").rename(folder / "10.jpg")
    (folder / "discs/0-000.png").rename(folder / "2.png")
    (folder / "notes.txt").write_text("no photo")
    (folder / ".hidden.png").write_bytes(b"no photo")
    assert run(["predict", model, "inbox"]) == 0
    names = [line.partition(":")[0] for line in capsys.readouterr().out.splitlines()]
    wanted = ("2.png", "10.jpg", "checks/0-000.png", "checks/0-001.jpg")
    assert names == [str(Path("inbox") / name) for name in wanted]


def test_top_is_never_more_than_there_is(model, three, capsys) -> None:
    assert run(["predict", model, three[0], "--top", "99"]) == 0
    assert capsys.readouterr().out.count("%") == 3


def test_a_list_on_standard_input_in_any_bytes(model, three, tmp_path) -> None:
    odd = os.fsencode(tmp_path) + b"/gr\xfc\xdf.png"
    Path(os.fsdecode(odd)).write_bytes(Path(three[0]).read_bytes())
    listed = b"\n".join([odd, b"", *map(os.fsencode, three), b""])
    command = [sys.executable, "-m", "headstart.cli.main", "predict", model, "-", "--json"]
    done = subprocess.run(command, input=listed, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    records = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert [record["label"] for record in records] == ["checks", "checks", "discs", "stripes"]


def test_a_reader_that_has_had_enough_is_no_error(model, three, tmp_path) -> None:
    (tmp_path / "list").write_text(f"{three[0]}\n" * 3000)
    command = [sys.executable, "-m", "headstart.cli.main", "predict", model, "-"]
    with (tmp_path / "list").open() as listed:
        process = subprocess.Popen(command, stdin=listed, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout
    assert process.stderr
    assert b"checks" in process.stdout.readline()
    process.stdout.close()
    assert process.wait(60) == 0
    assert process.stderr.read() == b""
    process.stderr.close()


def test_the_same_answers_as_in_python(model, three, capsys) -> None:
    run(["predict", model, *three, "--json"])
    printed = [json.loads(line)["probability"] for line in capsys.readouterr().out.splitlines()]
    assert printed == [prediction.probability for prediction in headstart.load(model).predict(three)]


def test_an_unfamiliar_photo_is_declined_in_all_forms(guarded, tmp_path, capsys) -> None:
    files = [str(guarded / f"{index}.png") for index in range(4)]
    answers = headstart.load(guarded / "model").predict(files)
    declined = [answer.out_of_distribution for answer in answers]
    assert set(declined) == {True, False}
    assert len({len(answer.prediction_set) for answer in answers}) > 1
    assert run(["explain", str(guarded / "model"), *files, "--out", str(tmp_path / "why")]) == 0
    told = [f"{UNFAMILIAR}, " in line for line in capsys.readouterr().out.splitlines()]
    assert told == declined
    assert run(["predict", str(guarded / "model"), *files]) == 0
    for line, answer in zip(capsys.readouterr().out.splitlines(), answers, strict=True):
        end = UNFAMILIAR if answer.out_of_distribution else ""
        assert line == f"{answer.source}: {answer.label} {answer.probability:.1%}{end}"
    assert run(["predict", str(guarded / "model"), *files, "--json"]) == 0
    for line, answer in zip(capsys.readouterr().out.splitlines(), answers, strict=True):
        record = json.loads(line)
        assert record["prediction_set"] == list(answer.prediction_set)
        assert record["novelty"] == pytest.approx(answer.novelty)
        assert record["out_of_distribution"] == answer.out_of_distribution
        assert record["label"] == answer.label == answer.prediction_set[0]
    assert run(["predict", str(guarded / "model"), *files, "--csv"]) == 0
    for row, answer in zip(csv.DictReader(io.StringIO(capsys.readouterr().out)), answers, strict=True):
        assert row["prediction_set"].split("|") == list(answer.prediction_set)
        assert float(row["novelty"]) == pytest.approx(answer.novelty, abs=1e-6)
        assert row["out_of_distribution"] == ("true" if answer.out_of_distribution else "false")


def test_a_classifier_that_judges_no_novelty_says_so(guarded, warm, capsys, tmp_path) -> None:
    plain = single(load_backbone("efficientnet_lite0", warm.store / "networks"), 3)
    write_model(plain, tmp_path / "model", parity_examples(plain))
    photo = str(guarded / "0.png")
    assert run(["predict", str(tmp_path / "model"), photo, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["prediction_set"], record["novelty"], record["out_of_distribution"]) == ([], None, False)
    assert run(["predict", str(tmp_path / "model"), photo, "--csv"]) == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (row["prediction_set"], row["novelty"], row["out_of_distribution"]) == ("", "", "false")


def test_a_name_that_a_spreadsheet_would_run_is_text(model, three, capsys, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("=1+1.png").write_bytes(Path(three[0]).read_bytes())
    assert run(["predict", model, "=1+1.png", "--csv"]) == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert row["source"] == "'=1+1.png"
    assert unescape_cell(row["source"]) == "=1+1.png"


def test_who_feeds_standard_input_gets_each_answer_before_the_next_photo(small) -> None:
    files = sorted(str(file) for file in small.photos.rglob("*.png"))[:3]
    command = [sys.executable, "-m", "headstart.cli.main", "predict", str(small.run), "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        for file in files:
            process.stdin.write(f"{file}\n")
            process.stdin.flush()
            assert process.stdout.readline().startswith(f"{file}: ")
        process.stdin.close()
        assert process.wait(60) == 0


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_an_engine_that_is_asked_for_answers_any_number(small, engine, capsys) -> None:
    files = sorted(str(file) for file in small.photos.rglob("*.*"))
    answers = headstart.load(small.run, engine).predict(files)
    for asked in (files[:2], [str(small.photos)]):
        assert run(["predict", str(small.run), *asked, "--json", "--engine", engine]) == 0
        printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        wanted = {answer.source: answer.probability for answer in answers}
        assert len(printed) == (2 if len(asked) == 2 else len(files))
        assert all(record["probability"] == wanted[record["source"]] for record in printed)


def test_an_unknown_engine(small, capsys) -> None:
    assert run(["predict", str(small.run), "photo.jpg", "--engine", "opnvino"]) == 2
    assert "unknown engine 'opnvino'; did you mean 'openvino'? Known: auto" in capsys.readouterr().err


def test_what_was_mended_and_how_deep_photos_were_scaled_is_said(small, tmp_path, capsys) -> None:
    chance = np.random.default_rng(0)
    Image.fromarray(chance.integers(0, 4096, (60, 50), dtype=np.uint16)).save(tmp_path / "deep.png")
    Image.fromarray(chance.integers(0, 256, (60, 50, 3), dtype=np.uint8)).save(tmp_path / "cut.png")
    whole = (tmp_path / "cut.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: int(len(whole) * 0.8)])
    files = [str(tmp_path / "deep.png"), str(tmp_path / "cut.png")]
    deep = "12 significant bits of 16, scaled by its own range 0..4095"
    assert run(["predict", str(small.run), *files]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith(f"% ({deep})")
    assert "% (truncated: " in second
    assert run(["predict", str(small.run), *files, "--json"]) == 0
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (first["repaired"], first["note"]) == (None, deep)
    assert second["repaired"].startswith("truncated: ")
    assert second["note"] is None


def test_in_a_folder_the_bytes_say_what_is_a_photo(small, capsys, tmp_path) -> None:
    """As they do where photos are learnt from; what browsers and scrapers call them says nothing."""
    photo = next(small.photos.rglob("*.jpg")).read_bytes()
    names = ("a.jpg", "b.jpg_large", "c", "d.jpg?w=500", "e.jpeg.1", "f.bin")
    inner = tmp_path / "inbox" / "inner"
    inner.mkdir(parents=True)
    for name in names:
        (inner / name.replace("?", "_")).write_bytes(photo)
    (tmp_path / "inbox" / "broken.png").write_bytes(b"no photo")
    (tmp_path / "inbox" / "notes.txt").write_text("no photo")
    (tmp_path / "inbox" / "table.csv").write_text("a,b\n")
    assert run(["predict", str(small.run), str(tmp_path / "inbox"), "--json"]) == 2
    out, errors = capsys.readouterr()
    records = [json.loads(line) for line in out.splitlines()]
    assert [Path(it["source"]).name for it in records] == ["broken.png", *(name.replace("?", "_") for name in names)]
    assert [it["error"] is None for it in records] == [False, *[True] * len(names)]
    left = f"left out of folders, no photos: 2 ({tmp_path}/inbox/notes.txt, {tmp_path}/inbox/table.csv)"
    assert errors.splitlines()[0] == f"headstart: {left}"


def test_predict_and_check_find_the_same(small, photos, capsys, tmp_path) -> None:
    folder = photos("labelled", classes=("checks", "discs"), each=4)
    (folder / "checks/0-001.jpg").rename(folder / "checks/0-001.jpg_large")
    (folder / "discs/link").symlink_to(folder / "discs/0-000.png")
    elsewhere = photos("elsewhere", classes=("discs",), each=2, seed=9)
    (folder / "discs/more").symlink_to(elsewhere / "discs")
    samples = read_source(folder).samples
    assert run(["predict", str(small.run), str(folder), "--json"]) == 0
    printed = [json.loads(line)["source"] for line in capsys.readouterr().out.splitlines()]
    assert sorted(printed) == sorted(str(sample.source.path) for sample in samples)


def test_what_headstart_wrote_in_a_folder_is_left_out(small, photos, capsys, tmp_path) -> None:
    folder = photos("inbox", classes=("checks",), each=2)
    (folder / "runs/first").mkdir(parents=True)
    (folder / "runs/first/run.json").write_text("{}")
    (folder / "runs/first/settings.toml").write_text("")
    shutil.copy(folder / "checks/0-001.jpg", folder / "runs/first/picture.jpg")
    assert run(["predict", str(small.run), str(folder)]) == 0
    out, errors = capsys.readouterr()
    assert len(out.splitlines()) == 2
    assert f"no photos: 1 ({folder}/runs (written by headstart))" in errors


def test_a_folder_without_photos(small, capsys, tmp_path) -> None:
    (tmp_path / "notes.txt").write_text("no photo")
    assert run(["predict", str(small.run), str(tmp_path)]) == 2
    out, errors = capsys.readouterr()
    assert out == ""
    told = f"no photos found in {tmp_path} (1 other files, such as '{tmp_path}/notes.txt'); give files, or folders with"
    assert errors == f"headstart: {told} photos\n"


KEYS = [
    "source",
    "label",
    "probability",
    "probabilities",
    "top",
    "prediction_set",
    "novelty",
    "out_of_distribution",
    "repaired",
    "note",
    "error",
]


def test_every_row_has_every_key_and_says_what_was_mended(small, capsys, tmp_path) -> None:
    whole = next(small.photos.rglob("*.jpg"))
    Image.open(whole).resize((300, 300)).save(tmp_path / "cut.jpg", quality=95)
    content = (tmp_path / "cut.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(content[: int(0.8 * len(content))])
    files = [str(whole), str(tmp_path / "cut.jpg"), str(tmp_path / "gone.jpg")]
    assert run(["predict", str(small.run), *files, "--json"]) == 2
    good, mended, bad = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert [list(it) for it in (good, mended, bad)] == [KEYS] * 3
    assert (good["repaired"], good["error"], mended["error"]) == (None, None, None)
    assert mended["repaired"].startswith("truncated: ")
    assert bad == {**dict.fromkeys(KEYS), "source": files[2], "error": "cannot be read: No such file or directory"}
    assert run(["predict", str(small.run), *files, "--csv"]) == 2
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["repaired"] for row in rows] == ["", mended["repaired"], ""]
    assert run(["predict", str(small.run), files[1]]) == 0
    assert capsys.readouterr().out.rstrip().endswith(f"({mended['repaired']})")


def test_a_name_that_is_too_long_has_its_row_and_the_rest_go_on(small, capsys, monkeypatch) -> None:
    whole = str(next(small.photos.rglob("*.jpg")))
    names = [whole, 300 * "a", whole]
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(names)))
    for asked in (names, ["-"]):
        assert run(["predict", str(small.run), *asked, "--json"]) == 2
        rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [row["error"] is None for row in rows] == [True, False, True]


@pytest.mark.parametrize(("form", "printed"), [("--json", 0), ("--csv", 1), (None, 0)])
def test_nothing_on_standard_input_is_no_rows(small, form, printed, capsys, monkeypatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))
    assert run(["predict", str(small.run), "-", *([form] if form else [])]) == 0
    out, errors = capsys.readouterr()
    assert len(out.splitlines()) == printed
    assert errors == ""


def test_arrays_and_tables_are_answered_row_by_row(small, capsys, tmp_path) -> None:
    photo = next(small.photos.rglob("*.png"))
    pixels = np.asarray(Image.open(photo).convert("RGB"))
    np.savez(tmp_path / "a.npz", x_train=np.stack([pixels] * 3), y_train=np.arange(3), x_test=pixels[None])
    (tmp_path / "b.csv").write_text(f"path,copy\nnowhere.png,{photo}\n")
    assert run(["predict", str(small.run), str(tmp_path / "a.npz"), "--json"]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sorted(it["source"] for it in records) == ["test#0", "train#0", "train#1", "train#2"]
    assert len({it["label"] for it in records}) == 1
    assert run(["predict", str(small.run), str(tmp_path / "b.csv"), "--path-column", "copy", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["label"] == records[0]["label"]
    answers = headstart.predict(small.run, tmp_path / "a.npz")
    assert [one.source for one in answers] == [it["source"] for it in records]
    assert [one.label for one in headstart.predict(small.run, tmp_path / "b.csv", path_column="copy")] == [
        answers[0].label
    ]
