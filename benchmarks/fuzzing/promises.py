"""What is asked of each altered input: an answer or one of the errors for users, and a line for each row and file."""

import io
import os
import re
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

import headstart
from fuzzing.cases import Case, copy_model
from fuzzing.desk import BrokenPromiseError, Desk, expect_answer
from fuzzing.layouts import PHOTOS
from headstart.data.ledger import load_ledger
from headstart.data.read import read_source
from headstart.data.readers.walk import SYSTEM
from headstart.data.relabel import apply_relabels
from headstart.data.samples import FileStatus, Ledger
from headstart.data.split import load_split
from headstart.settings import FitSettings


def hold(case: Case, desk: Desk) -> str:
    """Lay a case out and ask for what was promised; return in a word what became of it.

    Raises:
        UserError: it was refused, as it may be.
        BrokenPromiseError: something is missing from an answer or from the ledger.
        Exception: anything else is a fault.
    """
    return _PROMISES[case.family](case, desk, desk.clear())


def _check(source: Path) -> Ledger:
    return headstart.check(source, progress=False).data.samples.ledger


def _ask_all(source: Path, desk: Desk) -> Ledger:
    """Predict and evaluate a source, which may be refused, and check it."""
    for ask in (desk.predict, desk.evaluate):
        with suppress(headstart.UserError):
            ask(source)
    return _check(source)


def _hold_photo(case: Case, desk: Desk, folder: Path) -> str:
    """Check reads all files of the folder, and a classifier answers just those that check accepts."""
    for name in ("ants", "bees"):
        shutil.copytree(desk.originals / "good" / name, folder / name)
    altered = folder / "ants" / f"altered{Path(case.original).suffix}"
    altered.write_bytes(case.content)
    ledger = _check(folder)
    _expect_names(ledger, {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()})
    entry = next(entry for entry in ledger.entries if entry.name == f"ants/{altered.name}")
    (answer,) = desk.classifier.predict([case.content])
    expect_answer(answer)
    copy = "the same bytes" in entry.reason
    if (entry.status is FileStatus.SKIPPED) != (answer.error is not None) and not copy:
        raise BrokenPromiseError(f"check says {entry.status.value} ({entry.reason}), predict {answer.error}")
    return entry.status.value


def _expect_names(ledger: Ledger, files: set[str]) -> None:
    if missing := files - {entry.name for entry in ledger.entries}:
        raise BrokenPromiseError(f"without a line in the ledger: {sorted(missing)[:3]}")


def _hold_table(case: Case, desk: Desk, folder: Path) -> str:
    (folder / "good").symlink_to(desk.originals / "good")
    table = folder / case.original
    table.write_bytes(case.content)
    try:
        ledger = _ask_all(table, desk)
    finally:
        if case.original == "plain.csv":  # corrections are such a table too
            samples = read_source(desk.originals / "good", strict=False)
            relabels = folder / "relabels.csv"
            relabels.write_bytes(case.content.replace(b"path,", b"photo,").replace(b"good/", b""))
            apply_relabels(samples, relabels)
    rows = _count_lines(case.content) if table.suffix != ".parquet" else _count_parquet_rows(case.content)
    moved = any("stands above it is no row" in note for note in ledger.notes)  # the header, and this is said
    lacking = any("has no header" in note for note in ledger.notes)  # so that its line is a row too
    if rows is not None and len(ledger.entries) != rows + lacking and not moved:
        raise BrokenPromiseError(f"{len(ledger.entries)} lines in the ledger of {rows} rows")
    return "read"


def _count_lines(content: bytes) -> int | None:
    """Return the rows of a table of text; None where quotation marks or odd line ends make it a matter of taste."""
    if any(sign in content for sign in (b'"', b"\0", b"\xff\xfe", b"\xfe\xff", b"\x85", b"\x1c", b"sep=")):
        return None
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    return sum(bool(line.strip(b" \t,;\xef\xbb\xbf")) for line in lines) - 1


def _count_parquet_rows(content: bytes) -> int:
    from pyarrow import parquet

    return int(parquet.read_metadata(io.BytesIO(content)).num_rows)


def _hold_archive(case: Case, desk: Desk, folder: Path) -> str:
    archive = folder / case.original
    archive.write_bytes(case.content)
    ledger = _ask_all(archive, desk)
    files = list(_list_members(case.content))
    if not ledger.ignored and case.original != "table.zip" and len(ledger.entries) < len(files):
        raise BrokenPromiseError(f"{len(ledger.entries)} lines in the ledger of {len(files)} members")
    return "read"


def _list_members(content: bytes) -> Iterator[str]:
    if zipfile.is_zipfile(io.BytesIO(content)):
        yield from (item.filename for item in zipfile.ZipFile(io.BytesIO(content)).infolist() if not item.is_dir())
    else:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            yield from (item.name for item in archive if item.isfile())


def _hold_container(case: Case, desk: Desk, folder: Path) -> str:
    name = Path(case.original)
    if name.parts[0] != "one":
        shutil.copytree(desk.originals / "containers" / name.parts[0], folder / name.parts[0])
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(case.content)
    ledger = _ask_all(folder / (name if name.parts[0] == "one" else name.parts[0]), desk)
    return "read" if ledger.entries else "read as nothing"


def _shorten(name: str) -> str:
    """Return a name without folder, ending, signs between words and zeros before numbers."""
    return re.sub(r"[\W_]+|(?<!\d)0+(?=\d)", "", Path(name.replace("\\", "/")).stem).lower()


