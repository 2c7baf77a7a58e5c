"""Answers in parts and joined: types, errors, going on, refusals."""

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
import pytest

import headstart
from headstart_runtime.answer_files import listing, parts
from headstart_runtime.answer_files import write as writing
from headstart_runtime.answer_files.lock import lock_folder
from headstart_runtime.answer_files.source import make_answer_source
from headstart_runtime.errors import DataError, MissingExtra, SettingError, StoreError, UserError
from headstart_runtime.inference.classifier import Classifier
from headstart_runtime.items import name_path
from tests.answer_files.made import draw_many, read_rows, source_of, write
from tests.conftest import Small


@pytest.fixture(scope="module")
def classifier(small: Small) -> Classifier:
    return headstart.load(small.run, "onnxruntime")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    draw_many(folder := tmp_path_factory.mktemp("many"), 10, bad=(4,))
    return folder


class Killed(BaseException):
    """Stands for a kill."""


def end_after(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, calls: int) -> None:
    """Let a function work so many times and then end the process, as far as a test can."""
    real, left = getattr(module, name), [calls]

    def limited(*arguments: Any, **named: Any) -> Any:
        if not left[0]:
            raise Killed
        left[0] -= 1
        return real(*arguments, **named)

    monkeypatch.setattr(module, name, limited)


@contextmanager
def killed_in(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, calls: int) -> Iterator[None]:
    """Let what is in the block be ended so."""
    with monkeypatch.context() as patch, pytest.raises(Killed):  # noqa: PT012
        end_after(patch, module, name, calls)
        yield


def test_parts_have_each_item_once_with_the_answer_that_predict_gives(classifier, photos, tmp_path) -> None:
    written = write(classifier, tmp_path / "answers", photos)
    assert (written.items, written.failed, written.answered, written.parts) == (10, 1, 10, 4)
    names = sorted(path.name for path in (tmp_path / "answers").iterdir())
    assert names == ["_listing.jsonl", "_lock", "_manifest.json", *(f"part-00000{part}.parquet" for part in range(4))]
    rows = read_rows(tmp_path / "answers")
    files = [photos / f"{number}.png" for number in range(10)]
    assert [(row["item"], row["source"]) for row in rows] == [(at, str(file)) for at, file in enumerate(files)]
    expected = list(classifier.stream(files))
    for row, answer in zip(rows, expected, strict=True):
        assert row["error"] == answer.error
        if answer.error is None:
            assert (row["label"], row["probability"]) == (answer.label, pytest.approx(answer.probability, abs=1e-6))
            assert row["prediction_set"] == (list(answer.prediction_set) or None)
            assert row["out_of_distribution"] is answer.out_of_distribution
        else:
            assert (row["label"], row["probability"], row["novelty"], row["out_of_distribution"]) == (None,) * 4
    assert "10 photos answered, each once" in written.describe()


def test_one_file_is_joined_and_nothing_stays_beside_it(classifier, photos, tmp_path) -> None:
    out = tmp_path / "answers.parquet"
    written = write(classifier, out, photos, top=2)
    assert [path.name for path in tmp_path.iterdir()] == ["answers.parquet"]
    assert (written.items, written.failed, written.parts) == (10, 1, 1)
    assert [row["item"] for row in read_rows(out)] == list(range(10))
    types = {field.name: str(field.type) for field in parquet.read_schema(out)}
    assert types["label2"] == "string"
    assert types["probability"] == types["novelty"] == "double"
    assert types["prediction_set"].startswith("list<")
    again = write(classifier, out, photos, top=2)
    assert (again.items, again.failed, again.answered) == (10, 1, 0)
    assert "had been answered already" in again.describe()
    with pytest.raises(SettingError, match=r"differs in --top \(1 now, 2 then\)"):
        write(classifier, out, photos)


