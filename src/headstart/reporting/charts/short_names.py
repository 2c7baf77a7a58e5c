"""Names that are cut to the room that a drawing has for them, so that they can still be told apart."""

import re
from collections.abc import Sequence
from math import ceil

from headstart.reporting.charts.svg.marks import TYPE, measure_text, shorten

BREAK = re.compile(r"(?<=[ _/-])")  #: places at which a name may go on in the next line


def fit_names(names: Sequence[str], room: float, size: float = TYPE, lines: int = 1) -> tuple[str, ...]:
    """Return names as they are shown: too long ones are cut at their end, or elsewhere where their ends differ.

    Args:
        names: what to show.
        room: width of a line.
        size: of the type.
        lines: in which a name may be laid out; the result has a line break between them.
    """
    long = [name for name in names if measure_text(name, size) > room]
    shared = next((place for place, signs in enumerate(zip(*long, strict=False)) if len(set(signs)) > 1), 0)
    ways = (
        [_lay_out(name, room, size, lines, "end") for name in names],
        [_lay_out(name, room, size, lines, "middle") for name in names],
        [
            _lay_out(f"…{name[shared:]}" if measure_text(name, size) > room else name, room, size, 1, "end")
            for name in names
        ],
    )
    return tuple(max(ways, key=lambda way: len(set(way))))


def thin_names(
    names: Sequence[str], room: float, apart: float, longest: float, size: float
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Return the places of as many names as stand along an axis, evenly and the last among them, and these names.

    Args:
        names: one for each place.
        room: length of the axis.
        apart: from one name to the next, at least.
        longest: most room for a name across the axis.
        size: of the type.
    """
    every = max(1, ceil(len(names) * apart / room))
    places = tuple(range((len(names) - 1) % every, len(names), every))
    return places, fit_names([names[place] for place in places], longest, size)


def cut_middle(name: str, room: float, size: float = TYPE) -> str:
    """Return a name without its middle where it has no room."""
    if measure_text(name, size) <= room:
        return name
    for kept in range(len(name) - 1, 0, -1):
        shown = f"{name[: (kept + 1) // 2]}…{name[len(name) - kept // 2 :]}"
        if measure_text(shown, size) <= room:
            return shown
    return "…"


def _lay_out(name: str, room: float, size: float, lines: int, cut: str) -> str:
    shown: list[str] = []
    while len(shown) < lines - 1 and measure_text(name, size) > room:
        first = _first_line(name, room, size)
        if not first:
            break
        shown.append(first.rstrip())
        name = name[len(first) :]
    return "\n".join([*shown, shorten(name, room, size) if cut == "end" else cut_middle(name, room, size)])


def _first_line(name: str, room: float, size: float) -> str:
    """Return what has room in the first line: up to a colon where the rest has room in the next one."""
    fits, first = [], ""
    for part in BREAK.split(name):
        first += part
        if measure_text(first.rstrip(), size) > room:
            break
        fits.append(first)
    colons = [line for line in fits if line.endswith(": ") and measure_text(name[len(line) :], size) <= room]
    return colons[-1] if colons else fits[-1] if fits else ""
