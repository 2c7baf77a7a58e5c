"""Lines on standard error."""

import sys
from contextlib import suppress


def print_to_stderr(text: str) -> None:
    """Print a line on standard error; where nobody reads it any more, nothing happens."""
    if sys.stderr is not None:
        with suppress(OSError, ValueError):
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()