@pytest.mark.parametrize("calls", range(4))
def test_it_goes_on_behind_the_parts_that_are_whole(classifier, photos, tmp_path, monkeypatch, calls: int) -> None:
    with killed_in(monkeypatch, writing, "write_part", calls):
        write(classifier, tmp_path / "a", photos)
    assert len(list((tmp_path / "a").glob("part-*"))) == calls
    written = write(classifier, tmp_path / "a", photos)
    assert (written.items, written.answered) == (10, 10 - 3 * calls)
    assert [row["item"] for row in read_rows(tmp_path / "a")] == list(range(10))


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (writing, "write_listing"),
        (writing, "save_manifest"),
        (writing, "check_parts"),
        (writing, "join_answer_parts"),
        (writing, "publish"),
        (parts, "replace_bytes"),
    ],
)
def test_it_goes_on_from_every_step(classifier, photos, tmp_path, monkeypatch, module, name: str) -> None:
    out = tmp_path / "answers.parquet"
    with killed_in(monkeypatch, module, name, 0):
        write(classifier, out, photos)
    assert not out.exists()
    assert write(classifier, out, photos).items == 10
    assert [row["item"] for row in read_rows(out)] == list(range(10))
    assert [path.name for path in tmp_path.iterdir()] == ["answers.parquet"]


def test_a_kill_between_the_last_two_steps(classifier, photos, tmp_path, monkeypatch) -> None:
    from headstart_runtime.answer_files import place

    out = tmp_path / "answers.parquet"
    with killed_in(monkeypatch, place, "remove_folder", 0):
        write(classifier, out, photos)
    assert len(list(tmp_path.iterdir())) == 2
    assert write(classifier, out, photos).answered == 0
    assert [path.name for path in tmp_path.iterdir()] == ["answers.parquet"]


def test_a_part_that_was_damaged_or_taken_away_is_answered_anew(classifier, photos, tmp_path) -> None:
    out = tmp_path / "a"
    write(classifier, out, photos)
    manifest = json.loads((out / "_manifest.json").read_text())
    (out / "_manifest.json").write_text(json.dumps({**manifest, "finished": None}))
    (out / "part-000001.parquet").write_bytes(b"PAR1 half")
    (out / "part-000003.parquet").unlink()
    (out / ".part-000003.parquet.0123456789ab").write_bytes(b"half")
    table = parquet.read_table(out / "part-000002.parquet")  # whole, of this job, with other items
    parquet.write_table(table.take([0, 0, 2]), out / "part-000002.parquet")
    assert write(classifier, out, photos).answered == 3 + 1 + 3
    assert [row["item"] for row in read_rows(out)] == list(range(10))
    assert not list(out.glob(".part*"))


