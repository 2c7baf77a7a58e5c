"""Pickles read without running anything that is in them.

A pickle names functions that its reader calls, so any function can be run by one. Here every name stands for a function
of ours, which only keeps what it is given; any other name is refused before anything is done with it.
"""

import pickle
import pickletools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO


class RefusedPickle(ValueError):
    """A pickle that holds something else than arrays and plain values, or is damaged."""


class StandIn:
    """A function in place of one that a pickle names: it can be called, and not be altered by the pickle."""

    __slots__ = ("_call",)

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call

    def __call__(self, *arguments: Any) -> Any:
        """Return what our own function gives."""
        return self._call(*arguments)

    def __setstate__(self, state: Any) -> None:
        raise RefusedPickle("it would alter a function")


class _Unpickler(pickle.Unpickler):
    def __init__(
        self,
        stream: BinaryIO,
        known: Mapping[tuple[str, str], Callable[..., Any]],
        load_reference: Callable[[Any], Any] | None,
    ) -> None:
        super().__init__(stream, encoding="bytes")
        self._known, self._load_reference = known, load_reference

    def find_class(self, module: str, name: str) -> Any:
        try:
            return StandIn(self._known[module, name])
        except KeyError:
            raise RefusedPickle(f"it would call {module}.{name}, which no array needs") from None

    def persistent_load(self, pid: Any) -> Any:
        if self._load_reference is None:
            raise RefusedPickle("it refers to something outside of it")
        return self._load_reference(pid)


def read_pickle(
    stream: BinaryIO,
    known: Mapping[tuple[str, str], Callable[..., Any]],
    load_reference: Callable[[Any], Any] | None = None,
) -> Any:
    """Return what the next pickle of a stream holds; text that Python 2 wrote as bytes. The stream ends behind it.

    Args:
        stream: of the pickle; it can be sought in.
        known: module and name of each function that it may call, and ours instead of it.
        load_reference: gives the object for a reference to something outside of the pickle; None refuses them.

    Raises:
        RefusedPickle: it names another function, or refers to something outside of it.
        Exception: whatever damaged bytes lead to; see ``refuse_damage``.
    """
    _check_memory(stream)
    return _Unpickler(stream, known, load_reference).load()


@contextmanager
def refuse_damage() -> Iterator[None]:
    """Inside, every error but one of the machine is a ``RefusedPickle``: bytes that anybody wrote raise anything."""
    try:
        yield
    except (RefusedPickle, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001
        raise RefusedPickle(f"it is damaged: {' '.join(str(error).split())[:200]}") from None


def _check_memory(stream: BinaryIO) -> None:
    """Refuse a pickle that keeps values under numbers far beyond how many there are: each number takes memory."""
    start = stream.tell()
    for count, (code, argument, _) in enumerate(pickletools.genops(stream)):
        if code.name in ("PUT", "BINPUT", "LONG_BINPUT") and int(argument or 0) > count + 1000:
            raise RefusedPickle("it is damaged")
    stream.seek(start)
