"""Objects that other packages add to a registry of this one, through ``importlib.metadata`` entry points."""

import importlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from importlib.metadata import entry_points
from typing import Any

from headstart.errors import PluginError, SettingError, nearest

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


def load_resident(name: str, builtin: Mapping[str, str], plugins: Iterable[tuple[str, Any]], kind: str) -> Any:
    """Return the object of a name: a new one of a built-in class, or what another package registered.

    Args:
        name: of the object.
        builtin: the built-in classes by name, as "module:class"; imported when they are asked for.
        plugins: names and objects as ``load_plugins`` yields them; looked at only where the name is not built in.
        kind: for an error: "modality".

    Raises:
        SettingError: there is none, as where its package is not installed any more.
        PluginError: one cannot be loaded.
    """
    if name in builtin:
        module, _, attribute = builtin[name].partition(":")
        return getattr(importlib.import_module(module), attribute)()
    others = dict(plugins)
    if name not in others:
        raise SettingError(f"no {kind} {name!r} is installed; {nearest(name, [*builtin, *others])}")
    return others[name]
