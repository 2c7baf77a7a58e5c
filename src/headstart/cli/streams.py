"""Standard streams that may be missing, closed, or have lost their reader: no reason to fail.

Services, schedulers, ``pythonw`` and windowed programs start processes without them.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

_MODES = {"stdin": "r", "stdout": "w", "stderr": "w"}


def occupy_descriptors() -> None:
    """Open what goes nowhere in place of closed descriptors 0 to 2.

    Else the first files that are opened get these numbers, and what a library prints lands in a database.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


@contextmanager
def provide_streams() -> Iterator[None]:
    """Have all three streams inside: one that is missing or closed reads nothing, or writes nowhere."""
    with ExitStack() as kept:
        for name, mode in _MODES.items():
            stream = getattr(sys, name)
            if stream is None or stream.closed:
                kept.callback(setattr, sys, name, stream)
                setattr(sys, name, kept.enter_context(open(os.devnull, mode, encoding="utf-8")))  # noqa: PTH123
        yield
