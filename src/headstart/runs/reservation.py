"""A run's folder is one run's: reserved by name before anything is read, locked while the run is made.

The marker of an unfinished run is the lock file too. The system holds the lock for as long as the process lives, so an
unfinished run whose lock is free was killed and may be gone on with; one whose lock is held is under way.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from headstart.quoting import quote_argument
from headstart.storage.atomic import remove_drafts
from headstart.storage.run_layout import RECORD, UNFINISHED
from headstart_runtime.errors import SettingError, refuse_machine_faults


def reserve_run(out: Path | None) -> Path | None:
    """Return a run's folder if it can be one, before anything is read; None where the name is ours to find.

    Raises:
        SettingError: it is or lies under a file, holds anything but an unfinished run, or another run is being made
            there.
    """
    if out is None:
        return None
    out = out.expanduser()
    try:
        out.exists()
    except OSError as error:  # such as a name that is too long
        raise SettingError(f"out {str(out)!r} cannot be made: {error.strerror}; name another") from None
    stop = next((above for above in out.parents if above.exists()), None)
    if stop is not None and not stop.is_dir():
        raise SettingError(f"out {str(out)!r} cannot be made: {str(stop)!r} is a file; name another")
    if out.exists() and not out.is_dir():
        raise SettingError(f"out {str(out)!r} is a file; wanted a folder that is new or empty; name another")
    _refuse_taken(out)
    if (out / UNFINISHED).exists():
        _release(_lock(out), out, unfinished=True)
    return out


@contextmanager
def claim_run(reserved: Path | None, source: Any) -> Iterator[Path]:
    """Make a run's folder and hold it until the end; one in which nothing came to be is removed.

    Args:
        reserved: from ``reserve_run``; None makes a new one under runs/.
        source: what the run is made from, which such a folder is named after.

    Raises:
        SettingError: it cannot be made, or another run is being made there.
        StoreError: there is no space left.
    """
    try:
        out = _fresh(source) if reserved is None else reserved
        out.mkdir(parents=True, exist_ok=True)
        lock = _lock(out)
    except OSError as error:
        refuse_machine_faults(error, f"to make the run's folder {str(reserved or 'runs')!r}")
        raise SettingError(f"out {str(reserved or 'runs')!r} cannot be made: {error.strerror}; name another") from None
    if (out / RECORD).exists():  # of a run that ended just now
        _release(lock, out)
        _refuse_taken(out)
    remove_drafts(out)
    try:
        yield out
    except BaseException:
        empty = [file.name for file in out.iterdir()] == [UNFINISHED]
        _release(lock, out, unfinished=not empty)
        if empty:
            with suppress(OSError):
                out.rmdir()
        raise
    _release(lock, out)


def _refuse_taken(out: Path) -> None:
    """Refuse a folder that is no new one; a run that was stopped while its report was written loses its marker.

    Raises:
        SettingError: it holds a finished run, one under way, or other things.
    """
    if (out / RECORD).exists():
        if (out / UNFINISHED).exists():
            _release(_lock(out), out)
            raise SettingError(
                f"out {str(out)!r} holds a run that is finished but for its report, and is never overwritten; write "
                f"the report with: headstart report {quote_argument(out)}; or name another folder"
            )
        raise SettingError(f"out {str(out)!r} already holds a finished run, which is never overwritten; name another")
    others = sorted(file.name for file in out.iterdir()) if out.exists() else []
    if others and UNFINISHED not in others:
        raise SettingError(
            f"out {str(out)!r} holds other things ({others[0]!r}); wanted a new or empty folder; name another"
        )


def _lock(out: Path) -> FileLock | None:
    """The lock of a run's folder, held; None on a file system that has no locks."""
    lock = FileLock(out / UNFINISHED, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise SettingError(
            f"out {str(out)!r} is being written by another run just now; name another, or wait for it"
        ) from None
    except NotImplementedError:
        (out / UNFINISHED).touch()
        return None
    return lock


def _release(lock: FileLock | None, out: Path, *, unfinished: bool = False) -> None:
    """Lets go, and takes the marker away: while the lock is held, except where what is open cannot be removed.

    The marker of an unfinished run stays. On Windows a lock's file is removed with the lock, so it is made again.
    """
    marker = out / UNFINISHED
    if not unfinished and os.name != "nt":
        marker.unlink(missing_ok=True)
    if lock is not None:
        lock.release()
    if unfinished and not marker.exists() and not (out / RECORD).exists():
        marker.touch()
    elif not unfinished and os.name == "nt":
        marker.unlink(missing_ok=True)


def _fresh(source: Any) -> Path:
    """A new folder under runs/, named after source and time, and made here so that no other run gets the same."""
    name = Path(source).expanduser().absolute().name.partition(".")[0] if isinstance(source, str | Path) else "arrays"
    stem = Path("runs") / f"{name}-{datetime.now().astimezone():%Y%m%d-%H%M%S}"
    number = 1
    while True:
        out = stem if number == 1 else stem.with_name(f"{stem.name}-{number}")
        try:
            out.mkdir(parents=True)
            return out
        except FileExistsError:
            number += 1
