"""``headstart.cache``."""

from dataclasses import dataclass
from pathlib import Path

from headstart.display.html import html_table
from headstart.settings import locate_store, parse_size
from headstart.storage.activation_files import ActivationsUsage, list_activations
from headstart.storage.space import PruneReport, SpaceUsage
from headstart.storage.store import Store


@dataclass(frozen=True)
class CacheReport:
    """The store of what earlier runs computed."""

    folder: Path
    features: tuple[SpaceUsage, ...]
    activations: tuple[ActivationsUsage, ...]
    pruned: PruneReport | None  #: what was removed; None where nothing was asked for

    def _repr_html_(self) -> str:
        rows = [("features", space.description, space.rows, space.bytes) for space in self.features]
        rows += [("activations", kept.description, kept.rows, kept.bytes) for kept in self.activations]
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
        return CacheReport(folder, opened.usage(), list_activations(opened.activations), pruned)
