"""Rows and files that count alike but begin at another number: a table from 0 on, its files from 1 on, or the reverse.

Each row then finds the file of its neighbour, so that every label is one off and nothing else looks wrong. What gives
it away is one number at an end of the rows that has no file, and one file at the other end that has no row.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

FEWEST = 4  #: rows that count in one folder
_NUMBERED = re.compile(r"(.*?)(\d+)(\.0+)?", re.DOTALL)
_ENDING = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}")


@dataclass(frozen=True, slots=True)
class NumberShift:
    """The number by which all files of some rows may be another one, and what says so."""

    by: int  #: 1 where the rows count from 0 and the files from 1
    row: str  #: that has no file as the numbers stand
    file: str  #: that has no row
    other_row: str  #: a row as it stands ...
    same: str  #: ... the file of its number ...
    shifted: str  #: ... and the file that it means if the numbers are shifted

    def describe(self) -> str:
        """Return what was seen, for a message."""
        first = "0 and its files from 1" if self.by > 0 else "1 and its files from 0"
        return f"it may count from {first}, for {self.row!r} has no file and {self.file!r} no row"


@dataclass(frozen=True, slots=True)
class _Count:
    """The numbers of the rows, or of the files, of one folder."""

    paths: dict[int, str]

    @property
    def ends(self) -> tuple[int, int]:
        return min(self.paths), max(self.paths)


def find_number_shift(places: Mapping[str, str | None], files: Collection[str]) -> NumberShift | None:
    """Return how rows are one off their files; None where they are not, or nothing says so.

    Args:
        places: path of a row -> the file that was found for it, if any.
        files: all that there are.
    """
    lost = sum(place is None for place in places.values())
    if not 0 < lost <= len(places) / FEWEST:
        return None
    of_rows: defaultdict[tuple[str, str], dict[int, str]] = defaultdict(dict)
    for path in places:
        if split := split_number(path):
            of_rows[split[0], split[1]][split[2]] = path
    of_files: defaultdict[str, dict[int, str]] = defaultdict(dict)
    for file in files:
        if split := split_number(file):
            of_files[f"{split[0]}/{split[1]}"][split[2]] = file
    counted = [paths for paths in of_rows.values() if len(paths) >= FEWEST]
    shifts = [_compare(_Count(paths), places, of_files) for paths in counted]
    found = [shift for shift in shifts if shift is not None]
    return found[0] if 2 * len(found) > len(counted) else None


def _compare(
    rows: _Count, places: Mapping[str, str | None], of_files: Mapping[str, Mapping[int, str]]
) -> NumberShift | None:
    """Return the shift of the rows of one folder; None where their numbers fit."""
    lost = [number for number, path in rows.paths.items() if places[path] is None]
    found = [place for path in rows.paths.values() if (place := places[path])]
    keys = {f"{split[0]}/{split[1]}" for file in found if (split := split_number(file))}
    if len(lost) != 1 or len(keys) != 1:
        return None
    files = _Count(dict(of_files.get(keys.pop(), {})))
    first, last = rows.ends
    by = 1 if lost[0] == first else -1 if lost[0] == last else 0
    exact = len(files.paths) == len(rows.paths)
    begins = (first, files.ends[0] if files.paths else None) == (0, 1)  # more photos than rows
    if not by or not (exact or (by > 0 and begins)) or any(number + by not in files.paths for number in rows.paths):
        return None
    other = (min if by > 0 else max)(number for number in rows.paths if number != lost[0])
    return NumberShift(
        by,
        rows.paths[lost[0]],
        files.paths[last + 1 if by > 0 else first - 1],
        rows.paths[other],
        files.paths[other],
        files.paths[other + by],
    )


def split_number(path: str) -> tuple[str, str, int] | None:
    """Return the folder of a path, what stands before the number at the end of its name, and the number.

    The case counts for nothing, nor does the ending of a file, nor ".0" behind a number. None where no number is there.
    """
    place = _divide(path)
    return (place[0].casefold(), place[1].casefold(), int(place[2])) if place else None


def shift_number(path: str, by: int) -> str:
    """Return a path with another number at the end of its name, with as many digits at least."""
    place = _divide(path)
    if place is None or int(place[2]) + by < 0:
        return path
    folder, head, digits, ending = place
    number = f"{int(digits) + by:0{len(digits)}d}" if digits.startswith("0") and len(digits) > 1 else int(digits) + by
    return f"{folder}/{head}{number}{ending}" if folder else f"{head}{number}{ending}"


def _divide(path: str) -> tuple[str, str, str, str] | None:
    """Return the folder, the head of the name, the digits behind it and what follows; None without digits."""
    folder, _, name = path.replace("\\", "/").rpartition("/")
    dot = name.rfind(".")
    ending = name[dot:] if dot > 0 and _ENDING.fullmatch(name, dot) else ""
    match = _NUMBERED.fullmatch(name.removesuffix(ending).strip()) if len(name) < 200 else None
    if match is None or not match[2].isascii():
        return None
    return folder, match[1], match[2], ending
