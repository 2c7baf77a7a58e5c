"""Native engines over a fork: a child inherits their memory, but none of their threads.

ONNX Runtime and OpenVINO wait for their threads when they compute, and when they are taken down. So a child must use
neither what it inherited nor free it: it keeps that for ever, untouched, and makes its own.
"""

import os
import weakref
from collections.abc import Callable
from typing import Any

_watched: "weakref.WeakKeyDictionary[object, Callable[[Any], None]]" = weakref.WeakKeyDictionary()


def after_fork(owner: object, abandon: Callable[[Any], None]) -> None:
    """Have ``abandon(owner)`` called in every child that this process forks while the owner lives."""
    _watched[owner] = abandon


def keep_for_ever(*inherited: object) -> None:
    """Keep objects for ever: they are not freed, not even when the interpreter ends."""
    import ctypes

    for one in inherited:
        if one is not None:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(one))


def _in_child() -> None:
    for owner, abandon in list(_watched.items()):
        abandon(owner)


if hasattr(os, "register_at_fork"):  # there is no fork on Windows
    os.register_at_fork(after_in_child=_in_child)
