"""``headstart cache``."""

from datetime import datetime
from pathlib import Path

from headstart.cli.tables import format_size, format_table


def cache(*, prune_to: str | None = None, store: Path | None = None) -> int:
    """Show what is stored of earlier runs, and prune it to a size: what was used longest ago goes first.

    Only what can be computed again is stored: features, activations, converted and trained networks, heads,
    unpacked archives.

    Examples:
        headstart cache
        headstart cache --prune-to 2GB

    Args:
        prune_to: A size such as 500MB or 2GB; 0GB removes everything but what a running job uses.
        store: The store's folder; HEADSTART_STORE or the platform's cache folder when not given.
    """
    from headstart.verbs.cache import cache as inspect_store

    found = inspect_store(prune_to=prune_to, store=store)
    if (pruned := found.pruned) is not None:
        removed = pruned.bytes_before - pruned.bytes_after
        print(f"removed {format_size(removed)}; {format_size(pruned.bytes_after)} are left")
        if pruned.held:
            print(f"{pruned.held} kept, since a running job uses them; prune again when it has ended")
    print(f"{found.folder}")
    rows = [
        (space.description, space.rows, format_size(space.bytes), _when(space.last_used)) for space in found.features
    ]
    print(format_table(("features", "items", "size", "last used"), rows) if rows else "no features are stored")
    if found.activations:
        rows = [
            (kept.description, kept.rows, format_size(kept.bytes), _when(kept.last_used)) for kept in found.activations
        ]
        print()
        print(format_table(("activations to train from", "views", "size", "last used"), rows))
    if found.entries:
        entries = [
            (entry.name, entry.kind, format_size(entry.bytes), _when(entry.last_used)) for entry in found.entries
        ]
        print()
        print(format_table(("networks and archives", "kind", "size", "last used"), entries))
    print(f"\n{format_size(found.bytes)} in all, the index included")
    return 0


def _when(stamp: float) -> str:
    return f"{datetime.fromtimestamp(stamp).astimezone():%Y-%m-%d %H:%M}"
