"""Inputs of a saved graph, in words."""

from headstart.errors import UserError
from headstart.modalities.modality import get_modality


def describe_inputs(modality: str) -> str:
    """Return the inputs of a graph that was saved for a modality in words, as Markdown."""
    try:
        facet = get_modality(modality).graph
    except UserError:
        facet = None
    return facet.describe() if facet is not None else "the tensors of its networks"
