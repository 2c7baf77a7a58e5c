"""Checks that an object of another package is what a registry wants: a protocol's members, or a function."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from headstart_runtime.errors import bounded

MOST_MISSING = 5  #: members that an error names


def describe_fault(error: BaseException) -> str:
    """Return an error that was raised elsewhere in one short line; its type where it says nothing."""
    return bounded(" ".join(str(error).split()) or type(error).__name__, 300)


def expect_members(protocol: type[Any]) -> Callable[[Any], str]:
    """Return a check that an object has the members of a protocol.

    Attributes are read and held against their types, methods have to be callable, and properties are only looked for:
    reading one may import what is behind it.

    Returns:
        A function that says in words why an object does not fit; "" where it does.
    """

    def check(value: Any) -> str:
        wanted = f"wanted an instance of a class with the members of {protocol.__module__}.{protocol.__name__}"
        if value is None:
            return f"it is None; {wanted}"
        if isinstance(value, type):
            return f"it is the class {value.__name__} itself; {wanted}"
        missing = [name for name in _list_members(protocol) if not _has_member(value, name)]
        if missing:
            rest = f" and {len(missing) - MOST_MISSING} more" if len(missing) > MOST_MISSING else ""
            return f"{type(value).__name__} has no {', '.join(missing[:MOST_MISSING])}{rest}; {wanted}"
        return next(filter(None, _find_misfits(value, protocol)), "")

    return check


def expect_function(*parameters: str) -> Callable[[Any], str]:
    """Return a check that an object can be called with so many arguments; as of ``expect_members``."""
    wanted = f"wanted a function of ({', '.join(parameters)})"

    def check(value: Any) -> str:
        if not callable(value):
            return f"it is {_describe_type(value)}; {wanted}"
        try:
            signature = inspect.signature(value)
        except (TypeError, ValueError):  # one that is not written in Python does not say
            return ""
        try:
            signature.bind(*parameters)
        except TypeError:
            return f"it takes {signature}; {wanted}"
        return ""

    return check


def _find_misfits(value: Any, protocol: type[Any]) -> Iterator[str]:
    for name, hint in get_type_hints(protocol).items():
        try:
            found = getattr(value, name)
        except Exception as error:  # noqa: BLE001  another package's code
            yield f"reading its {name} raises {type(error).__name__}: {describe_fault(error)}"
            continue
        if not _has_type(found, hint):
            shown = hint.__name__ if isinstance(hint, type) and not get_args(hint) else hint
            yield f"its {name} is {_describe_type(found)}; wanted {shown}"
    for name in _list_methods(protocol):
        try:
            method = getattr(value, name)
        except Exception as error:  # noqa: BLE001  another package's code
            yield f"reading its {name} raises {type(error).__name__}: {describe_fault(error)}"
            continue
        if not callable(method):
            yield f"its {name} is {_describe_type(method)}; wanted a method"


def _list_members(protocol: type[Any]) -> Sequence[str]:
    return list(dict.fromkeys([*get_type_hints(protocol), *(name for name in vars(protocol) if name[0] != "_")]))


def _list_methods(protocol: type[Any]) -> Sequence[str]:
    return [name for name, member in vars(protocol).items() if name[0] != "_" and inspect.isfunction(member)]


def _has_member(value: Any, name: str) -> bool:
    """Return whether an object has a member, without reading a property that its class has."""
    try:
        inspect.getattr_static(value, name)
    except AttributeError:
        try:
            getattr(value, name)  # one that passes everything on to another object
        except Exception:  # noqa: BLE001  another package's code
            return False
    return True


def _has_type(value: Any, hint: Any) -> bool:
    origin = get_origin(hint)
    if origin is Literal:
        return value in get_args(hint)
    if origin in (Union, UnionType):
        return any(_has_type(value, kind) for kind in get_args(hint))
    kind = origin or hint
    return not isinstance(kind, type) or isinstance(value, kind)


def _describe_type(value: Any) -> str:
    if value is None:
        return "None"
    return f"the class {value.__name__}" if isinstance(value, type) else f"of type {type(value).__name__}"
