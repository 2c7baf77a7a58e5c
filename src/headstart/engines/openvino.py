"""OpenVINO on a CPU.

Checks are kept beside the converted network. *Conversion*: at a network's first use on a machine OpenVINO in float32 is
held to PyTorch in float32; where the graph was built without PyTorch, to the rows that PyTorch once gave for drawn
inputs, and to ONNX Runtime. *Precision*: bf16 is held to float32 on each new set of samples, for how much it
loses depends on them; this one needs no PyTorch.
"""

import copy
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from headstart import events
from headstart.backbones.backbone import PYTORCH_EXPORT, Backbone
from headstart.backbones.reference import read_reference
from headstart.engines.engine import Engine
from headstart.engines.onnxruntime import OnnxRuntimeEngine
from headstart.engines.parity import (
    CONVERSION_SAMPLES,
    LEAST_COSINE,
    EngineChoice,
    ParityCheck,
    ParitySamples,
    check_parity,
    compare_rows,
    describe_cosine,
    keep_check,
    machine_key,
)
from headstart.engines.rounding import round_graph
from headstart.process import passive_waiting
from headstart.settings import Precision
from headstart_runtime.arrays import Floats
from headstart_runtime.errors import EngineError
from headstart_runtime.extras import require_extra
from headstart_runtime.hardware import ComputePrecision, Hardware, count_cores, has_bf16
from headstart_runtime.inference.openvino import BATCH, Runner
from headstart_runtime.libraries import import_openvino
from headstart_runtime.modalities.batch import Batch, TensorSpec, take
from headstart_runtime.modalities.modality import get_modality

if TYPE_CHECKING:
    from torch import nn


class OpenVinoEngine:
    """Runs a backbone's graph on the processor, one stream per core; compiles it when it is first used."""

    name = "openvino"

    def __init__(self, backbone: Backbone, precision: ComputePrecision, *, batch: int = BATCH, streams: int = 0):
        self.batch = batch
        self.streams = streams or count_cores()
        layers = tuple(layer.name for layer in backbone.layers)
        self.set_graph(backbone.graph, backbone.spec.tensors, layers, precision)

    def set_graph(
        self, graph: Path, tensors: Sequence[TensorSpec], outputs: tuple[str, ...], precision: ComputePrecision
    ) -> None:
        """Take another graph, which is run from now on; the arguments are those of ``subgraph``."""
        self.precision: ComputePrecision = precision
        self._runner = _OnFirstUse(
            lambda: Runner(
                round_graph(graph) if precision == "bf16" else graph,
                batch=self.batch,
                tensors=tensors,
                precision=precision,
                streams=self.streams,
                outputs=outputs,
            )
        )

    def compile(self) -> None:
        """Compile the graph now, if it has not been.

        Raises:
            EngineError: OpenVINO cannot read or compile it.
        """
        self._runner.get()

    def forward(self, batch: Batch) -> dict[str, Floats]:
        """See ``Engine.forward``.

        Raises:
            EngineError: OpenVINO cannot read or compile the graph.
        """
        return self._runner.get().run(batch)

    def subgraph(
        self,
        write: Callable[[], Path],
        tensors: Sequence[TensorSpec],
        outputs: tuple[str, ...],
        precision: ComputePrecision,
    ) -> "OpenVinoEngine":
        """See ``Engine.subgraph``."""
        part = copy.copy(self)
        part.set_graph(write(), tensors, outputs, precision)
        part.compile()
        return part


class _OnFirstUse:
    """A compiled graph that is made once, by the first thread that needs it: known rows need none."""

    def __init__(self, make: Callable[[], Runner]):
        self._make, self._lock = make, threading.Lock()
        self._runner: Runner | None = None

    def get(self) -> Runner:
        """Return it."""
        with self._lock:
            if self._runner is None:
                self._runner = self._make()
            return self._runner


_Engines = Callable[[ComputePrecision], OpenVinoEngine]


