"""Two answers as plain values, as ``to_json`` gives them: what is other in one of them."""

from collections.abc import Iterator, Mapping
from typing import Any

LEFT_OUT = {"source", "text", "top"}  #: the item's name, the answer in words, and what probabilities tell as well
EQUAL = 1e-6  #: numbers that are no further apart decide the same


def find_difference(wanted: Mapping[str, Any], found: Mapping[str, Any], close: float) -> str:
    """Return the first difference of two answers in a clause; "" where there is none.

    Words are judged where all numbers are equal, for they follow from these.

    Args:
        wanted: an answer.
        found: another.
        close: most that a number may be apart, over its size where that is above 1.
    """
    one, other = dict(_list_leaves(wanted)), dict(_list_leaves(found))
    numbers = [name for name in one if _is_number(one[name]) and _is_number(other.get(name))]
    apart = {name: abs(one[name] - other[name]) / max(1.0, abs(one[name])) for name in numbers}
    for name in numbers:
        if not apart[name] <= close:
            return f"{name} is {other[name]:.6g} in place of {one[name]:.6g}"
    if max(apart.values(), default=0.0) > EQUAL:
        return ""
    for name in {**one, **other}:
        if name not in apart and one.get(name) != other.get(name):
            return f"{name} is {other.get(name)!r} in place of {one.get(name)!r}"
    return ""


def _list_leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the plain values inside others, by a name of all keys to them."""
    if isinstance(value, Mapping | list | tuple):
        pairs = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, inner in pairs:
            if name or key not in LEFT_OUT:
                yield from _list_leaves(inner, f"{name} {key}".strip())
    else:
        yield name, value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
