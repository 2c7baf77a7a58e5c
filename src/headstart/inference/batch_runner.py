"""Forward passes of many photos through the branches of a saved classifier: pixels on the host, networks in OpenVINO.

A network that several branches share is compiled once, as far as their layers allow, and runs once for each view of the
photo that they see.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from headstart.arrays import Floats
from headstart.hardware import count_cores, has_bf16
from headstart.inference import model_format
from headstart.inference.openvino import Runner
from headstart.modalities.image.decode import Pixels
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
    """The forward passes that many photos go through, together or in any number of threads."""

    passes: tuple[ForwardPass, ...]
    batch: int  #: photos in a call
    streams: int  #: calls that run at the same time

    @property
    def specs(self) -> tuple[ImageSpec, ...]:
        """The image specs of the branches, each once."""
        return tuple(dict.fromkeys(one.spec for one in self.passes))

    def extract(self, pixels: Mapping[ImageSpec, Pixels]) -> list[Floats]:
        """Return the features of each branch, in order, float32 (B, D).

        Args:
            pixels: for each spec uint8 (B, S, S, 3), B at most ``batch``.
        """
        features: dict[int, Floats] = {}
        for one in self.passes:
            view = pixels[one.spec]
            rows = one.runner.run(
                {model_format.PIXELS: np.ascontiguousarray(view[:, :, ::-1]) if one.flipped else view}
            )
            features |= {branch: rows[name] for branch, name in one.outputs.items()}
        return [features[branch] for branch in range(len(features))]


def compile_branches(graph: bytes, branches: Sequence[model_format.BranchFacts]) -> BatchRunner:
    """Compile what gives the features of all branches.

    Args:
        graph: the bytes of ``model.onnx``.
        branches: as ``model.json`` describes them.

    Raises:
        EngineError: OpenVINO cannot read or compile a network.
    """
    streams = count_cores()
    views: dict[tuple[int, bool], list[int]] = {}
    for index, branch in enumerate(branches):
        views.setdefault((branch.network, branch.flipped), []).append(index)
    compiled: list[_CompiledNetwork] = []
    passes = []
    for (network, flipped), members in views.items():
        outputs = {branches[index].layers: model_format.features_name(index) for index in members}
        fitting = (one for one in compiled if one.network == network and outputs.keys() <= one.outputs.keys())
        known = next(fitting, None)
        if known is None:
            known = _CompiledNetwork(
                network, outputs, _compile(graph, branches[members[0]], members[0], outputs, streams)
            )
            compiled.append(known)
        by_branch = {index: known.outputs[branches[index].layers] for index in members}
        passes.append(ForwardPass(known.runner, branches[members[0]].spec, flipped, by_branch))
    return BatchRunner(tuple(passes), compiled[0].runner.batch, streams)


@dataclass(frozen=True, slots=True)
class _CompiledNetwork:
    network: int
    outputs: Mapping[tuple[str, ...], str]  #: layers -> the output that holds them joined
    runner: Runner


def _compile(
    graph: bytes,
    branch: model_format.BranchFacts,
    first: int,
    outputs: Mapping[tuple[str, ...], str],
    streams: int,
) -> Runner:
    """Compile a network cut out of the graph, from the pixels of the first branch that sees this view to features."""
    return Runner(
        graph,
        tensors=branch.spec.tensors,
        precision="bf16" if branch.precision == "bf16" and has_bf16() else "f32",
        streams=streams,
        start={model_format.PIXELS: model_format.pixels_name(first)},
        outputs=tuple(outputs.values()),
    )
