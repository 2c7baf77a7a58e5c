"""The choice of engine and precision for a backbone on this machine; each is checked on real photos.

Two proofs, kept beside the converted network. *Conversion*: at a network's first use on a machine OpenVINO in float32
is held to PyTorch in float32. *Precision*: bf16 is held to float32 on each new set of photos, for how much it loses
depends on them (photos with flat backgrounds lose most); this one needs no PyTorch.
"""

import hashlib
import json
import platform
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from headstart import events
from headstart.backbones.backbone import Backbone
from headstart.engines.engine import Engine
from headstart.engines.openvino import OpenVinoEngine
from headstart.errors import EngineError
from headstart.hardware import ComputePrecision, has_bf16
from headstart.libraries import import_openvino
from headstart.process import passive_waiting
from headstart.settings import EngineName, Precision
from headstart.storage.atomic import replace_text

if TYPE_CHECKING:
    from torch import nn

#: Between an engine's rows and the reference's, mean over the proof's photos. A row is all layers joined, each scaled
#: to the same length, so that no layer drowns another: its cosine is the mean of the layers' cosines.
LEAST_COSINE = 0.999
PARITY_PHOTOS = 32  #: of bf16, for how much that loses differs from photo to photo
CONVERSION_PHOTOS = 8  #: of a conversion, which is right or wrong; PyTorch takes half a second for them
PROOF_VERSION = 2


@dataclass(frozen=True, slots=True)
class ParitySamples:
    """Real photos to prove an engine on; loaded only when a proof is due."""

    key: str  #: names the set they were drawn from
    load: Callable[[], NDArray[np.uint8]]  #: gives them prepared, uint8 (B, S, S, 3), B up to ``PARITY_PHOTOS``


@dataclass(frozen=True, slots=True)
class ParityCheck:
    """The comparison of an engine's features with a reference's on the same photos."""

    engine: str
    precision: str
    reference: str
    cosine: dict[str, float]  #: per layer, mean over the photos
    photos: int

    @property
    def row_cosine(self) -> float:
        """Of whole rows, mean over the photos."""
        return float(np.mean(list(self.cosine.values())))

    @property
    def least_cosine(self) -> float:
        """The smaller of two: of whole rows, and of the last layer alone, which most heads are fitted on."""
        return min(self.row_cosine, list(self.cosine.values())[-1])

    @property
    def passed(self) -> bool:
        """Whether the features are close enough."""
        return self.least_cosine >= LEAST_COSINE


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """An engine, and why it may be trusted."""

    engine: Engine
    parity_checks: tuple[
        ParityCheck, ...
    ]  #: of conversion, and of bf16 where it was wanted; none for PyTorch, the reference itself


def choose_engine(
    backbone: Backbone,
    photos: ParitySamples,
    *,
    engine: EngineName = "auto",
    precision: Precision = "auto",
    listener: events.Listener = events.ignore,
) -> EngineChoice:
    """The fastest engine that gives the right features.

    Args:
        backbone: what to run.
        photos: what a proof is made on.
        engine: a name, or "auto".
        precision: "auto" is bf16 where the processor has it and loses little on these photos; "bf16" does not ask.
        listener: is told of a fallback.

    Raises:
        EngineError: none works.
    """
    if engine == "pytorch" or (engine == "auto" and _has_gpu()):
        return _on_pytorch(backbone, photos, precision, listener)
    try:
        return _openvino(backbone, photos, precision, listener)
    except EngineError as error:
        if engine == "openvino":
            raise
        listener(events.Note(f"{error}; PyTorch runs it instead"))
        return _on_pytorch(backbone, photos, "f32", listener)


def _openvino(
    backbone: Backbone, photos: ParitySamples, precision: Precision, listener: events.Listener
) -> EngineChoice:
    @cache  # compiling takes a while, and a proof and the work after it want the same engine
    def engine(step: ComputePrecision) -> Engine:
        return OpenVinoEngine(backbone, step)

    wanted: ComputePrecision = ("bf16" if has_bf16() else "f32") if precision == "auto" else precision
    conversion = _kept(
        backbone, f"conversion-{machine_key()}", lambda: _prove_conversion(backbone, engine, wanted, photos)
    )
    if not conversion.passed:
        raise EngineError(
            f"OpenVINO gives other features than PyTorch for {backbone.name} "
            f"(cosine {describe_cosine(conversion.least_cosine)}, wanted {LEAST_COSINE})"
        )
    if wanted == "f32":
        return EngineChoice(engine("f32"), (conversion,))
    proof = _kept(
        backbone, f"bf16-{machine_key()}-{photos.key}", lambda: _prove_bf16(engine("bf16"), engine("f32"), photos)
    )
    if proof.passed or precision == "bf16":
        return EngineChoice(engine("bf16"), (conversion, proof))
    listener(
        events.Note(
            f"bf16 loses too much on these photos (cosine {describe_cosine(proof.least_cosine)}, wanted "
            f"{LEAST_COSINE}); float32 is used instead, about half as fast"
        )
    )
    return EngineChoice(engine("f32"), (conversion, proof))