def _check_folder(source: Path) -> None:
    """Check a folder; each photo in it has its line, which may have its name as a table has it: see ``_shorten``."""
    ledger = _check(source)
    known = {_shorten(entry.name) for entry in ledger.entries}
    for folder, folders, files in os.walk(source):
        folders[:] = [name for name in folders if not name.startswith(".") and name.lower() not in SYSTEM]
        lost = [name for name in files if Path(name).suffix.lower() in PHOTOS and _shorten(name) not in known]
        if lost := [name for name in lost if not name.startswith(".")]:
            raise BrokenPromiseError(f"without a line in the ledger: {lost[:3]} in {Path(folder).name}")


def _hold_layout(case: Case, desk: Desk, folder: Path) -> str:
    """The altered layout is checked, predicted and evaluated; a file that is no longer read has its line."""
    layouts = desk.originals / "layouts"
    layout = case.original.partition("/")[0]
    shutil.copytree(layouts / layout, folder / layout, symlinks=True)
    if case.name:
        (folder / case.original).unlink()
    altered = folder / (case.name or case.original)
    altered.parent.mkdir(parents=True, exist_ok=True)
    altered.write_bytes(case.content)
    source = folder / desk.sources[layout]
    refusals = 0
    for ask in (_check_folder if source.is_dir() else _check, desk.predict, desk.evaluate):
        try:
            ask(source)
        except headstart.UserError:
            refusals += 1
    return f"refused {refusals} of 3 times" if refusals else "read"


def _hold_arrays(case: Case, desk: Desk, folder: Path) -> str:
    name = Path(case.original)
    if name.suffix == ".npz":
        (folder / name).write_bytes(case.content)
        ledger = _ask_all(folder / name, desk)
        shapes = list(_list_shapes(case.content))
        counts = [
            max(shape) for shape in shapes if shape and np.prod(shape) == max(shape)
        ]  # labels, whatever their name
        if len(ledger.entries) != sum(counts) and not any(
            "not read" in note or "left for predict" in note for note in ledger.notes
        ):
            raise BrokenPromiseError(f"{len(ledger.entries)} lines in the ledger of {counts} labels")
        return "read"
    shutil.copytree(desk.originals / "arrays" / name.parent, folder / "idx")
    (folder / "idx" / name.name).write_bytes(case.content)
    ledger = _ask_all(folder / "idx", desk)
    if len(ledger.entries) < 12:
        raise BrokenPromiseError(f"{len(ledger.entries)} lines in the ledger of 12 items")
    return "read"


def _list_shapes(content: bytes) -> Iterator[tuple[int, ...]]:
    """Yield the shapes of the arrays of an .npz, which ``numpy.load`` refuses where something stands before the ZIP."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            if name.endswith(".npy"):
                yield np.load(io.BytesIO(archive.read(name)), allow_pickle=False).shape


def _hold_model(case: Case, desk: Desk, folder: Path) -> str:
    copy_model(case, desk.originals / "model", folder / "model")
    classifier = headstart.load(folder / "model")
    _ = repr(classifier), classifier._repr_html_()
    (answer,) = classifier.predict([desk.good])
    expect_answer(answer)
    _ = repr(answer), answer._repr_html_()
    return "loaded" if answer.error is None else "answered with an error"


def _hold_settings(case: Case, desk: Desk, folder: Path) -> str:
    file = folder / case.original
    file.write_bytes(case.content)
    settings = FitSettings.load(config=file)
    file.write_text(settings.to_toml(), "utf-8")
    if FitSettings.load(config=file).model_dump(exclude={"out"}) != settings.model_dump(exclude={"out"}):
        raise BrokenPromiseError("settings that were written are read as others")
    return "read"


def _hold_run(case: Case, desk: Desk, folder: Path) -> str:
    """Each way to open it is tried; an error for users in one of them does not keep the others from it."""
    run = folder / "run"
    shutil.copytree(desk.originals / "run", run)
    (run / case.original).write_bytes(case.content)
    refusals = 0
    for open_it in (
        _open_run,
        load_split,
        lambda place: load_ledger(place / "ledger.jsonl"),
        _write_report,
        _compare_runs,
    ):
        try:
            open_it(run)
        except headstart.UserError:
            refusals += 1
    return f"refused {refusals} of 5 times" if refusals else "read"


def _open_run(folder: Path) -> None:
    run = headstart.open_run(folder)
    for look in (lambda: run.trust, lambda: run.misclassified()._repr_html_(), lambda: run.layers()._repr_html_()):
        try:
            look()
        except headstart.UserError:
            continue
    _ = repr(run), run._repr_html_(), run.classes, run.notes, run.seconds, run.took


def _write_report(folder: Path) -> None:
    headstart.report(folder, out=folder.parent / "report.html")


def _compare_runs(folder: Path) -> None:
    headstart.report(folder, folder, out=folder.parent / "comparison.html")


_PROMISES: dict[str, Callable[[Case, Desk, Path], str]] = {
    "photos": _hold_photo,
    "tables": _hold_table,
    "archives": _hold_archive,
    "containers": _hold_container,
    "arrays": _hold_arrays,
    "layouts": _hold_layout,
    "model": _hold_model,
    "settings": _hold_settings,
    "run": _hold_run,
}
