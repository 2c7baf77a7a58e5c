"""The facet of a modality whose preprocessing can be part of a saved graph."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from headstart_runtime.modalities.batch import AnySpec, Batch

if TYPE_CHECKING:
    from headstart.modalities.graph_builder import GraphBuilder


class PreprocessingFacet(Protocol):
    """Preprocessing inside the saved graph."""

    one_part: bool  #: whether it makes one part of every item; of several the graph takes the mean of their features

    def inputs(self) -> Sequence[tuple[str, str, Sequence[int | str]]]:
        """Return name, NumPy's dtype and shape of the graph's inputs, for one item."""

    def describe(self) -> str:
        """Return the graph's inputs in words, as Markdown: "`waveform`, float32 (T,), at 16 kHz,"."""

    def feed(self, value: Any) -> Batch:
        """Return a decoded item as the graph's inputs."""

    def add(self, builder: "GraphBuilder", spec: AnySpec, prefix: str) -> Mapping[str, str]:
        """Add all from the inputs to a network's tensors; return the node of each tensor by its name."""

    def describe_difference(self, graph: Sequence[Batch], host: Sequence[Batch]) -> str:
        """Return how the tensors of N items differ, by more than rounding explains; "" where they do not.

        Args:
            graph: for each item the network's tensors inside the graph.
            host: as ``collate`` gives them.

        Returns:
            A clause with the step that differs: "the input differs (step: preprocessing)".
        """
