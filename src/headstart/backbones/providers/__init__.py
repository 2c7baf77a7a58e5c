"""Providers of pretrained networks, by scheme; another package adds its own under an entry point of this group."""

from collections.abc import Iterator

from headstart.backbones.provider import Provider
from headstart.backbones.providers.bundled import BundledProvider
from headstart.backbones.providers.checkpoint import CheckpointProvider
from headstart.backbones.providers.timm import TimmProvider
from headstart.errors import BackboneError, nearest
from headstart.plugins import load_plugins

GROUP = "headstart.providers"
#: In the order in which a name is offered to them.
PROVIDERS: dict[str, Provider] = {
    provider.scheme: provider for provider in (CheckpointProvider(), BundledProvider(), TimmProvider())
}


def all_providers() -> Iterator[Provider]:
    """Yield the providers of this package and those that other packages register."""
    yield from PROVIDERS.values()
    for _, provider in load_plugins(GROUP, PROVIDERS):
        yield provider


def find_provider(scheme: str) -> Provider:
    """Return the provider of a scheme.

    Raises:
        BackboneError: there is none, as where its package is not installed any more.
    """
    if scheme in PROVIDERS:
        return PROVIDERS[scheme]
    found = {provider.scheme: provider for provider in all_providers()}
    if scheme not in found:
        raise BackboneError(f"no provider of networks {scheme!r} is installed; {nearest(scheme, list(found))}")
    return found[scheme]
