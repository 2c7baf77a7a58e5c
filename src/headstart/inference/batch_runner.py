"""Many photos through the branches of a saved classifier: pixels on the host, networks in OpenVINO.

A network that several branches share is compiled once, as far as their layers allow, and runs once for each view of the
photo that they see.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headstart.hardware import count_cores, has_bf16
from headstart.inference import model_format
from headstart.inference.openvino import Runner
from headstart.modalities.image.spec import ImageSpec


@dataclass(frozen=True, slots=True)
class ForwardPass:
    """One forward pass over one view of the photos."""

    runner: Runner
    spec: ImageSpec
    flipped: bool  #: the photos are mirrored left to right first
    outputs: Mapping[int, str]  #: branch -> the runner's output that holds its features


@dataclass(frozen=True, slots=True)
class BatchRunner:
    """All that many photos go through, together or in any number of threads."""

    all: tuple[ForwardPass, ...]
    batch: int  #: photos in a call
    streams: int  #: calls that run at the same time

    @property
    def specs(self) -> tuple[ImageSpec, ...]:
        """The branches' image specs, each once."""
        return tuple(dict.fromkeys(it.spec for it in self.all))

    def features(self, pixels: Mapping[ImageSpec, NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        """For each spec uint8 (B, S, S, 3), B <= batch -> for each branch, in order, float32 (B, D)."""
        found: dict[int, NDArray[np.float32]] = {}
        for it in self.all:
            seen = pixels[it.spec]
            rows = it.runner.run(np.ascontiguousarray(seen[:, :, ::-1]) if it.flipped else seen)
            found |= {branch: rows[name] for branch, name in it.outputs.items()}
        return [found[branch] for branch in range(len(found))]


def compile_branches(graph: bytes, branches: Sequence[model_format.BranchFacts]) -> BatchRunner:
    """The passes that give all branches' features.

    Args:
        graph: the bytes of ``model.onnx``.
        branches: as ``model.json`` says.

    Raises:
        EngineError: OpenVINO cannot read or compile a network.
    """
    streams = count_cores()
    views: dict[tuple[int, bool], list[int]] = {}
    for index, branch in enumerate(branches):
        views.setdefault((branch.network, branch.flipped), []).append(index)
    runners: list[_Compiled] = []
    passes = []
    for (network, flipped), members in views.items():
        wanted = {branches[index].layers: model_format.features_name(index) for index in members}
        fitting = (it for it in runners if it.network == network and wanted.keys() <= it.outputs.keys())
        known = next(fitting, None)
        if known is None:
            known = _Compiled(network, wanted, _runner(graph, branches[members[0]], members[0], wanted, streams))
            runners.append(known)
        outputs = {index: known.outputs[branches[index].layers] for index in members}
        passes.append(ForwardPass(known.runner, branches[members[0]].spec, flipped, outputs))
    return BatchRunner(tuple(passes), runners[0].runner.batch, streams)


@dataclass(frozen=True, slots=True)
class _Compiled:
    network: int
    outputs: Mapping[tuple[str, ...], str]  #: layers -> the output that holds them concat_normalized
    runner: Runner


def _runner(
    graph: bytes, branch: model_format.BranchFacts, first: int, outputs: Mapping[tuple[str, ...], str], streams: int
) -> Runner:
    """A network cut out of the graph, from the pixels of the first branch that sees this view to features."""
    return Runner(
        graph,
        size=branch.spec.size,
        precision="bf16" if branch.precision == "bf16" and has_bf16() else "f32",
        streams=streams,
        start=model_format.pixels_name(first),
        outputs=tuple(outputs.values()),
    )
