"""The tree of errors, and the exit codes that follow from it."""

import errno
import os
from pathlib import Path

import pytest

import headstart
from headstart.data.readers.archives import unpacking
from headstart.data.readers.tables import table as table_reader
from headstart.data.readers.walk import FileTree
from headstart_runtime import errors
from headstart_runtime.errors import (
    MOST,
    DataError,
    HeadstartError,
    StoreError,
    is_disk_full,
    nearest,
    refuse_machine_faults,
)
from headstart_runtime.inference import files
from headstart_runtime.modalities.image import load as photos
from headstart_runtime.modalities.image.spec import ImageSpec


def test_the_tree_is_the_one_that_is_drawn() -> None:
    drawn = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if "``:" in line:
            depth = (len(line) - len(line.lstrip())) // 4
            name = line.split("``")[1]
            above[depth:] = [name]
            drawn[name] = above[depth - 1] if depth else "Exception"
    real = {
        name: kind.__base__.__name__ for name, kind in vars(errors).items() if isinstance(kind, type) and kind.__base__
    }
    assert drawn == {name: base for name, base in real.items() if name.endswith(("Error", "Extra"))}


@pytest.mark.parametrize("name", ["DataError", "SettingError", "BackboneError", "ClassifierError", "UserError"])
def test_your_input_is_two(name: str) -> None:
    assert getattr(errors, name).exit_code == 2


@pytest.mark.parametrize("name", ["StoreError", "EngineError", "SaveError", "HeadstartError"])
def test_our_fault_is_one(name: str) -> None:
    assert getattr(errors, name).exit_code == 1


def test_a_missing_extra_says_how_to_get_it() -> None:
    error = errors.MissingExtra("reading a Parquet table", ["pyarrow"], "tables")
    assert str(error) == (
        "reading a Parquet table needs the package 'pyarrow'; install it with: pip install 'headstart[tables]'"
    )
    assert error.exit_code == 2


def test_the_nearest_name() -> None:
    assert nearest("logstic", ["logistic", "lda"]) == "did you mean 'logistic'? Known: logistic, lda"
    assert nearest("xyz", ["logistic", "lda"]) == "known: logistic, lda"


def test_the_public_names_are_there() -> None:
    for name in headstart.__all__:
        assert getattr(headstart, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'fitt'"):
        headstart.fitt  # noqa: B018


def test_no_message_is_longer_than_a_person_reads():
    error = DataError(f"{'x' * 100_000} has no photos; wanted some; add them")
    assert len(str(error)) <= MOST
    assert str(error).startswith("xxx")
    assert str(error).endswith("has no photos; wanted some; add them")
    assert "characters)" in str(error)
    assert str(DataError("short")) == "short"


def test_an_unknown_name_is_shown_beside_a_few_known_ones():
    told = nearest("cet", ["cat", *(f"class {i:04d}" for i in range(5000))])
    assert told.startswith("did you mean 'cat'? Known: cat, class 0000, ")
    assert told.endswith(", class 0038 and 4,961 more")


@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), StoreError),
        (RuntimeError("write failed: No space left on device"), StoreError),
        (MemoryError(), HeadstartError),
        (RuntimeError("std::bad_alloc"), HeadstartError),
        (OSError(errno.EMFILE, "Too many open files"), HeadstartError),
    ],
)
def test_what_the_machine_lacks_is_not_blamed_on_the_input(error, wanted):
    with pytest.raises(wanted) as told:
        refuse_machine_faults(error, "to read photos")
    assert told.value.exit_code == 1
    assert "to read photos" in str(told.value)


def test_an_error_that_a_full_disk_caused_is_known_through_those_around_it():
    error = RuntimeError("the exporter gave up")
    error.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    assert is_disk_full(error)


@pytest.mark.parametrize(
    "error", [ValueError("x"), OSError(errno.EACCES, "Permission denied"), DataError("no space left")]
)
def test_other_errors_pass(error):
    refuse_machine_faults(error, "to read photos")


def test_files_that_cannot_be_opened_any_more_are_not_blamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With all file handles in use, a classifier, a photo, an archive and a table are as sound as before."""

    def spent(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(Path, "read_bytes", spent)
    monkeypatch.setattr(os, "scandir", spent)
    monkeypatch.setattr(unpacking, "_find_earlier_guess", spent)
    monkeypatch.setattr(table_reader, "read_text_rows", spent)
    for read in (
        lambda: files._read_checked(tmp_path / "model.onnx", ""),
        lambda: photos.load_image(tmp_path / "a.jpg", ImageSpec(8, 1000, (0.5,) * 3, (0.5,) * 3)),
        lambda: unpacking.unpack(tmp_path / "a.zip", tmp_path),
        lambda: table_reader.read_rows(tmp_path / "a.csv", tmp_path),
        lambda: FileTree(tmp_path).scan(tmp_path / "inside"),
    ):
        with pytest.raises(HeadstartError, match=r"the machine ran short to .*Too many open files") as told:
            read()
        assert told.value.exit_code == 1
