"""Inputs of a saved graph, in words."""

from headstart_runtime.errors import UserError
from headstart_runtime.modalities.modality import get_modality
from headstart_runtime.modalities.optional_facets import HostModality


def describe_inputs(modality: str) -> str:
    """Return the inputs of a graph that was saved for a modality in words, as Markdown."""
    try:
        kind = get_modality(modality)
    except UserError:
        return "the tensors of its networks"
    if kind.graph is not None:
        return kind.graph.describe()
    return kind.describe_tensors() if isinstance(kind, HostModality) else "the tensors of its networks"