class OpenVinoFactory:
    """Starts OpenVINO: in float32 checked against a reference, in bf16 against itself."""

    name, title = "openvino", "OpenVINO"

    def rank(self, backbone: Backbone, hardware: Hardware) -> float | None:
        """See ``EngineFactory.rank``."""
        return 1.0

    def start(
        self, backbone: Backbone, samples: ParitySamples, precision: Precision, listener: events.Listener
    ) -> EngineChoice:
        """See ``EngineFactory.start``."""
        import_openvino()  # where it is gone since a check was kept, another engine runs the network

        @cache  # compiling takes a while, and a check and the work after it want the same engine
        def engine(step: ComputePrecision) -> OpenVinoEngine:
            return OpenVinoEngine(backbone, step)

        wanted: ComputePrecision = ("bf16" if has_bf16() else "f32") if precision == "auto" else precision
        conversions = tuple(_check_conversions(backbone, engine, wanted, samples))
        if wanted == "f32":
            return EngineChoice(engine("f32"), conversions)
        check = keep_check(
            backbone, f"bf16-{machine_key()}-{samples.key}", lambda: _check_bf16(engine("bf16"), engine("f32"), samples)
        )
        if check.passed or precision == "bf16":
            return EngineChoice(engine("bf16"), (*conversions, check))
        noun = get_modality(backbone.spec.kind).noun
        listener(
            events.Note(
                f"bf16 loses too much on these {noun.many} (cosine {describe_cosine(check.least_cosine)}, wanted "
                f"{LEAST_COSINE}); float32 is used instead, about half as fast"
            )
        )
        return EngineChoice(engine("f32"), (*conversions, check))


def _check_conversions(
    backbone: Backbone, engine: _Engines, wanted: ComputePrecision, samples: ParitySamples
) -> Iterator[ParityCheck]:
    """Yield the checks of the conversion; they are made once on a machine.

    Raises:
        EngineError: one is not passed.
    """
    checks: dict[str, tuple[str, Callable[[], ParityCheck]]] = {
        "conversion": ("PyTorch", lambda: _check_conversion(backbone, engine, wanted, samples))
    }
    if backbone.conversion != PYTORCH_EXPORT:
        checks = {
            "reference": ("PyTorch once", lambda: _check_reference(backbone, engine)),
            "runtime": ("ONNX Runtime", lambda: _check_runtime(backbone, engine, wanted, samples)),
        }
    for name, (title, make) in checks.items():
        check = keep_check(backbone, f"{name}-{machine_key()}", make)
        if not check.passed:
            raise EngineError(
                f"OpenVINO gives other features than {title} for {backbone.name} "
                f"(cosine {describe_cosine(check.least_cosine)}, wanted {LEAST_COSINE})"
            )
        yield check


def _check_reference(backbone: Backbone, engine: _Engines) -> ParityCheck:
    """Hold a graph that was built here to rows that were kept from PyTorch."""
    try:
        kept = read_reference(backbone.folder)
    except (OSError, ValueError) as error:
        raise EngineError(
            f"the reference rows of {backbone.name} cannot be read ({error}); remove {backbone.folder}"
        ) from None
    exact = engine("f32")
    shapes = {one.name: kept.batch[one.name].shape[1:] for one in backbone.spec.tensors}
    axes = (
        (axis, seen) for one in backbone.spec.tensors for axis, seen in zip(one.shape, shapes[one.name], strict=True)
    )
    if any(axis not in (None, seen) for axis, seen in axes):  # lengths that were fitted to the samples
        tensors = [TensorSpec(one.name, one.dtype, shapes[one.name]) for one in backbone.spec.tensors]
        exact = copy.copy(exact)
        exact.set_graph(backbone.graph, tensors, tuple(layer.name for layer in backbone.layers), "f32")
    return compare_rows(exact, kept.batch, kept.rows, f"rows kept from {kept.source}")


def _check_runtime(
    backbone: Backbone, engine: _Engines, wanted: ComputePrecision, samples: ParitySamples
) -> ParityCheck:
    """Hold OpenVINO to ONNX Runtime on samples."""
    exact = engine("f32")
    with ThreadPoolExecutor(1) as pool:
        compiled = pool.submit(engine(wanted).compile)  # needed next
        check = check_parity(exact, OnnxRuntimeEngine(backbone), take(samples.load(), slice(CONVERSION_SAMPLES)))
        compiled.result()
    return check


def _check_conversion(
    backbone: Backbone, engine: _Engines, wanted: ComputePrecision, samples: ParitySamples
) -> ParityCheck:
    require_extra("train", f"the check of {backbone.name} on this machine", "torch")
    with passive_waiting():
        from headstart.engines.pytorch import PyTorchEngine

    exact = engine("f32")
    with ThreadPoolExecutor(1) as pool:
        compiled = pool.submit(engine(wanted).compile)  # needed next, and ready by the time PyTorch has answered
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
