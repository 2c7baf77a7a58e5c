"""Class names that may be one class: a table filled in by several hands, or by a program and a spreadsheet."""

import re
from collections import defaultdict
from collections.abc import Iterable

from headstart.data.names import preview

_MOST_DIGITS = 15  #: of a number that a float keeps whole


def note_similar_names(names: Iterable[str]) -> list[str]:
    """Return a note where class names differ in case, in blanks and the like, or in how a number is written only.

    Args:
        names: of the classes, in order.
    """
    similar: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        similar[_normalise(name)].append(name)
    sets = [same for same in similar.values() if len(same) > 1]
    if not sets:
        return []
    shown = preview([" and ".join(map(repr, same[:4])) for same in sets], show=str)
    return [f"classes that may be one are kept apart: {shown}; give them one name where they are"]


def _normalise(name: str) -> str:
    """Return a name without case, blanks and signs; of a number its value."""
    text = name.strip()
    if re.fullmatch(r"[+-]?\d{1,15}(\.\d*)?", text) and sum(map(str.isdigit, text)) <= _MOST_DIGITS:
        return f"number {float(text)}"
    return re.sub(r"[\s_\-.]+", " ", text).strip().casefold() or name