def test_another_command_is_refused_and_what_differs_is_said(classifier, photos, small, tmp_path) -> None:
    out = tmp_path / "a"
    write(classifier, out, photos)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    other = shutil.copytree(small.run / "model", tmp_path / "other")
    record = json.loads((other / "model.json").read_text())
    (other / "model.json").write_text(json.dumps({**record, "headstart": "0.0.9"}))
    draw_many(tmp_path / "elsewhere", 2)
    refused: list[tuple[str, Any, tuple[Any, ...], dict[str, Any]]] = [
        (rf"differs in the model \({other} now, .*model then\); give the same again, or name", other, (photos,), {}),
        (r"differs in the source \(.*elsewhere now, .*many[0-9]+ then\)", small.run, (tmp_path / "elsewhere",), {}),
        (r"differs in --top \(2 now, 1 then\), the columns of answers", small.run, (photos,), {"top": 2}),
    ]
    for said, model, items, options in refused:
        with pytest.raises(SettingError, match=said):
            write(headstart.load(model, "onnxruntime"), out, *items, **options)
    if classifier.select_engine(100) == "onnxruntime" and headstart.load(small.run).select_engine(100) == "openvino":
        with pytest.raises(SettingError, match=r"the engine \(openvino now, onnxruntime then\)"):
            write(headstart.load(small.run, "openvino"), out, photos)
    assert write(headstart.load(small.run), out, photos).answered == 0  # "auto" is whatever was taken
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_threshold_is_fixed_too(classifier, photos, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(writing, "make_threshold_rule", lambda *_: dict)
    monkeypatch.setattr(
        Classifier, "stream", lambda self, items, threshold: iter(self._predict_all(items, "onnxruntime", None))
    )
    write(classifier, tmp_path / "a", photos, threshold=0.3)
    with pytest.raises(SettingError, match=r"differs in the threshold \(0\.5 now, 0\.3 then\)"):
        write(classifier, tmp_path / "a", photos, threshold=0.5)
    with pytest.raises(SettingError, match=r"differs in the threshold \(none now, 0\.3 then\)"):
        write(classifier, tmp_path / "a", photos)


def test_a_threshold_that_the_model_has_no_class_for_leaves_nothing(classifier, photos, tmp_path) -> None:
    with pytest.raises(UserError, match="threshold"):
        write(classifier, tmp_path / "a", photos, threshold=0.3)
    assert not list(tmp_path.iterdir())


def test_two_processes_at_once(classifier, photos, tmp_path) -> None:
    (out := tmp_path / "a").mkdir()
    with lock_folder(out, out), pytest.raises(SettingError, match=rf"is being written by process {os.getpid()}; wait"):
        write(classifier, out, photos)
    assert write(classifier, out, photos).items == 10


@pytest.mark.parametrize("name", ["replace_bytes", "new_file"])
def test_a_full_disk_is_said_and_nothing_is_lost(classifier, photos, tmp_path, monkeypatch, name: str) -> None:
    out = tmp_path / "a.parquet"
    with monkeypatch.context() as patch:
        end_after(patch, parts, name, 2 if name == "replace_bytes" else 0)
        real = getattr(parts, name)

        def full(*given: Any) -> Any:
            try:
                return real(*given)
            except Killed:
                raise OSError(errno.ENOSPC, "No space left on device") from None

        patch.setattr(parts, name, full)
        with pytest.raises(StoreError, match=r"no space left to write .*; free some and run the same command again"):
            write(classifier, out, photos)
    assert len(list((tmp_path / "a.parquet.unfinished").glob("part-*"))) == (2 if name == "replace_bytes" else 4)
    assert write(classifier, out, photos).answered == (4 if name == "replace_bytes" else 0)


def test_places_that_cannot_be(classifier, photos, tmp_path, monkeypatch) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.doc").write_text("mine")
    (tmp_path / "file").write_text("mine")
    parquet.write_table(parquet.read_table(_make_table(tmp_path / "t.parquet")), tmp_path / "own.parquet")
    said = {
        "mine": "has other files, such as 'thesis.doc'; name a new folder",
        "file": "is a file and is not overwritten",
        "answers.csv": "ends in .csv, and answers are written as Parquet: name a folder",
        "own.parquet": "is there already and is not overwritten",
        "file/below": "cannot be written: Not a directory; name a place that can be",
    }
    before = set(tmp_path.rglob("*"))
    for name, told in said.items():
        with pytest.raises(SettingError, match=told):
            write(classifier, tmp_path / name, photos)
    assert set(tmp_path.rglob("*")) == before

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(SettingError, match="cannot be written: Read-only file system; name a place"):
        write(classifier, tmp_path / "new", photos)


def _make_table(file: Path) -> Path:
    import pyarrow

    parquet.write_table(pyarrow.table({"a": [1]}), file)
    return file


def test_without_pyarrow_it_is_asked_for(classifier, photos, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("headstart_runtime.extras.find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match=r"writing answers as Parquet needs the package 'pyarrow'.*\[tables\]"):
        write(classifier, tmp_path / "a", photos)
    assert not list(tmp_path.iterdir())


def test_nothing_to_answer_leaves_nothing(classifier, tmp_path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="no photos found in"):
        write(classifier, tmp_path / "a", tmp_path / "empty")
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_the_list_is_as_it_was_when_the_job_began(classifier, photos, tmp_path, monkeypatch) -> None:
    shutil.copytree(photos, source := tmp_path / "inbox")
    with killed_in(monkeypatch, writing, "write_part", 1):
        write(classifier, tmp_path / "a", source)
    (source / "00.png").write_bytes((source / "0.png").read_bytes())
    (source / "9.png").unlink()
    assert write(classifier, tmp_path / "a", source).failed == 2
    rows = read_rows(tmp_path / "a")
    assert [Path(row["source"]).name for row in rows] == [f"{number}.png" for number in range(10)]
    assert rows[9]["error"] == "cannot be read: No such file or directory"


def test_items_in_memory_are_held_to_the_list(classifier, photos, tmp_path, monkeypatch) -> None:
    contents = [path.read_bytes() for path in sorted(photos.iterdir())]
    with killed_in(monkeypatch, writing, "write_part", 2):
        write(classifier, tmp_path / "a", *contents)
    with pytest.raises(SettingError, match=r"has answers of other photos \(9 now, 10 then\); give the same again"):
        write(classifier, tmp_path / "a", *contents[:-1])
    assert write(classifier, tmp_path / "a", *contents).answered == 4
    assert write(classifier, tmp_path / "a", *contents).answered == 0
    with pytest.raises(SettingError, match="has answers of other photos"):
        write(classifier, tmp_path / "a", *contents[::-1])


def test_an_iterator_is_kept_on_disk(classifier, photos, tmp_path, monkeypatch) -> None:
    def write_once(given: Any, name: str = "a") -> Any:
        source = make_answer_source(classifier.record.modality, iter(given))
        return writing.write_answers(classifier, source, tmp_path / name, part_items=3)

    contents = [photos / "0.png", (photos / "1.png").read_bytes(), name_path(str(photos / "2.png")), photos / "3.png"]
    with killed_in(monkeypatch, writing, "write_part", 1):
        write_once(contents)
    assert write_once(contents).answered == 1
    with pytest.raises(SettingError, match="has answers of other photos"):
        write_once(contents[:2])
    import numpy as np

    with pytest.raises(DataError, match="come from where they can be read once only"):
        write_once([np.zeros((40, 40, 3), np.uint8)], "b")


def test_a_source_that_changes_under_way_is_refused_by_its_item(classifier, photos, tmp_path, monkeypatch) -> None:
    contents = [path.read_bytes() for path in sorted(photos.iterdir())]
    source = source_of(classifier, *contents)
    given = iter([contents, [*contents[:7], contents[0], *contents[8:]]])

    def read() -> Any:
        return iter(next(given))

    changing = writing.AnswerSource(read, source.named)
    with pytest.raises(DataError, match="its item 8 has another content; put the source back as it was"):
        writing.write_answers(classifier, changing, tmp_path / "a", part_items=3)
    assert len(list((tmp_path / "a").glob("part-*"))) == 2


def test_names_that_are_no_text(classifier, photos, tmp_path) -> None:
    name = os.fsdecode(b"caf\xe9.png")
    try:
        shutil.copy(photos / "0.png", tmp_path / name)
    except OSError:
        pytest.skip("this disk has no such names")
    written = write(classifier, tmp_path / "a", tmp_path / name)
    assert written.failed == 0
    assert read_rows(tmp_path / "a")[0]["source"].endswith("caf\\udce9.png")


def test_a_list_is_told_by_its_hash(classifier, photos, tmp_path, monkeypatch) -> None:
    with killed_in(monkeypatch, writing, "write_part", 1):
        write(classifier, tmp_path / "a", photos)
    file = tmp_path / "a" / listing.LISTING
    file.write_bytes(file.read_bytes().replace(b"9.png", b"8.png"))
    with pytest.raises(SettingError, match="is not the list that was written"):
        write(classifier, tmp_path / "a", photos)
