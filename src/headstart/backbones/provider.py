"""The protocols of a provider: a zoo of pretrained networks."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from headstart.backbones.origin import BackboneListing, Origin

if TYPE_CHECKING:
    from headstart.backbones.loaded import BuiltNetwork, LoadedNetwork


class Provider(Protocol):
    """Finds and loads the networks of one zoo. Only ``load`` imports PyTorch.

    A package of your own registers one under the entry point group ``headstart.providers``; see docs/backbones.md.
    """

    scheme: str  #: names the provider; another's own names begin with it and a colon, "zoo:NAME"

    def resolve(self, name: str) -> Origin | None:
        """Return where the weights of a backbone's name come from; None where the name is none of this provider's.

        Raises:
            BackboneError: the name is this provider's and there is no such network, or its weights are damaged.
        """
        ...

    def search(self, pattern: str) -> Iterable[BackboneListing]:
        """Yield the networks whose names match a pattern with * and ?, or contain it; in any case; all for "".

        A network whose listing says the ``modality`` that it reads is offered where none is named.
        """
        ...

    def load(self, origin: Origin, seed: int | None = None) -> "LoadedNetwork":
        """Return a network in inference mode, float32; with a seed, random weights instead of pretrained ones.

        Raises:
            BackboneError: an unknown architecture, or weights that do not fit or cannot be fetched.
            MissingExtra: what it loads with is not installed.
        """
        ...


@runtime_checkable
class GraphProvider(Protocol):
    """A provider that builds the ONNX graphs of some networks itself, so that PyTorch only trains them.

    The ``conversion`` of their ``Origin`` names it, with a version that changes whenever features would.
    """

    def build_graph(self, origin: Origin) -> "BuiltNetwork":
        """Return the graph of a network whose ``Origin`` says that this provider converts it.

        Raises:
            BackboneError: weights that do not fit.
        """
        ...
