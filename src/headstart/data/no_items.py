"""One sentence for a source of which no file can be used: why, and what the files are by their first bytes."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from headstart.data.names import preview
from headstart.data.readers.file_kinds import is_text, read_beginning
from headstart.data.samples import LedgerEntry, Samples
from headstart_runtime.modalities.item import Noun
from headstart_runtime.modalities.strays import VIDEO, recognise_stray

LOOK_AT = 20  #: files whose first bytes are read
#: Kinds of files that are often given: where their mark stands, the mark, and what they are and what to do.
_KINDS = (
    (8, b"WAVE", "sounds (WAV)"),
    (0, b"ID3", "sounds (MP3)"),
    (0, b"fLaC", "sounds (FLAC)"),
    (0, b"OggS", "sounds (Ogg)"),
    (0, b"\x93NUMPY", "NumPy arrays: put them together into one .npz with their labels"),
    (0, b"\x89HDF\r\n", "HDF5 files: give one of them"),
    (0, b"%PDF-", "PDFs: take the pages out of them"),
    (128, b"DICM", "DICOM files: save them as PNG"),
    (0, b"PK\x03\x04", "ZIP archives, or what is packed as such: unpack them"),
    (0, b"\x1f\x8b", "packed with gzip: unpack them"),
)


def describe_no_items(samples: Samples) -> str:
    """Return that no file of a source can be used, for what reasons, and what the files seem to be."""
    noun, unit = samples.noun, samples.ledger.unit
    entries = [entry for entry in samples.ledger.entries if entry.label] or list(samples.ledger.entries)
    reasons = Counter(entry.reason for entry in entries)
    most = preview([f"{count} {reason}" for reason, count in reasons.most_common()], show=str)
    endings = Counter(PurePosixPath(entry.name).suffix.lower() or "no ending" for entry in entries)
    shown = "" if samples.ledger.in_rows else f"; they {_list_endings(endings)}"
    kind = _recognise(Path(samples.root), entries, noun)
    are = f"; by their bytes they are {kind}" if kind else ""
    return (
        f"none of the {unit.count(len(entries))} of {samples.root!r} is a usable {noun.one} (skipped: {most}), such as "
        f"{entries[0].name!r}{shown}{are}"
    )


def _list_endings(endings: Counter[str]) -> str:
    if len(endings) == 1:
        ending = next(iter(endings))
        return f"end in {ending}" if ending.startswith(".") else "have no ending"
    return "end in " + preview([f"{ending} ({count})" for ending, count in endings.most_common()], show=str)


def _recognise(root: Path, entries: Sequence[LedgerEntry], noun: Noun) -> str:
    """Return what most of the files in a folder are; "" where that is not known."""
    if not root.is_dir():
        return ""
    some = [root / entry.name for entry in entries[:: max(1, len(entries) // LOOK_AT)][:LOOK_AT]]
    counts = Counter(_recognise_file(file, noun) for file in some)
    (kind, count), *_ = counts.most_common(1)
    return kind if 2 * count > len(some) else ""


def _recognise_file(file: Path, noun: Noun) -> str:
    head = read_beginning(file)
    if recognise_stray(head) is VIDEO:
        return f"{VIDEO.many}: {noun.fill(VIDEO.remedy)}"
    known = next((kind for place, mark, kind in _KINDS if head[place : place + len(mark)] == mark), "")
    return known or ("text" if is_text(file) else "")
