"""Groups that nobody named: columns of a table, parts of the names of files, folders. Proposed, never assumed.

A name such as ``7_jackson_32`` is cut at its signs. A part of it may be whose items they are where its values are there
several times, and each class has several of them; the class itself is then none. Which of such parts matter is measured
(``diagnostics.group_check``): a part that merely counts changes no score.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from headstart.data.proposed_group import GroupProposal
from headstart.data.readers.group_stats import count_groups
from headstart.data.readers.listing import SourceListing
from headstart.data.samples import Samples
from headstart.data.sources import FileSource
from headstart.quoting import quote_argument
from headstart.settings.class_pattern import read_group_pattern

ALIKE = 0.9  #: share of the names that are built alike
LARGEST = 0.6  #: share of the items in one group
FEWEST = 3  #: groups in which each class is
LOOK_AT = 500  #: names by which it is seen whether they are built alike
_SIGNS = re.compile(r"[\W_]+")
_RUN = re.compile(r"[^\W\d_]+|\d+")
_SPECIAL = ".^$*+?{}[]\\|()"  #: signs that mean something in a pattern
_PIECE = re.compile(r"[^\W\d_]*\d+")  #: the number of a piece: ``3``, ``part2``


@dataclass(frozen=True, slots=True)
class _NamePart:
    """A part of names that may be the group."""

    pattern: str  #: that reads it
    groups: Sequence[str]  #: of each name; "" for none


def propose_column_groups(listing: SourceListing) -> Iterator[GroupProposal]:
    """Yield the groups of a table's columns that its reader proposes."""
    for place, column in enumerate(listing.proposed):
        groups = {raw.name: raw.proposed[place] for raw in listing.samples if raw.proposed}
        yield GroupProposal(repr(column), f"--group-column {quote_argument(column)}", groups)


def propose_groups_of(samples: Samples) -> Iterator[GroupProposal]:
    """Yield the groups that samples may be of, the likeliest first; none where groups are known."""
    if any(sample.group.given_name for sample in samples.samples):
        return
    yield from samples.proposed_groups
    # What is in the cells of a table, and in arrays, has no name of its own.
    files = [sample for sample in samples.samples if isinstance(sample.source, FileSource)]
    if not files or len(files) < ALIKE * len(samples):
        return
    numbers = dict(zip((it.name for it in samples.samples), samples.stratify().numbers.tolist(), strict=True))
    names = [sample.name for sample in files]
    for part in find_name_parts(names, [f"{numbers[name]}" for name in names]):
        first = next(group for group in part.groups if group)
        shown = PurePosixPath(next(name for name, group in zip(names, part.groups, strict=True) if group)).name
        what = f"a part of the name (such as {first!r} in {shown!r})"
        if "/" in part.pattern:
            what = f"a folder (such as {first!r})"
        flag = f"--group-pattern {quote_argument(part.pattern)}"
        yield GroupProposal(what, flag, dict(zip(names, part.groups, strict=True)))


def find_name_parts(names: Sequence[str], labels: Sequence[str]) -> list[_NamePart]:
    """Return the parts of names that may be groups, the likeliest first.

    Args:
        names: paths under the source.
        labels: the class of each, or another stratum.
    """
    kept: list[_NamePart] = []
    for pattern in dict.fromkeys([*_list_folders(names), *_list_parts(names, len(set(labels)))]):
        read = read_group_pattern(pattern).read
        part = _NamePart(pattern, [read(name) for name in names])
        if not any(part.groups == other.groups for other in kept) and _may_be_groups(part.groups, labels):
            kept.append(part)
    return kept


def _may_be_groups(groups: Sequence[str], labels: Sequence[str]) -> bool:
    """Return whether values are there several times, are not the classes, and each class has several."""
    stats = count_groups("", groups, labels)
    large = stats.largest > LARGEST * max(1, stats.rows)
    return stats.repeats and not large and stats.fewest >= FEWEST and stats.rows >= ALIKE * len(groups)


def _list_folders(names: Sequence[str]) -> Iterator[str]:
    """Yield the pattern of the folder that files lie in, which is not the class where each class has several."""
    if sum("/" in name for name in names) >= ALIKE * len(names):
        yield "^(.+)/[^/]+$"


def _list_parts(names: Sequence[str], classes: int) -> Iterator[str]:
    """Yield patterns of parts of names that are built alike: words, then numbers, then all but the number of a piece.

    Args:
        names: paths under the source.
        classes: how many there are.
    """
    stems = [PurePosixPath(name).stem for name in names]
    cut = [_SIGNS.split(stem) for stem in stems]
    size = _count_alike([len(parts) for parts in cut])
    if size == 1:
        yield from _list_runs(stems)
    alike = [place for place, parts in enumerate(cut) if len(parts) == size and all(parts)]
    if size < 2 or not alike:
        return
    rows = [cut[place] for place in alike]
    signs = "".join(sorted(set("".join("".join(_SIGNS.findall(stems[place])) for place in alike))))
    inside = _write_signs(signs)
    one, between = f"[^{inside}]+", f"[{inside}]+" if len(signs) > 1 or signs in _SPECIAL else signs
    last = one if "." in signs else f"[^.{inside}]+"
    patterns = [f"^{_repeat(one + between, place)}({last if place == size - 1 else one})" for place in range(size)]
    counted = [all(row[place].isdigit() for row in rows) for place in range(size)]
    yield from (pattern for pattern, number in zip(patterns, counted, strict=True) if not number)
    folders = [PurePosixPath(names[place]).parent.name for place in alike]
    for place, pattern in enumerate(patterns):
        rest = {(folder, *row[:place], *row[place + 1 :]) for folder, row in zip(folders, rows, strict=True)}
        if counted[place] and len(rest) > classes:  # else it counts the items of each class
            yield pattern
    if size > 2 and all(_PIECE.fullmatch(row[-1]) for row in rows):
        yield f"^({_repeat(one + between, size - 2)}{one})"


def _write_signs(signs: str) -> str:
    """Return signs as they stand in the square brackets of a pattern."""
    plain = "".join(f"\\{sign}" if sign in "\\]^[" else sign for sign in signs if sign != "-")
    return f"{plain}-" if "-" in signs else plain


def _repeat(pattern: str, times: int) -> str:
    return pattern * times if times < 2 else f"(?:{pattern}){{{times}}}"


def _list_runs(stems: Sequence[str]) -> Iterator[str]:
    """Yield patterns of runs of letters and digits in names without signs between them: ``03a01Fa``."""
    shapes = Counter(
        tuple(run.isdigit() for run in _RUN.findall(stem)) for stem in stems[:: max(1, len(stems) // LOOK_AT)]
    )
    shape, count = shapes.most_common(1)[0]
    if count < ALIKE * shapes.total() or len(shape) < 3:  # of two runs one is a word, the other counts
        return
    written = [r"\d+" if number else r"[^\W\d_]+" for number in shape]
    yield from (f"^{''.join(written[:place])}({written[place]})" for place in range(len(shape)))


def _count_alike(sizes: Sequence[int]) -> int:
    """Return the number of parts that nearly all names have; 0 where they differ."""
    size, count = Counter(sizes).most_common(1)[0]
    return size if count >= ALIKE * len(sizes) else 0
