"""``headstart cache``."""

from datetime import datetime
from pathlib import Path

from headstart.cli.tables import size, table
from headstart.settings import locate_store, parse_size


def cache(*, prune_to: str | None = None, store: Path | None = None) -> int:
    """Show what is stored of earlier runs, and prune it to a size: what was used longest ago goes first.

    Only what can be computed again is stored: features, activations, converted networks, unpacked archives.

    Examples:
        headstart cache
        headstart cache --prune-to 2GB

    Args:
        prune_to: A size such as 500MB or 2GB; 0GB removes everything but what a running job uses.
        store: The store's folder; HEADSTART_STORE or the platform's cache folder when not given.
    """
    from headstart.storage.activation_files import list_activations
    from headstart.storage.store import Store

    folder = locate_store(store)
    budget = None if prune_to is None else parse_size(prune_to)
    with Store(folder) as stored:
        if budget is not None:
            report = stored.prune(budget)
            print(f"removed {size(report.bytes_before - report.bytes_after)}; {size(report.bytes_after)} are left")
            if report.held:
                print(f"{report.held} kept, since a running job uses them; prune again when it has ended")
        spaces, activations = stored.usage(), list_activations(stored.activations)
    print(f"{folder}")
    rows = [(space.description, space.rows, size(space.bytes), _when(space.last_used)) for space in spaces]
    print(table(("features", "photos", "size", "last used"), rows) if rows else "no features are stored")
    if activations:
        rows = [(it.description, it.rows, size(it.bytes), _when(it.last_used)) for it in activations]
        print()
        print(table(("activations to train from", "views", "size", "last used"), rows))
    return 0


def _when(stamp: float) -> str:
    return f"{datetime.fromtimestamp(stamp).astimezone():%Y-%m-%d %H:%M}"
