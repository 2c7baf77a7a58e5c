"""The inputs of a classifier's whole graph, made of one item.

Where the modality can prepare an item inside the graph, the graph reads the decoded item. Where it cannot, the host
prepares it, everywhere alike: the graph begins at the networks' tensors, for all parts of the item, and takes the mean
of their features.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from headstart_runtime.inference.model_format import ModelRecord, tensor_name
from headstart_runtime.modalities.batch import AnySpec, Batch, Part
from headstart_runtime.modalities.checks import collate_parts
from headstart_runtime.modalities.item import OpenedItem
from headstart_runtime.modalities.modality import Modality


def load_graph_inputs(item: OpenedItem, record: ModelRecord) -> Batch:
    """Return what the graph of a classifier reads for an item.

    Raises:
        BrokenItem: the item cannot be read or decoded.
    """
    modality = record.modality
    if modality.graph is not None:
        return modality.graph.feed(item.load(record.spec))
    specs = [branch.spec for branch in record.branches]
    return collate_inputs(modality, item.load_for_specs(list(find_first_branches(specs))), specs)


def make_graph_inputs(value: Any, modality: Modality, specs: Sequence[AnySpec]) -> Batch:
    """Return what the graph of a classifier reads for a decoded item.

    Args:
        value: decoded for the largest of the specs.
        modality: of the item.
        specs: of each branch.
    """
    if modality.graph is not None:
        return modality.graph.feed(value)
    parts = {spec: modality.make_parts(value, spec) for spec in find_first_branches(specs)}
    return collate_inputs(modality, parts, specs)


def collate_inputs(modality: Modality, parts: Mapping[AnySpec, Sequence[Part]], specs: Sequence[AnySpec]) -> Batch:
    """Return the inputs of a graph that begins at the networks' tensors.

    Args:
        modality: of the specs.
        parts: for each spec the parts that it makes of the item.
        specs: of each branch.
    """
    return {
        tensor_name(name, branch): tensor
        for spec, branch in find_first_branches(specs).items()
        for name, tensor in collate_parts(modality, parts[spec], spec).items()
    }


def find_first_branches(specs: Iterable[AnySpec]) -> dict[AnySpec, int]:
    """Return the first branch of each spec, from the specs of all branches: its tensors are the graph's inputs."""
    found: dict[AnySpec, int] = {}
    for branch, spec in enumerate(specs):
        found.setdefault(spec, branch)
    return found
