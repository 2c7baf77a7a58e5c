"""OpenVINO on a CPU.

Two checks are kept beside the converted network. *Conversion*: at a network's first use on a machine OpenVINO in
float32 is held to PyTorch in float32. *Precision*: bf16 is held to float32 on each new set of samples, for how much it
loses depends on them; this one needs no PyTorch.
"""

import copy
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from headstart import events
from headstart.arrays import Floats
from headstart.backbones.backbone import Backbone
from headstart.engines.engine import Engine
from headstart.engines.parity import (
    CONVERSION_SAMPLES,
    LEAST_COSINE,
    EngineChoice,
    ParityCheck,
    ParitySamples,
    check_parity,
    describe_cosine,
    keep_check,
    machine_key,
)
from headstart.engines.rounding import round_graph
from headstart.errors import EngineError
from headstart.hardware import ComputePrecision, Hardware, count_cores, has_bf16
from headstart.inference.openvino import BATCH, Runner
from headstart.modalities.batch import Batch, TensorSpec, take
from headstart.modalities.modality import get_modality
from headstart.process import passive_waiting
from headstart.settings import Precision

if TYPE_CHECKING:
    from torch import nn


class OpenVinoEngine:
    """Runs a backbone's graph on the processor, one stream per core."""

    name = "openvino"

    def __init__(self, backbone: Backbone, precision: ComputePrecision, *, batch: int = BATCH, streams: int = 0):
        self.batch = batch
        self.streams = streams or count_cores()
        layers = tuple(layer.name for layer in backbone.layers)
        self.compile(backbone.graph, backbone.spec.tensors, layers, precision)

    def compile(
        self, graph: Path, tensors: Sequence[TensorSpec], outputs: tuple[str, ...], precision: ComputePrecision
    ) -> None:
        """Take another graph, which is run from now on; the arguments are those of ``subgraph``."""
        self.precision: ComputePrecision = precision
        self._runner = Runner(
            round_graph(graph) if precision == "bf16" else graph,
            batch=self.batch,
            tensors=tensors,
            precision=precision,
            streams=self.streams,
            outputs=outputs,
        )

    def forward(self, batch: Batch) -> dict[str, Floats]:
        """See ``Engine.forward``."""
        return self._runner.run(batch)

    def subgraph(
        self,
        write: Callable[[], Path],
        tensors: Sequence[TensorSpec],
        outputs: tuple[str, ...],
        precision: ComputePrecision,
    ) -> "OpenVinoEngine":
        """See ``Engine.subgraph``."""
        part = copy.copy(self)
        part.compile(write(), tensors, outputs, precision)
        return part


class OpenVinoFactory:
    """Starts OpenVINO: in float32 checked against PyTorch, in bf16 against itself."""

    name, title = "openvino", "OpenVINO"

    def rank(self, backbone: Backbone, hardware: Hardware) -> float | None:
        """See ``EngineFactory.rank``."""
        return 1.0

    def start(
        self, backbone: Backbone, samples: ParitySamples, precision: Precision, listener: events.Listener
    ) -> EngineChoice:
        """See ``EngineFactory.start``."""

        @cache  # compiling takes a while, and a check and the work after it want the same engine
        def engine(step: ComputePrecision) -> Engine:
            return OpenVinoEngine(backbone, step)

        wanted: ComputePrecision = ("bf16" if has_bf16() else "f32") if precision == "auto" else precision
        conversion = keep_check(
            backbone, f"conversion-{machine_key()}", lambda: _check_conversion(backbone, engine, wanted, samples)
        )
        if not conversion.passed:
            raise EngineError(
                f"OpenVINO gives other features than PyTorch for {backbone.name} "
                f"(cosine {describe_cosine(conversion.least_cosine)}, wanted {LEAST_COSINE})"
            )
        if wanted == "f32":
            return EngineChoice(engine("f32"), (conversion,))
        check = keep_check(
            backbone, f"bf16-{machine_key()}-{samples.key}", lambda: _check_bf16(engine("bf16"), engine("f32"), samples)
        )
        if check.passed or precision == "bf16":
            return EngineChoice(engine("bf16"), (conversion, check))
        noun = get_modality(backbone.spec.kind).noun
        listener(
            events.Note(
                f"bf16 loses too much on these {noun.many} (cosine {describe_cosine(check.least_cosine)}, wanted "
                f"{LEAST_COSINE}); float32 is used instead, about half as fast"
            )
        )
        return EngineChoice(engine("f32"), (conversion, check))


def _check_conversion(
    backbone: Backbone, engine: Callable[[ComputePrecision], Engine], wanted: ComputePrecision, samples: ParitySamples
) -> ParityCheck:
    with passive_waiting():
        from headstart.engines.pytorch import PyTorchEngine

    exact = engine("f32")
    with ThreadPoolExecutor(1) as pool:
        compiled = pool.submit(engine, wanted)  # needed next, and ready by the time PyTorch has answered
        reference = PyTorchEngine(backbone, "f32", device="cpu")
        check = check_parity(exact, reference, take(samples.load(), slice(CONVERSION_SAMPLES)))
        compiled.result()
    return check


def check_trained_network(backbone: Backbone, network: "nn.Module", samples: ParitySamples) -> ParityCheck:
    """Hold the conversion of a network that was trained here to the network in memory; kept for later."""
    with passive_waiting():
        from headstart.engines.pytorch import PyTorchEngine

    reference = PyTorchEngine(backbone, "f32", device="cpu", network=network)
    exact = OpenVinoEngine(backbone, "f32")
    shown = take(samples.load(), slice(CONVERSION_SAMPLES))
    return keep_check(backbone, f"conversion-{machine_key()}", lambda: check_parity(exact, reference, shown))


def _check_bf16(engine: Engine, exact: Engine, samples: ParitySamples) -> ParityCheck:
    return check_parity(engine, exact, samples.load())