def _has_gpu() -> bool:
    """Whether PyTorch could use a GPU, found without importing it where there is clearly none."""
    apple = platform.system() == "Darwin" and platform.machine() == "arm64"
    nodes = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg", "C:/Windows/System32/nvcuda.dll")
    if not apple and not any(Path(node).exists() for node in nodes):
        return False
    with passive_waiting():
        from headstart.engines.pytorch import select_device

    return select_device() != "cpu"


def _on_pytorch(
    backbone: Backbone, photos: ParitySamples, precision: Precision, listener: events.Listener
) -> EngineChoice:
    """PyTorch on the fastest device; anything but float32 on a CPU, which is the reference, has to prove itself."""
    with passive_waiting():
        from headstart.engines.pytorch import PyTorchEngine, select_device

    device = select_device()
    wanted: ComputePrecision = ("bf16" if device == "cuda" else "f32") if precision == "auto" else precision
    engine = PyTorchEngine(backbone, wanted, device=device)
    if device == "cpu" and wanted == "f32":
        return EngineChoice(engine, ())
    reference = PyTorchEngine(backbone, "f32", device="cpu")
    name = f"pytorch-{device}-{wanted}-{photos.key}"
    proof = _kept(backbone, name, lambda: check_parity(engine, reference, photos.load()[:CONVERSION_PHOTOS]))
    if proof.passed or precision != "auto":
        return EngineChoice(engine, (proof,))
    listener(
        events.Note(
            f"PyTorch {wanted} on {device} loses too much (cosine {describe_cosine(proof.least_cosine)}); float32 is "
            "used"
        )
    )
    return EngineChoice(PyTorchEngine(backbone, "f32", device=device), (proof,))


def _prove_conversion(
    backbone: Backbone, engine: Callable[[ComputePrecision], Engine], wanted: ComputePrecision, photos: ParitySamples
) -> ParityCheck:
    with passive_waiting():
        from headstart.engines.pytorch import PyTorchEngine

    exact = engine("f32")
    with ThreadPoolExecutor(1) as pool:
        compiled = pool.submit(engine, wanted)  # needed next, and ready by the time PyTorch has answered
        reference = PyTorchEngine(backbone, "f32", device="cpu")
        proof = check_parity(exact, reference, photos.load()[:CONVERSION_PHOTOS])
        compiled.result()
    return proof


def check_trained_network(backbone: Backbone, network: "nn.Module", photos: ParitySamples) -> ParityCheck:
    """Holds the conversion of a network that was trained here to the network in memory; kept for ``choose_engine``."""
    with passive_waiting():
        from headstart.engines.pytorch import PyTorchEngine

    reference = PyTorchEngine(backbone, "f32", device="cpu", network=network)
    exact = OpenVinoEngine(backbone, "f32")
    shown = photos.load()[:CONVERSION_PHOTOS]
    return _kept(backbone, f"conversion-{machine_key()}", lambda: check_parity(exact, reference, shown))


def _prove_bf16(engine: Engine, exact: Engine, photos: ParitySamples) -> ParityCheck:
    return check_parity(engine, exact, photos.load())


def describe_cosine(value: float) -> str:
    """Return a cosine with three digits, or as many as tell it from the one that was wanted."""
    digits = 3
    while value < LEAST_COSINE <= round(value, digits):
        digits += 1
    return f"{value:.{digits}f}"


def check_parity(engine: Engine, reference: Engine, photos: NDArray[np.uint8]) -> ParityCheck:
    """Compares two engines' features of the same photos, uint8 (B, S, S, 3)."""
    seen, wanted = _features(engine, photos), _features(reference, photos)
    cosine = {layer: mean_cosine(rows, wanted[layer]) for layer, rows in seen.items()}
    return ParityCheck(engine.name, engine.precision, f"{reference.name} {reference.precision}", cosine, len(photos))


def _features(engine: Engine, photos: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
    batches = [engine.forward(photos[start : start + engine.batch]) for start in range(0, len(photos), engine.batch)]
    return {layer: np.concatenate([batch[layer] for batch in batches]) for layer in batches[0]}


def mean_cosine(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Mean over rows of the cosine between two (B, D) arrays; 0 where either is not finite."""
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return 0.0
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return float(np.mean((a * b).sum(axis=1) / np.maximum(lengths, 1e-12)))


def _kept(backbone: Backbone, name: str, make: Callable[[], ParityCheck]) -> ParityCheck:
    """A proof from the network's folder, or a new one."""
    file = backbone.folder / f"proof-{name}.json"
    try:
        kept = json.loads(file.read_text("utf-8"))
        if kept.pop("version") == PROOF_VERSION:
            return ParityCheck(**kept)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    proof = make()
    replace_text(file, json.dumps({"version": PROOF_VERSION, **asdict(proof)}, indent=2))
    return proof


@cache
def machine_key() -> str:
    """Return the name of processor and OpenVINO, which a check holds for: others round otherwise."""
    try:
        openvino = import_openvino()
        facts = f"{openvino.Core().get_property('CPU', 'FULL_DEVICE_NAME')} {openvino.__version__}"
    except EngineError:
        facts = f"{platform.processor() or platform.machine()} without OpenVINO"
    return hashlib.blake2b(facts.encode(), digest_size=4).hexdigest()
