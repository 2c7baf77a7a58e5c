"""Parts of files' names that may be the class where no rule finds one: proposals, each with its ``--class-pattern``.

A name is cut into runs of letters and of digits and the signs between, ``AF01ANS`` into AF, 01 and ANS; names that say
what they hold, ``id=1,label=ants``, by their words. A part that has a few values, with some items each, is proposed.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from headstart.data.names import preview
from headstart.data.readers.folders.file_names import COVERED, FEWEST, MOST_SHARE
from headstart.data.readers.folders.folder_names import are_owners
from headstart.data.readers.words import OWNERS
from headstart.quoting import quote_argument
from headstart_runtime.modalities.item import SourceHints

MOST = 3  #: proposals in a message
MOST_CLASSES = 200
_RUN = re.compile(r"[^\W\d_]+|\d+|[\W_]+")
_PAIR = re.compile(r"([A-Za-z][\w\-]*)=([^=,;&]+)")
_LABELS = frozenset("label class cls category target y species type".split())  # noqa: SIM905
_COUNTERS = frozenset("page slice tile patch frame x y z idx index no nr crop copy id".split())  # noqa: SIM905


@dataclass(frozen=True, slots=True)
class NameField:
    """A part of names that may be the class."""

    classes: Mapping[str, int]  #: class -> items
    pattern: str  #: of ``--class-pattern``


def propose_fields(stems: Sequence[str], hints: SourceHints) -> list[NameField]:
    """Return the parts of names that may be the class, the likeliest first; names are without their endings."""
    said = list(_list_pairs(stems))
    return list(islice(said or sorted(_list_runs(stems, hints), key=_holds_numbers), MOST))


def describe_fields(fields: Sequence[NameField]) -> str:
    """Return the classes that names may say, with the flag for each reading."""
    shown = [
        f"{preview([f'{label!r} ({count})' for label, count in field.classes.items()], show=str)}, then add "
        f"--class-pattern {quote_argument(field.pattern)}"
        for field in fields
    ]
    return "; or ".join(shown)


def _list_pairs(stems: Sequence[str]) -> Iterator[NameField]:
    """Yield the parts behind words and a sign, ``label=ants``; those called like labels first."""
    values: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for stem in stems:
        for word, value in _PAIR.findall(stem):
            values[word][value] += 1
    for word in sorted(values, key=lambda word: word.lower() not in _LABELS):
        if classes := _find_classes(values[word], len(stems)):
            yield NameField(classes, rf"(?:^|[,;&_]){re.escape(word)}=(?P<label>[^=,;&]+?)(?=[,;&]|\.[^.]*$)")


def _list_runs(stems: Sequence[str], hints: SourceHints) -> Iterator[NameField]:
    """Yield the runs of letters and digits at one place of names that are built alike."""
    runs = [_RUN.findall(stem) for stem in stems]
    shapes = Counter(tuple(map(_recognise_run, found)) for found in runs)
    (shape, alike), *_ = shapes.most_common(1) or [((), 0)]
    if alike < COVERED * len(stems):
        return
    held = [found for found in runs if tuple(map(_recognise_run, found)) == shape]
    counters = _COUNTERS | hints.counter_words | OWNERS
    for place, kind in enumerate(shape):
        counts = Counter(found[place] for found in held)
        before = {"".join(found[max(0, place - 1) : place]).lower() for found in held}
        date = kind == "digits" and all(len(value) in (6, 8) or are_owners([value]) for value in counts)
        if kind == "signs" or date or (kind == "digits" and before <= counters):
            continue
        if classes := _find_classes(counts, len(stems)):
            start = "".join(_write_run(one, {found[at] for found in held}) for at, one in enumerate(shape[:place]))
            yield NameField(classes, f"^{start}(?P<label>{_write_run(kind, set(counts))})")


def _find_classes(counts: Counter[str], items: int) -> dict[str, int]:
    """Return class -> items, most first, where values are a few, and most items have one that several have."""
    large = {value: count for value, count in counts.most_common() if count >= FEWEST}
    few = len(large) > 1 and len(counts) <= min(MOST_CLASSES, max(2, MOST_SHARE * items))
    return large if few and sum(large.values()) >= COVERED * items else {}


def _recognise_run(run: str) -> str:
    return "digits" if run[0].isdigit() else "letters" if run[0].isalpha() else "signs"


def _write_run(kind: str, values: set[str]) -> str:
    """Return the pattern of a run."""
    if kind == "digits":
        return r"\d+"
    if kind == "letters":
        return "[A-Za-z]+" if all(value.isascii() for value in values) else r"[^\W\d_]+"
    return re.escape(next(iter(values))).replace("\\ ", " ").replace("\\-", "-") if len(values) == 1 else r"[\W_]+"


def _holds_numbers(field: NameField) -> bool:
    return all(label.isdigit() for label in field.classes)
