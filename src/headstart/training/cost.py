"""The cost of a training, predicted from a timed micro-run on the samples themselves."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from headstart_runtime.modalities.batch import is_free, make_blank
from headstart_runtime.modalities.modality import get_modality
from headstart_runtime.modalities.packing import choose_parts, pack_parts

if TYPE_CHECKING:
    from headstart.training.fine_tuning import FineTuning

VIEWED = 16  #: views that are timed
PACKED = 256  #: likewise, of samples that are as long as they come
EXPORTED = 2.0  #: seconds: writing a network as ONNX, proving it, compiling it
BYTES_PER_PARAMETER = 24  #: float32 of weights, gradients, two moments, the average and the best


@dataclass(frozen=True, slots=True)
class Cost:
    """The seconds and bytes that an arm takes."""

    seconds: float
    memory: int  #: bytes by which the process grows
    disk: int  #: bytes in the store
    refit: float = 0.0  #: seconds of a training once more, on train and validation, should it win
    device_memory: int = 0  #: bytes by which a GPU's memory grows


def estimate_refit_seconds(
    seconds: Mapping[str, float], train: int, validation: int, *, cached: bool, kept: float = 1.0
) -> float:
    """Return the seconds of a training made once more with the validation samples, from those without them, by stage.

    As many steps are made as up to the epoch that is kept, and none to find the rate; activations that are stored need
    not be computed again.

    Args:
        seconds: of the training, by stage.
        train: samples.
        validation: likewise.
        cached: whether its activations are stored.
        kept: share of its epochs up to the one that is kept.
    """
    again = {"boundary": validation / train if cached else 1.0, "epochs": kept, "rate": 0.0}
    return sum(value * again.get(stage, 1.0) for stage, value in seconds.items())


@dataclass(frozen=True, slots=True)
class PreparationSpeed:
    """The speed of the parts around the training, measured on a few samples."""

    view: float  #: seconds: a sample decoded and changed, and the frozen part run, over all streams
    features: float  #: samples a second through the whole network on the engine


def measure_preparation(job: "FineTuning") -> PreparationSpeed:
    """Measure the parts around a training, in about a second."""
    return PreparationSpeed(_seconds_per_view(job), _features_per_second(job))


def estimate_cost(job: "FineTuning", pace: PreparationSpeed | None = None) -> Cost:
    """Return the cost of a training, nothing for one that is stored; the pace is measured where not given."""
    if job.stored_result is not None:
        return Cost(0.0, 0, 0)
    pace = measure_preparation(job) if pace is None else pace
    speed = job.speeds[job.precision]
    trained = samples_per_second(speed.samples, speed.windowed, whole=job.windows.whole)
    count, held_out = len(job.spec.train), len(job.spec.validation)
    epochs = job.epochs
    views = count * (job.views_per_sample if job.is_cached else epochs) + held_out * (
        1 if job.is_cached else epochs + 1
    )
    seconds = {
        "boundary": views * pace.view,
        "epochs": epochs * (count / trained + held_out / speed.scored) + min(count, 512) / speed.scored,
        "export": EXPORTED,
        "scores": (min(count, 2000) + held_out) / pace.features,
    }
    weights = BYTES_PER_PARAMETER * job.parameters
    again = estimate_refit_seconds(seconds, count, held_out, cached=job.is_cached)
    longest = job.longest_share
    return Cost(
        seconds=sum(seconds.values()),
        memory=round(speed.memory * longest) + weights,
        disk=job.disk_bytes if job.is_cached else 0,
        refit=again,
        device_memory=round(speed.device_memory * longest) + weights if speed.device_memory else 0,
    )


def samples_per_second(samples: float, windowed: float | None, *, whole: bool) -> float:
    """Return the samples that a training goes through in a second, from a benchmark; see ``TrainingSpeed``.

    Args:
        samples: per second where steps see whole maps.
        windowed: where they see windows; None where the network does not bear them.
        whole: whether steps are to see whole maps.
    """
    return samples if whole or windowed is None else windowed


def _seconds_per_view(job: "FineTuning") -> float:
    """Decoding, changing and the frozen part, over all streams."""
    trunk = job.view_trunk
    if is_free(job.train_views.spec):
        return _seconds_per_packed(job)
    samples = job.spec.train[:VIEWED]
    numbers = range(max(1, VIEWED // len(samples)))
    loader = job.train_views
    first = [view for sample in samples[:2] for view in loader.load(sample, [0])]
    trunk.run(loader.collate(first))  # the first run takes longer
    began = time.perf_counter()
    views = [view for sample in samples for view in loader.load(sample, numbers)]
    for start in range(0, len(views), trunk.batch):
        trunk.run(loader.collate(views[start : start + trunk.batch]))
    return (time.perf_counter() - began) / len(views) / trunk.streams


def _seconds_per_packed(job: "FineTuning") -> float:
    """Likewise of samples that are as long as they come: of some of all lengths, those of like length together."""
    trunk, loader, spec = job.view_trunk, job.train_views, job.train_views.spec
    train = job.spec.train
    samples = [train[place] for place in np.linspace(0, len(train) - 1, min(PACKED, len(train))).astype(int)]
    trunk.run(loader.collate(loader.load(samples[0], [0])))
    began = time.perf_counter()
    views = [view for sample in samples for view in loader.load(sample, [0])]
    for batch in pack_parts(get_modality(spec.kind), views, spec, trunk.batch).batches:
        trunk.run(batch)
    return (time.perf_counter() - began) / len(views) / trunk.streams


def _features_per_second(job: "FineTuning") -> float:
    """Of the whole network on the engine."""
    engine, spec = job.spec.engine, job.loaded.spec
    parts, blank = engine.batch, make_blank(spec, engine.batch)
    if (length := job.usual_length) is not None:
        parts = choose_parts(engine.batch, length)
        blank = make_blank(spec, parts, length)
        engine.forward(blank)  # the first of a length takes longer
    began = time.perf_counter()
    engine.forward(blank)
    return engine.streams * parts / (time.perf_counter() - began)
