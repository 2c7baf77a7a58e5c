"""Many photos through the towers of a saved classifier: pixels on the host, networks in OpenVINO.

A network that several towers share is compiled once, as far as their layers allow, and runs once for each view of the
photo that they see.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headstart.inference import format as layout
from headstart.inference.openvino import Runner, cores, has_bf16
from headstart.modalities.image.spec import ImageSpec


@dataclass(frozen=True, slots=True)
class Pass:
    """One forward pass over one view of the photos."""

    runner: Runner
    contract: ImageSpec
    flipped: bool  #: the photos are mirrored left to right first
    outputs: Mapping[int, str]  #: tower -> the runner's output that holds its features


@dataclass(frozen=True, slots=True)
class Passes:
    """All that many photos go through, together or in any number of threads."""

    all: tuple[Pass, ...]
    batch: int  #: photos in a call
    lanes: int  #: calls that run at the same time

    @property
    def contracts(self) -> tuple[ImageSpec, ...]:
        """The towers' pixel contracts, each once."""
        return tuple(dict.fromkeys(it.contract for it in self.all))

    def features(self, pixels: Mapping[ImageSpec, NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        """For each contract uint8 (B, S, S, 3), B <= batch -> for each tower, in order, float32 (B, D)."""
        found: dict[int, NDArray[np.float32]] = {}
        for it in self.all:
            seen = pixels[it.contract]
            rows = it.runner.run(np.ascontiguousarray(seen[:, :, ::-1]) if it.flipped else seen)
            found |= {tower: rows[name] for tower, name in it.outputs.items()}
        return [found[tower] for tower in range(len(found))]


def compiled(graph: bytes, towers: Sequence[layout.BranchFacts]) -> Passes:
    """The passes that give all towers' features.

    Args:
        graph: the bytes of ``model.onnx``.
        towers: as ``model.json`` says.

    Raises:
        EngineError: OpenVINO cannot read or compile a network.
    """
    lanes = cores()
    views: dict[tuple[int, bool], list[int]] = {}
    for index, tower in enumerate(towers):
        views.setdefault((tower.network, tower.flipped), []).append(index)
    runners: list[_Compiled] = []
    passes = []
    for (network, flipped), members in views.items():
        wanted = {towers[index].layers: layout.features_of(index) for index in members}
        fitting = (it for it in runners if it.network == network and wanted.keys() <= it.outputs.keys())
        known = next(fitting, None)
        if known is None:
            known = _Compiled(network, wanted, _runner(graph, towers[members[0]], members[0], wanted, lanes))
            runners.append(known)
        outputs = {index: known.outputs[towers[index].layers] for index in members}
        passes.append(Pass(known.runner, towers[members[0]].contract, flipped, outputs))
    return Passes(tuple(passes), runners[0].runner.batch, lanes)


@dataclass(frozen=True, slots=True)
class _Compiled:
    network: int
    outputs: Mapping[tuple[str, ...], str]  #: layers -> the output that holds them joined
    runner: Runner


def _runner(
    graph: bytes, tower: layout.BranchFacts, first: int, outputs: Mapping[tuple[str, ...], str], lanes: int
) -> Runner:
    """A network cut out of the graph, from the pixels of the first tower that sees this view to features."""
    return Runner(
        graph,
        size=tower.contract.size,
        precision="bf16" if tower.precision == "bf16" and has_bf16() else "f32",
        lanes=lanes,
        start=layout.pixels_of(first),
        outputs=tuple(outputs.values()),
    )
