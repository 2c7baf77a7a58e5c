"""``headstart.cache``."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from headstart.display.html import html_table
from headstart.settings import locate_store, parse_size
from headstart.storage.activation_files import ActivationsUsage, list_activations
from headstart.storage.space import EntryUsage, PruneReport, SpaceUsage
from headstart.storage.store import Store
from headstart.storage.usage import get_disk_usage


@dataclass(frozen=True)
class CacheReport:
    """The store of what earlier runs computed."""

    folder: Path
    features: tuple[SpaceUsage, ...]
    activations: tuple[ActivationsUsage, ...]
    entries: tuple[EntryUsage, ...]  #: networks, trainings, unpacked archives and results
    bytes: int  #: of everything in the folder
    pruned: PruneReport | None  #: what was removed; None where nothing was asked for

    def _repr_html_(self) -> str:
        rows: list[tuple[str, str, int | None, int]] = [
            ("features", space.description, space.rows, space.bytes) for space in self.features
        ]
        rows += [("activations", kept.description, kept.rows, kept.bytes) for kept in self.activations]
        rows += [(entry.kind, entry.name, None, entry.bytes) for entry in self.entries]
        return html_table(("what", "of", "rows", "bytes"), rows, caption=str(self.folder))


def cache(*, prune_to: str | None = None, store: str | Path | None = None) -> CacheReport:
    """Return what is stored of earlier runs, pruned to a size where one is given: oldest use first.

    Args:
        prune_to: a size such as "500MB" or "2GB"; "0GB" removes everything but what a running job uses.
        store: the store's folder; HEADSTART_STORE or the platform's cache folder when not given.

    Raises:
        SettingError: no size, or no folder.
        StoreError: the store cannot be opened.
    """
    folder = locate_store(None if store is None else Path(store))
    budget = None if prune_to is None else parse_size(prune_to)
    with Store(folder) as opened:
        pruned = None if budget is None else opened.prune(budget)
        spaces, kept, entries = opened.usage(), list_activations(opened.activations), opened.list_entries()
    names = _tell_apart([(space.description, space.fingerprint) for space in spaces])
    kept_names = _tell_apart([(one.description, one.key) for one in kept])
    return CacheReport(
        folder,
        tuple(replace(space, description=name) for space, name in zip(spaces, names, strict=True)),
        tuple(replace(one, description=name) for one, name in zip(kept, kept_names, strict=True)),
        entries,
        get_disk_usage(folder),  # once the index is closed: its log is gone then
        pruned,
    )


def _tell_apart(described: Sequence[tuple[str, str]]) -> list[str]:
    """Return descriptions; those that are there more than once with the beginning of what they are stored under."""
    counts = Counter(description for description, _ in described)
    return [f"{text} ({key[:6]})" if counts[text] > 1 else text for text, key in described]
