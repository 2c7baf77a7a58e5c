"""A check that the fields of records read from a file are of the types that their classes say, without pydantic."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

_PLAIN = (str, bool, bytes, dict, list, tuple)


def check_field_types(record: Any) -> None:
    """Raise an error where a field of a dataclass, or of one inside it, has a value of another type.

    A whole number is taken for a ``float``. Of types that are no plain ones, nothing is asked.

    Raises:
        TypeError: one does; it is named.
    """
    try:
        hints = get_type_hints(type(record))
    except NameError:  # a name that is imported for type checkers alone
        return
    for one in fields(record):
        value = getattr(record, one.name)
        if not _is_of_type(value, hints[one.name]):
            wanted = getattr(hints[one.name], "__name__", hints[one.name])
            raise TypeError(f"{one.name} is {type(value).__name__}, wanted {wanted}")


def _is_of_type(value: Any, kind: Any) -> bool:
    if is_dataclass(value) and not isinstance(value, type):
        check_field_types(value)
        return True
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return any(_is_of_type(value, one) for one in inner)
    if origin is Literal:
        return any(value == one and type(value) is type(one) for one in inner)
    if origin is tuple:
        return isinstance(value, tuple) and _are_of_types(value, inner)
    if origin is list:
        return isinstance(value, list) and all(_is_of_type(one, inner[0]) for one in value)
    if origin in (dict, Mapping):
        return isinstance(value, Mapping) and all(
            _is_of_type(key, inner[0]) and _is_of_type(one, inner[1]) for key, one in value.items()
        )
    return _is_plain_type(value, kind)


def _are_of_types(values: tuple[Any, ...], kinds: tuple[Any, ...]) -> bool:
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return all(_is_of_type(value, kinds[0]) for value in values)
    return len(values) == len(kinds) and all(map(_is_of_type, values, kinds))


def _is_plain_type(value: Any, kind: Any) -> bool:
    if kind is None or kind is type(None):
        return value is None
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if is_dataclass(kind):
        return False  # the value is none
    return isinstance(value, kind) if kind in _PLAIN else True
