"""Everything headstart raises on purpose, as one tree.

* ``HeadstartError``: our fault unless a subclass says otherwise (exit code 1)
    * ``StoreError``: the feature store is damaged, locked or full
    * ``EngineError``: a backbone could not be run on this machine
    * ``TrainingError``: training a network went wrong, or changed what it must not
    * ``SaveError``: the saved classifier does not answer like the fitted one
    * ``UserError``: your input (exit code 2)
        * ``DataError``: samples, tables, archives, arrays, splits
        * ``SettingError``: a flag, a settings file, an argument
        * ``BackboneError``: a name, a checkpoint, weights that are not there
        * ``ClassifierError``: a ``model/`` folder that cannot be used
        * ``MissingExtra``: an optional dependency is not installed
        * ``PluginError``: what another package adds cannot be loaded
"""

import errno
from collections.abc import Sequence
from importlib.util import find_spec

MOST = 1000  #: characters of a message
MOST_KNOWN = 40  #: names that an unknown one is shown beside
MOST_OF_A_NAME = 80  #: characters of each


def bounded(text: str, most: int = MOST) -> str:
    """Return text of at most ``most`` characters: of a longer one the beginning and the end, and what was left out.

    A message ends with what is to be done, so its end is kept; names, paths and cells in it may be of any length.
    """
    if len(text) <= most:
        return text
    gap = f" ... ({len(text):,} characters) ... "
    end = (most - len(gap)) // 3
    return f"{text[: most - len(gap) - end]}{gap}{text[-end:]}"


_FULL = {errno.ENOSPC, *([errno.EDQUOT] if hasattr(errno, "EDQUOT") else [])}
_SHORT = {errno.ENOMEM, errno.EMFILE, errno.ENFILE}
_NO_SPACE = ("no space left", "disk quota exceeded", "disk is full", "not enough space on the disk")
_NO_MEMORY = (
    "out of memory",
    "not enough memory",
    "cannot allocate",
    "can't allocate",
    "failed to allocate",
    "bad_alloc",
    "bad allocation",
)


def is_disk_full(error: BaseException | None) -> bool:
    """Return whether an error, or one that it was raised from, says that a disk or a quota is full."""
    while error is not None:
        if isinstance(error, OSError) and (error.errno in _FULL or getattr(error, "winerror", None) in (39, 112)):
            return True
        if not isinstance(error, HeadstartError) and any(it in str(error).lower() for it in _NO_SPACE):
            return True  # a library's error of its own, with the system's words in it
        error = error.__cause__ or error.__context__
    return False


def is_machine_short(error: BaseException) -> bool:
    """Return whether an error says that memory is short, or that too many files are open."""
    if isinstance(error, OSError):
        return error.errno in _SHORT
    return is_memory_short(error)


def is_memory_short(error: BaseException) -> bool:
    """Return whether an error says that memory is short, the machine's or a GPU's."""
    return isinstance(error, MemoryError) or any(it in str(error).lower() for it in _NO_MEMORY)


def refuse_machine_faults(error: BaseException, doing: str) -> None:
    """Raise an error of ours where the machine is at fault, before what was given to it is blamed.

    Args:
        error: what a library raised.
        doing: what was being done, as it goes on after "no space left".

    Raises:
        StoreError: a disk or a quota is full.
        HeadstartError: memory is short, or too many files are open.
    """
    if is_disk_full(error):
        raise StoreError(f"no space left {doing}; free some and run the same command again") from error
    if is_machine_short(error):
        said = " ".join(str(error).split()) or type(error).__name__
        raise HeadstartError(f"the machine ran short {doing} ({bounded(said, 200)}); end other programs and try again")


class HeadstartError(Exception):
    """An error whose message says what was seen, what was wanted and what to do, in one line of at most ``MOST``."""

    exit_code = 1

    def __init__(self, message: str = "") -> None:
        super().__init__(bounded(message))


class Cancelled(KeyboardInterrupt):
    """The work was cancelled by its token: as Ctrl-C ends it, so nothing on the way takes it for a fault of its own."""


class StoreError(HeadstartError):
    """The feature store is damaged, locked or full, or another disk is full."""


class EngineError(HeadstartError):
    """A backbone could not be run on this machine."""


class TrainingError(HeadstartError):
    """Training a network went wrong, or changed what it must not."""


class SaveError(HeadstartError):
    """The saved classifier does not answer like the fitted one."""


class UserError(HeadstartError):
    """Input that cannot be used as it is."""

    exit_code = 2


class DataError(UserError):
    """Samples, tables, archives, arrays or splits that cannot be used."""


class SettingError(UserError):
    """A flag, a settings file or an argument that cannot be used."""


class BackboneError(UserError):
    """A backbone that is not known, or whose weights are not there or do not fit."""


class ClassifierError(UserError):
    """A saved classifier that cannot be used."""


class MissingExtra(UserError):
    """An optional dependency is not installed."""

    def __init__(self, purpose: str, packages: Sequence[str], extra: str, hint: str = ""):
        """Say what needs which packages, and the command that installs them.

        Args:
            purpose: what was asked for, as the sentence begins: "reading an HDF5 file".
            packages: those that are missing, by the names that pip knows.
            extra: of headstart, that holds them.
            hint: what to know before they are installed; "" for nothing.
        """
        self.packages, self.extra = tuple(packages), extra
        *others, last = [repr(name) for name in packages]
        names = f"packages {', '.join(others)} and {last}" if others else f"package {last}"
        command = f"install {'them' if others else 'it'} with: {format_install_command(extra)}"
        super().__init__(f"{purpose} needs the {names}; {command}{f' ({hint})' if hint else ''}")


def format_install_command(extra: str) -> str:
    """Return the command that installs an extra: of headstart, or of its runtime where that is all there is."""
    package = "headstart" if find_spec("headstart") else "headstart-runtime"
    return f"pip install '{package}[{extra}]'"


class PluginError(UserError):
    """An object that another package adds and that cannot be loaded."""


def describe_schema_mismatch(file: str, found: object, known: int) -> str:
    """Return the message about a saved file of a schema that this version does not read."""
    return (
        f"{file!r} has schema version {found}, this headstart reads {known}; open it with the headstart that wrote it"
    )


def nearest(name: str, known: list[str]) -> str:
    """The end of an error about an unknown name: the nearest match, if there is one, and the list."""
    from difflib import get_close_matches

    close = get_close_matches(name[:MOST_OF_A_NAME], known, n=1, cutoff=0.5)
    hint = f"did you mean {bounded(close[0], MOST_OF_A_NAME)!r}? " if close else ""
    shown = ", ".join(bounded(name, MOST_OF_A_NAME) for name in known[:MOST_KNOWN])
    more = f" and {len(known) - MOST_KNOWN:,} more" if len(known) > MOST_KNOWN else ""
    return f"{hint}{'Known' if hint else 'known'}: {shown}{more}"  # behind a question, else a semicolon
