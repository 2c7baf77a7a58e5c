"""A folder that one process writes to at a time; the lock is the system's, so that a kill frees it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from headstart_runtime.errors import SettingError

LOCK = "_lock"  #: a file in the folder


@contextmanager
def lock_folder(folder: Path, out: Path) -> Iterator[None]:
    """Hold a folder for this process for as long as the block runs.

    Args:
        folder: is there.
        out: by which it is called in the error.

    Raises:
        SettingError: another process holds it, or is just done with it.
        OSError: it cannot be written to, or its disk has no locks.
    """
    with (folder / LOCK).open("a+", encoding="utf-8") as file:
        if not _try_lock(file):
            raise SettingError(f"out {str(out)!r} is being written by {_read_holder(file)}; wait for it, or stop it")
        if not _is_still_there(file, folder / LOCK):  # it was joined and removed between the two lines above
            raise SettingError(f"out {str(out)!r} was finished by another process just now; look at it")
        with suppress(OSError):
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
        yield


def _read_holder(file: IO[str]) -> str:
    with suppress(OSError):
        file.seek(0)
        if (number := file.read(20)).isdecimal():
            return f"process {number}"
    return "another process"


def _is_still_there(file: IO[str], place: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), place.stat())
    except OSError:
        return False


def _try_lock(file: IO[str]) -> bool:
    if sys.platform == "win32":
        import msvcrt

        file.seek(1 << 20)  # beyond the number in it, which may be read
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
