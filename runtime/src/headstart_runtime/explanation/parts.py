"""The tensors of an item inside a classifier's graph, part by part."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from headstart_runtime.explanation.layer import TensorValues
from headstart_runtime.inference.graph_inputs import collate_inputs, find_first_branches, load_graph_inputs
from headstart_runtime.inference.model_format import ModelRecord
from headstart_runtime.modalities.batch import AnySpec, Batch, InputSpec
from headstart_runtime.modalities.item import OpenedItem

RunGraph = Callable[[Batch], TensorValues]  #: gives the tensors of what the graph reads


@dataclass(frozen=True, slots=True)
class ItemValues:
    """The tensors of an item: as it is answered, and of each of its parts alone."""

    whole: TensorValues
    by_spec: Mapping[AnySpec, Sequence[TensorValues]]
    specs: Sequence[AnySpec]  #: of each branch

    def parts(self, branch: int) -> Sequence[TensorValues]:
        """Return the tensors of each part that a branch sees."""
        return self.by_spec[self.specs[branch]]


def compute_item(
    run: RunGraph, item: OpenedItem, record: ModelRecord, read: Mapping[AnySpec, Sequence[str]]
) -> ItemValues:
    """Return the tensors of an item.

    Where the host makes the parts, each goes through the graph alone: none is padded to the length of another.

    Args:
        run: a session.
        item: as it was opened.
        record: of the classifier.
        read: the tensors of parts that are asked for, by the specs of their networks, a layer's features first.

    Raises:
        BrokenItem: it cannot be read or decoded.
    """
    specs = [branch.spec for branch in record.branches]
    first = find_first_branches(specs)
    if record.modality.graph is not None:
        whole = run(load_graph_inputs(item, record))
        return ItemValues(whole, {spec: _split(whole, names) for spec, names in read.items()}, specs)
    parts = item.load_for_specs(list(first))
    whole = run(collate_inputs(record.modality, parts, specs))
    most = max(len(parts[spec]) for spec in first)
    if most == 1:
        return ItemValues(whole, {spec: [whole] for spec in first}, specs)
    turns = [{spec: parts[spec][min(turn, len(parts[spec]) - 1) :][:1] for spec in first} for turn in range(most)]
    values = [run(collate_inputs(record.modality, turn, specs)) for turn in turns]
    return ItemValues(whole, {spec: values[: len(parts[spec])] for spec in first}, specs)


def _split(values: TensorValues, names: Sequence[str]) -> list[TensorValues]:
    """Return tensors of all parts as those of each."""
    count = len(values[names[0]])
    if count == 1:
        return [values]
    return [{name: values[name][part : part + 1] for name in names} for part in range(count)]


def halve(probe: Batch, spec: InputSpec) -> Batch:
    """Return one part cut to half its length along axes that are as long as they come; nothing where none is."""
    if all(None not in tensor.shape for tensor in spec.tensors):
        return {}
    halves = {}
    for tensor in spec.tensors:
        values = probe[tensor.name]
        lengths = (max(1, size // 2) for size in values.shape[1:])
        cut = (slice(length if axis is None else None) for axis, length in zip(tensor.shape, lengths, strict=True))
        halves[tensor.name] = values[(slice(None), *cut)]
    return halves
