"""Parity of engines: the same features of the same real samples, within what bf16 loses.

A check is kept beside the converted network, since what it holds for does not change.
"""

import hashlib
import json
import platform
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cache

import numpy as np

from headstart.backbones.backbone import Backbone
from headstart.engines.engine import Engine, forward_all
from headstart.storage.atomic import replace_text
from headstart_runtime.arrays import Floats
from headstart_runtime.errors import EngineError
from headstart_runtime.libraries import import_openvino
from headstart_runtime.modalities.batch import Batch, count_parts

#: Between an engine's rows and the reference's, mean over the samples. A row is all layers joined, each scaled
#: to the same length, so that no layer drowns another: its cosine is the mean of the layers' cosines.
LEAST_COSINE = 0.999
PARITY_SAMPLES = 32  #: of bf16, for how much that loses differs from sample to sample
CONVERSION_SAMPLES = 8  #: of a conversion, which is right or wrong; PyTorch takes half a second for them
CHECK_VERSION = 2


@dataclass(frozen=True, slots=True)
class ParitySamples:
    """Real samples to check an engine on; loaded only when a check is due."""

    key: str  #: names the set they were drawn from
    load: Callable[[], Batch]  #: gives them prepared, up to ``PARITY_SAMPLES`` parts


@dataclass(frozen=True, slots=True)
class ParityCheck:
    """The comparison of an engine's features with a reference's on the same samples."""

    engine: str
    precision: str
    reference: str
    cosine: dict[str, float]  #: per layer, mean over the samples
    samples: int

    @property
    def row_cosine(self) -> float:
        """Of whole rows, mean over the samples."""
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
    """An engine with the checks that it passed."""

    engine: Engine
    #: Of conversion, and of bf16 where it was wanted; none for PyTorch on a CPU, the reference itself.
    parity_checks: tuple[ParityCheck, ...]


def describe_cosine(value: float) -> str:
    """Return a cosine with three digits, or as many as tell it from the one that was wanted."""
    digits = 3
    while value < LEAST_COSINE <= round(value, digits):
        digits += 1
    return f"{value:.{digits}f}"


def check_parity(engine: Engine, reference: Engine, samples: Batch) -> ParityCheck:
    """Compare two engines' features of the same prepared samples."""
    wanted = forward_all(reference, samples, threads=reference.streams)
    return compare_rows(engine, samples, wanted, f"{reference.name} {reference.precision}")


def compare_rows(engine: Engine, samples: Batch, wanted: Mapping[str, Floats], reference: str) -> ParityCheck:
    """Compare an engine's features of prepared samples with known ones.

    Args:
        engine: to be checked.
        samples: what it runs.
        wanted: layer -> float32 (N, width).
        reference: names what gave these.
    """
    seen = forward_all(engine, samples, threads=engine.streams)
    cosine = {layer: mean_cosine(rows, wanted[layer]) for layer, rows in seen.items()}
    return ParityCheck(engine.name, engine.precision, reference, cosine, count_parts(samples))


def mean_cosine(a: Floats, b: Floats) -> float:
    """Return the mean over rows of the cosine between two (B, D) arrays; 0 where either is not finite."""
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return 0.0
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return float(np.mean((a * b).sum(axis=1) / np.maximum(lengths, 1e-12)))


def keep_check(backbone: Backbone, name: str, make: Callable[[], ParityCheck]) -> ParityCheck:
    """Return a check from the network's folder, or make and keep a new one."""
    file = backbone.folder / f"proof-{name}.json"
    try:
        kept = json.loads(file.read_text("utf-8"))
        if kept.pop("version") == CHECK_VERSION:
            return ParityCheck(**kept)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    made = make()
    replace_text(file, json.dumps({"version": CHECK_VERSION, **asdict(made)}, indent=2))
    return made


@cache
def machine_key() -> str:
    """Return the name of processor and OpenVINO, which a check holds for: others round otherwise."""
    try:
        openvino = import_openvino()
        facts = f"{openvino.Core().get_property('CPU', 'FULL_DEVICE_NAME')} {openvino.__version__}"
    except EngineError:
        facts = f"{platform.processor() or platform.machine()} without OpenVINO"
    return hashlib.blake2b(facts.encode(), digest_size=4).hexdigest()
