"""Choice of a display: by where the program runs and what was asked for."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from headstart import events
from headstart.display.lines import LineDisplay
from headstart.display.notebook import NotebookDisplay
from headstart.display.terminal import TerminalDisplay
from headstart_runtime.errors import SettingError

ShowProgress = Literal["auto"] | bool


def in_notebook() -> bool:
    """Return whether this is a notebook's kernel."""
    ipython = sys.modules.get("IPython")  # where it was never imported, there is none
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and hasattr(shell, "kernel")


def in_terminal() -> bool:
    """Return whether standard error is a terminal."""
    return sys.stderr is not None and not sys.stderr.closed and sys.stderr.isatty()


@contextmanager
def watch(listener: events.Listener | None = None, progress: ShowProgress = "auto") -> Iterator[events.Listener]:
    """Give a listener for the work inside, which shows it as it was asked for.

    Args:
        listener: takes the place of a display, unless ``progress`` is True.
        progress: True shows it; False does not; "auto" shows it in a terminal or a notebook.

    Raises:
        SettingError: either is something else.
    """
    if listener is not None and not callable(listener):
        raise SettingError(f"listener is {type(listener).__name__}; wanted a function that takes an event")
    if progress not in ("auto", True, False):
        raise SettingError(f"progress is {progress!r}; wanted 'auto', True or False")
    wanted = progress if isinstance(progress, bool) else listener is None and (in_notebook() or in_terminal())
    if not wanted:
        yield listener or events.ignore
    elif in_notebook():
        with NotebookDisplay() as shown:
            yield _both(listener, shown)
    elif in_terminal():
        with TerminalDisplay() as bar:
            yield _both(listener, bar)
    else:
        yield _both(listener, LineDisplay())


def _both(listener: events.Listener | None, display: events.Listener) -> events.Listener:
    if listener is None:
        return display

    def tell_both(event: events.Event) -> None:
        listener(event)
        display(event)

    return tell_both
