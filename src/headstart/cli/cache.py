"""``headstart cache``."""

from datetime import datetime
from pathlib import Path

from headstart.cli.tables import size, table
from headstart.errors import SettingError
from headstart.settings import store_folder

UNITS = {"B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


def cache(*, prune_to: str | None = None, store: Path | None = None) -> int:
    """Show what is stored of earlier runs, and prune it to a size: what was used longest ago goes first.

    Only what can be computed again is stored: features, converted networks, unpacked archives.

    Examples:
        headstart cache
        headstart cache --prune-to 2GB

    Args:
        prune_to: A size such as 500MB or 2GB; 0GB removes everything but the features that a running job is writing.
        store: The store's folder; HEADSTART_STORE or the platform's cache folder when not given.
    """
    from headstart.features.store import Store

    folder = store_folder(store)
    budget = None if prune_to is None else _bytes(prune_to)
    with Store(folder) as stored:
        if budget is not None:
            report = stored.prune(budget)
            print(f"removed {size(report.bytes_before - report.bytes_after)}; {size(report.bytes_after)} are left")
            if report.held:
                print(f"{report.held} files were kept, since a running job writes to them")
        spaces = stored.usage()
    print(f"{folder}")
    rows = [(space.description, space.rows, size(space.bytes), _when(space.last_used)) for space in spaces]
    print(table(("features", "photos", "size", "last used"), rows) if rows else "no features are stored")
    return 0


def _when(stamp: float) -> str:
    return f"{datetime.fromtimestamp(stamp).astimezone():%Y-%m-%d %H:%M}"


def _bytes(text: str) -> int:
    for unit in sorted(UNITS, key=len, reverse=True):
        number = text.strip().removesuffix(unit)
        if number != text.strip():
            try:
                value = float(number)
            except ValueError:
                break
            if 0 <= value < float("inf"):
                return int(value * UNITS[unit])
    raise SettingError(f"size {text!r} is not one; wanted a number and a unit, such as 500MB or 2GB")
