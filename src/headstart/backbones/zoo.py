"""Loading a network with PyTorch: weights or a clear error, never random weights without being asked."""

from headstart.backbones.loaded import LoadedNetwork
from headstart.backbones.origin import Origin
from headstart.backbones.providers import find_provider


def load_network(origin: Origin) -> LoadedNetwork:
    """Return the network in inference mode, float32, with its layers measured.

    Raises:
        BackboneError: an unknown architecture, an input of an unsupported kind, or weights that do not fit or cannot be
            fetched.
    """
    return find_provider(origin.provider).load(origin)


def build_untrained(origin: Origin, seed: int) -> LoadedNetwork:
    """Return the same architecture with random weights, as its authors begin: the yardstick of pretraining."""
    return find_provider(origin.provider).load(origin, seed)
