"""Forward passes of many items through the branches of a saved classifier: parts from the host, networks in OpenVINO.

A network that several branches share is compiled once and runs once for each part.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headstart.arrays import Floats
from headstart.hardware import count_cores, has_bf16
from headstart.inference import model_format
from headstart.inference.openvino import Runner
from headstart.modalities.batch import AnySpec, Batch, Part, average_parts
from headstart.modalities.checks import collate_parts
from headstart.modalities.modality import Modality

SORTED = 4  #: batches whose parts are sorted by length before they are cut, where parts are as long as they come

PartsBySpec = Mapping[AnySpec, Sequence[Part]]  #: of one item


@dataclass(frozen=True, slots=True)
class ForwardPass:
    """One network's forward pass over parts of items."""

    runner: Runner
    spec: AnySpec
    outputs: Mapping[int, str]  #: branch -> the runner's output that holds its features


@dataclass(frozen=True, slots=True)
class BatchRunner:
    """The forward passes that many items go through, together or in any number of threads."""

    passes: tuple[ForwardPass, ...]
    modality: Modality
    batch: int  #: parts in a call
    streams: int  #: calls that run at the same time

    def choose_size(self, count: int | None = None) -> int:
        """Return how many of ``count`` items are best extracted together; None where it is not known how many come.

        Several batches where parts are as long as they come, so that those of like length are padded together.
        """
        if not any(None in tensor.shape for one in self.passes for tensor in one.spec.tensors):
            return self.batch
        share = SORTED * self.batch if count is None else -(-count // self.streams)
        return max(self.batch, min(share, SORTED * self.batch))

    def extract(self, items: Sequence[PartsBySpec]) -> list[Floats]:
        """Return the features of each branch, in order, float32 (N, D): of each item the mean of those of its parts."""
        features: dict[int, Floats] = {}
        batches: dict[AnySpec, tuple[list[Batch], NDArray[np.int64]]] = {}
        for one in self.passes:
            counts = [len(item[one.spec]) for item in items]
            if one.spec not in batches:
                batches[one.spec] = self._make_batches([part for item in items for part in item[one.spec]], one.spec)
            made, places = batches[one.spec]
            found = [one.runner.run(batch) for batch in made]
            for branch, name in one.outputs.items():
                rows = found[0][name] if len(found) == 1 else np.concatenate([piece[name] for piece in found])[places]
                features[branch] = average_parts(rows, counts)
        return [features[branch] for branch in range(len(features))]

    def _make_batches(self, parts: Sequence[Part], spec: AnySpec) -> tuple[list[Batch], NDArray[np.int64]]:
        """Return parts in batches, those of like length together, and for each part its row among all of theirs."""
        order = np.arange(len(parts))
        free = [(one.name, axis) for one in spec.tensors for axis, size in enumerate(one.shape, 1) if size is None]
        if free and len(parts) > self.batch:
            alone = [collate_parts(self.modality, [part], spec) for part in parts]
            order = np.argsort([sum(one[name].shape[axis] for name, axis in free) for one in alone], kind="stable")
        pieces = (order[start : start + self.batch] for start in range(0, len(parts), self.batch))
        batches = [collate_parts(self.modality, [parts[place] for place in piece], spec) for piece in pieces]
        return batches, np.argsort(order)


def compile_branches(graph: bytes, branches: Sequence[model_format.BranchFacts], modality: Modality) -> BatchRunner:
    """Compile what gives the features of all branches.

    Args:
        graph: the bytes of ``model.onnx``.
        branches: as ``model.json`` describes them.
        modality: of the items.

    Raises:
        EngineError: OpenVINO cannot read or compile a network.
    """
    streams = count_cores()
    networks: dict[int, list[int]] = {}
    for index, branch in enumerate(branches):
        networks.setdefault(branch.network, []).append(index)
    passes = []
    for members in networks.values():
        first = members[0]
        outputs = {branches[index].layers: model_format.features_name(index) for index in members}
        taps = tuple(dict.fromkeys(tap for index in members for tap in branches[index].taps))
        runner = _compile(graph, branches[first], first, tuple(outputs.values()), taps, streams)
        by_branch = {index: outputs[branches[index].layers] for index in members}
        passes.append(ForwardPass(runner, branches[first].spec, by_branch))
    return BatchRunner(tuple(passes), modality, passes[0].runner.batch, streams)


def _compile(
    graph: bytes,
    branch: model_format.BranchFacts,
    first: int,
    outputs: tuple[str, ...],
    taps: tuple[str, ...],
    streams: int,
) -> Runner:
    """Compile a network cut out of the graph, from the tensors of its first branch to features."""
    return Runner(
        graph,
        tensors=branch.spec.tensors,
        precision="bf16" if branch.precision == "bf16" and has_bf16() else "f32",
        streams=streams,
        start={one.name: model_format.tensor_name(one.name, first) for one in branch.spec.tensors},
        outputs=outputs,
        taps=taps,
    )
