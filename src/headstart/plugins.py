"""Objects that other packages add to a registry of this one, through ``importlib.metadata`` entry points."""

from collections.abc import Collection, Iterator
from importlib.metadata import entry_points
from typing import Any

from headstart.errors import PluginError

#: The word for what a group adds, where it is not the group's name without its last letter.
KINDS = {"headstart.modalities": "modality", "headstart.strategies": "strategy"}


def list_plugin_names(group: str) -> list[str]:
    """Return the names under which other packages registered something, without loading it."""
    return sorted({entry.name for entry in entry_points(group=group)})


def load_plugins(group: str, known: Collection[str] = ()) -> Iterator[tuple[str, Any]]:
    """Yield the names and objects that other packages registered.

    Args:
        group: of the entry points, such as ``headstart.providers``.
        known: names that are taken; entry points of such a name are passed over.

    Raises:
        PluginError: one cannot be loaded.
    """
    for entry in entry_points(group=group):
        if entry.name in known:
            continue
        try:
            loaded = entry.load()
        except (Exception, SystemExit) as error:  # a module that ends the program when it is imported is at fault too
            kind = KINDS.get(group, group.rpartition(".")[2].removesuffix("s"))
            raise PluginError(
                f"the {kind} {entry.name!r} ({entry.value}) cannot be loaded: {error}; update or remove its package"
            ) from error
        yield entry.name, loaded
