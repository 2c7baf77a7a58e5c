"""Loading a network: weights or a clear error, never random weights without being asked."""

from headstart.backbones.backbone import PYTORCH_EXPORT
from headstart.backbones.loaded import BuiltNetwork, LoadedNetwork
from headstart.backbones.origin import Origin
from headstart.backbones.provider import GraphProvider
from headstart.backbones.providers import find_provider
from headstart.process import passive_waiting
from headstart_runtime.errors import BackboneError


def load_network(origin: Origin) -> LoadedNetwork:
    """Return the network in inference mode, float32, with its layers measured.

    Raises:
        BackboneError: an unknown architecture, an input of an unsupported kind, or weights that do not fit or cannot be
            fetched.
        MissingExtra: PyTorch is not installed.
    """
    return find_provider(origin.provider).load(origin)


def build_untrained(origin: Origin, seed: int) -> LoadedNetwork:
    """Return the same architecture with random weights, as its authors begin: the yardstick of pretraining."""
    return find_provider(origin.provider).load(origin, seed)


def load_facts(origin: Origin) -> LoadedNetwork | BuiltNetwork:
    """Return a network with its facts: as its graph where its provider builds that, else loaded with PyTorch.

    Raises:
        BackboneError: as of ``load_network`` and ``build_network``.
        MissingExtra: PyTorch is needed and not installed.
    """
    if origin.conversion != PYTORCH_EXPORT:
        return build_network(origin)
    with passive_waiting():
        return load_network(origin)


def build_network(origin: Origin) -> BuiltNetwork:
    """Return the graph of a network that its provider builds without PyTorch.

    Raises:
        BackboneError: its provider builds none, or the weights do not fit.
    """
    provider = find_provider(origin.provider)
    if not isinstance(provider, GraphProvider):
        raise BackboneError(
            f"{origin.name} is to be converted by {origin.conversion}, and its provider builds no graph"
        )
    return provider.build_graph(origin)
