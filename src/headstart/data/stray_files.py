"""Files that stand where items should be, counted over a source: a note for each kind, and the command that helps."""

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

from headstart.data.samples import FileStatus, LedgerEntry, Samples
from headstart.data.sources import FileSource, SampleSource
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.item import FILE, Noun
from headstart_runtime.modalities.strays import (
    ANNEX_POINTER,
    ARCHIVE,
    OFFICE,
    OFFICE_SUFFIXES,
    STRAYS,
    UNFINISHED,
    UNFINISHED_SUFFIXES,
    VIDEO,
    VIDEO_SUFFIXES,
    Stray,
    describe_stray,
    recognise_pointer,
    recognise_stray,
)

FEWEST = 2  #: of one kind, for a note
HEAD = 4096  #: bytes by which a source that is one file is known


def note_strays(samples: Samples) -> Samples:
    """Return the samples with a note, before all others, on each kind of file that stands where items should be.

    Raises:
        DataError: there is nothing else.
    """
    counts = Counter(entry.cause for entry in samples.ledger.entries if entry.cause in STRAYS)
    if not counts:
        return samples
    if not len(samples):
        _refuse_nothing_else(samples, counts)
    noun, root = samples.noun, Path(samples.root)
    notes = [
        f"{count} files are {stray.many}, not {noun.many}: "
        f"{_find_remedy(stray, root, noun, in_rows=samples.ledger.in_rows)}"
        for name, count in counts.most_common()
        if count >= FEWEST and (stray := STRAYS[name])
    ]
    return replace(samples, ledger=replace(samples.ledger, notes=(*notes, *samples.ledger.notes)))


def _refuse_nothing_else(samples: Samples, counts: Counter[str]) -> None:
    """Raise an error where no item is usable, and most files are of one kind that stands for items."""
    name, count = counts.most_common(1)[0]
    entries = samples.ledger.entries
    labelled = sum(bool(entry.label) for entry in entries) or len(entries)
    if any(entry.status is not FileStatus.SKIPPED for entry in entries) or 2 * count <= labelled:
        return
    stray, unit = STRAYS[name], samples.ledger.unit
    remedy = _find_remedy(stray, Path(samples.root), samples.noun, in_rows=samples.ledger.in_rows)
    those = f"all {count} {unit.many}" if count == labelled else f"{count} of {labelled} {unit.many}"
    raise DataError(f"{those} of {samples.root!r} are {stray.many}, not {samples.noun.many}: {remedy}")


def _find_remedy(stray: Stray, root: Path, noun: Noun, *, in_rows: bool) -> str:
    """Return what to do about all of one kind in a source."""
    if root.is_file() and not in_rows:
        return noun.fill(stray.packed_remedy or stray.remedy)
    if not stray.command or not root.exists():
        return noun.fill(stray.remedy)
    folder = root if root.is_dir() else root.parent
    return f"run {stray.command} in {str(folder)!r}"


def refuse_stray_source(source: Path, *, pointers_only: bool) -> None:
    """Raise an error where a source that is one file is a pointer, or what a server gave in place of the file.

    Args:
        source: a file.
        pointers_only: whether another package reads it, which may read pages too.

    Raises:
        DataError: it is one.
    """
    try:
        with source.open("rb") as stream:
            content = stream.read(HEAD)
    except OSError:
        return  # its reader says why
    stray = recognise_pointer(content) if pointers_only else recognise_stray(content)
    if stray is None or stray.name in ("archive", "office-document", "video", "empty", "only-zeros"):
        return
    remedy = _find_remedy(stray, source, FILE, in_rows=True)
    raise DataError(f"{str(source)!r} is {stray.one}, not the file itself: {remedy}")


def recognise_failed(name: str, content: object) -> Stray | None:
    """Return what the bytes of a file are that is no item; None where that cannot be told."""
    stray = recognise_stray(content) if isinstance(content, bytes) else None
    suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122 (a name may be no path)
    if stray is ARCHIVE and suffix in OFFICE_SUFFIXES:
        return OFFICE
    if stray is None and suffix in VIDEO_SUFFIXES:
        return VIDEO
    return UNFINISHED if stray is None and is_unfinished(name) else stray


def is_unfinished(name: str) -> bool:
    """Return whether a file is called like a download that is not finished."""
    return os.path.splitext(name)[1].lower() in UNFINISHED_SUFFIXES  # noqa: PTH122 (a name may be no path)


def recognise_missing(source: SampleSource) -> tuple[Stray | None, str]:
    """Return what a file is that is not there: a link of git-annex, or None and the reason for any other."""
    if not isinstance(source, FileSource) or not source.path.is_symlink():
        return None, "missing file"
    target = str(source.path.readlink())
    if "annex/objects/" in target.replace("\\", "/"):
        return ANNEX_POINTER, ""
    return None, f"missing file: a link to {target!r}, which is not there"


def make_stray_entry(name: str, label: str, stray: Stray, noun: Noun, digest: str = "") -> LedgerEntry:
    """Return the ledger's entry of a file that is no item but stands for one."""
    return LedgerEntry(name, FileStatus.SKIPPED, describe_stray(stray, noun), label, digest, cause=stray.name)
