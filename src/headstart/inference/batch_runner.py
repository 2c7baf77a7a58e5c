"""Forward passes of many photos through the branches of a saved classifier: pixels on the host, networks in OpenVINO.

A network that several branches share is compiled once and runs once for each photo.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from headstart.arrays import Floats
from headstart.hardware import count_cores, has_bf16
from headstart.inference import model_format
from headstart.inference.openvino import Runner
from headstart.modalities.image.decode import Pixels
from headstart.modalities.image.spec import ImageSpec


@dataclass(frozen=True, slots=True)
class ForwardPass:
    """One network's forward pass over the photos."""

    runner: Runner
    spec: ImageSpec
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
            rows = one.runner.run({model_format.PIXELS: pixels[one.spec]})
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
    networks: dict[int, list[int]] = {}
    for index, branch in enumerate(branches):
        networks.setdefault(branch.network, []).append(index)
    passes = []
    for members in networks.values():
        first = members[0]
        outputs = {branches[index].layers: model_format.features_name(index) for index in members}
        runner = _compile(graph, branches[first], first, tuple(outputs.values()), streams)
        by_branch = {index: outputs[branches[index].layers] for index in members}
        passes.append(ForwardPass(runner, branches[first].spec, by_branch))
    return BatchRunner(tuple(passes), passes[0].runner.batch, streams)


def _compile(
    graph: bytes,
    branch: model_format.BranchFacts,
    first: int,
    outputs: tuple[str, ...],
    streams: int,
) -> Runner:
    """Compile a network cut out of the graph, from the pixels of its first branch to features."""
    return Runner(
        graph,
        tensors=branch.spec.tensors,
        precision="bf16" if branch.precision == "bf16" and has_bf16() else "f32",
        streams=streams,
        start={model_format.PIXELS: model_format.pixels_name(first)},
        outputs=outputs,
    )
