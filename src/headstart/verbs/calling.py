"""Calls from Python: errors name keywords instead of flags, and hide the inner trace where the input is at fault."""

import re
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from headstart_runtime.errors import Cancelled, HeadstartError, UserError

P = ParamSpec("P")
R = TypeVar("R")

#: A command that a message proposes keeps its flags; what stands outside of one is about the call.
_COMMAND = re.compile(r"(headstart [a-z]+(?: [^;,()]*)?)")
_FLAG = re.compile(r"(?<![\w-])--([a-z][a-z0-9-]*)")
STOPPED = "stopped; what was computed is kept: the same call goes on from there"


#: Flags whose keywords have another name, for in Python it means something else: by function.
RENAMED = {"check": {"labels": "label_table", "augment": "sheet"}}


def name_keywords(message: str, verb: str = "") -> str:
    """Return a message with the keyword in place of each flag, commands of the terminal excepted."""

    def name_keyword(found: re.Match[str]) -> str:
        name = found[1].replace("-", "_")
        return RENAMED.get(verb, {}).get(name, name)

    pieces = _COMMAND.split(message)
    pieces[::2] = [_FLAG.sub(name_keyword, piece) for piece in pieces[::2]]
    return "".join(pieces)


def call_with_keywords(function: Callable[P, R]) -> Callable[P, R]:
    """Return a function or a method whose errors name keywords instead of flags."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except HeadstartError as error:
            error.args = (name_keywords(str(error), function.__name__),)
            if isinstance(error, UserError):
                raise error.with_traceback(None) from None
            raise
        except Cancelled:
            raise
        except KeyboardInterrupt:
            raise KeyboardInterrupt(STOPPED) from None

    return call


def public(function: Callable[P, R]) -> Callable[P, R]:
    """Return a function of the package as people call it from Python."""
    call = call_with_keywords(function)
    call.__module__ = "headstart"  # where it stands for everybody: it is pickled and documented by that name
    return call
