"""Forward passes of many items through the branches of a saved classifier: parts from the host, networks in OpenVINO.

A network that several branches share is compiled once and runs once for each part.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from headstart_runtime.arrays import Floats
from headstart_runtime.hardware import count_cores, has_bf16
from headstart_runtime.inference import model_format
from headstart_runtime.inference.openvino import BATCH, Runner
from headstart_runtime.modalities.batch import AnySpec, Part, average_parts
from headstart_runtime.modalities.modality import Modality
from headstart_runtime.modalities.packing import PackedParts, choose_shard, pack_parts

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
        most = max(choose_shard(one.spec, self.batch) for one in self.passes)
        share = most if count is None else -(-count // self.streams)
        return max(self.batch, min(share, most))

    def extract(self, items: Sequence[PartsBySpec]) -> list[Floats]:
        """Return the features of each branch, in order, float32 (N, D): of each item the mean of those of its parts."""
        features: dict[int, Floats] = {}
        packed: dict[AnySpec, PackedParts] = {}
        for one in self.passes:
            counts = [len(item[one.spec]) for item in items]
            if one.spec not in packed:
                parts = [part for item in items for part in item[one.spec]]
                packed[one.spec] = pack_parts(self.modality, parts, one.spec, self.batch)
            found = [one.runner.run(batch) for batch in packed[one.spec].batches]
            for branch, name in one.outputs.items():
                rows = packed[one.spec].restore([piece[name] for piece in found])
                features[branch] = average_parts(rows, counts)
        return [features[branch] for branch in range(len(features))]


def compile_branches(
    graph: bytes, branches: Sequence[model_format.BranchFacts], modality: Modality, parts: int = BATCH
) -> BatchRunner:
    """Compile what gives the features of all branches.

    Args:
        graph: the bytes of ``model.onnx``.
        branches: as ``model.json`` describes them.
        modality: of the items.
        parts: in a call.

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
        runner = _compile(graph, branches[first], first, tuple(outputs.values()), taps, streams, parts)
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
    parts: int,
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
        batch=parts,
    )
