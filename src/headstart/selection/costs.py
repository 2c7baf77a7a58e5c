"""Predicted seconds of each strategy on a set of samples: from an earlier benchmark, a timed trial, or arithmetic."""

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from headstart import events
from headstart.backbones.backbone import INPUT, middle_stage
from headstart.data.samples import Subset
from headstart.engines.work import count_work_above
from headstart.errors import TrainingError
from headstart.modalities.batch import InputSpec, fill_axes, make_blank
from headstart.selection.arm import ArmPlan
from headstart.selection.context import DatasetContext, FitContext
from headstart.selection.finetune import full_finetune, partial_finetune
from headstart.selection.probes import intermediate_probe, linear_probe
from headstart.training.benchmark_record import BENCHMARK_VERSION, benchmark_file
from headstart.training.cost import EXPORTED, samples_per_second
from headstart.training.views import find_smallest_window, fit_view_spec

#: A step of training takes as long as so many forward passes of the same part on the engine, the scoring of a sample as
#: so many: 5.4 to 7.8, and 1.3, measured on lite0 with AVX512-BF16 and with AVX2.
STEP, SCORE = {"openvino": 7.0, "pytorch": 3.0}, {"openvino": 1.3, "pytorch": 1.0}
SIZES = 14  #: parts of a map's edge by which windows are cut, see ``training.windows``


@dataclass(frozen=True, slots=True)
class StrategyCosts:
    """Predicted seconds of strategies, once features are stored."""

    seconds: Mapping[str, float | None]  #: by strategy; None where the network can be neither counted nor timed
    approximate: tuple[str, ...] = ()  #: those of it that are arithmetic, right within a factor of two or three


def estimate_costs(context: FitContext, *, timed: bool = False) -> StrategyCosts:
    """Predict the seconds of each strategy that is possible.

    Args:
        context: of the backbone.
        timed: time the training of a few batches where no earlier trial is kept; imports PyTorch.
    """
    probes = {"linear-probe": linear_probe, "intermediate-probe": intermediate_probe}
    seconds: dict[str, float | None] = {name: _sum(plan(context)) for name, plan in probes.items()}
    if context.training_obstacle:
        return StrategyCosts(seconds)
    if timed:
        trained = {"partial-finetune": partial_finetune, "full-finetune": full_finetune}
        return StrategyCosts(seconds | {name: _time(name, plan, context) for name, plan in trained.items()})
    names = [layer.name for layer in context.backbone.layers]
    boundaries = {"partial-finetune": [INPUT, *names][names.index(middle_stage(names))], "full-finetune": INPUT}
    seconds |= {name: _from_trial(context, boundary) for name, boundary in boundaries.items()}
    unknown = [name for name in boundaries if seconds[name] is None]
    if unknown:
        by_arithmetic = _estimate_by_arithmetic(context, {name: boundaries[name] for name in unknown})
        seconds |= by_arithmetic
        unknown = [name for name in unknown if by_arithmetic[name] is not None]
    return StrategyCosts(seconds, tuple(unknown))


def _time(name: str, plan: Callable[[FitContext], Sequence[ArmPlan]], context: FitContext) -> float | None:
    """Return the seconds of a strategy that trains; None, and a note, where it cannot on these samples."""
    try:
        return _sum(plan(context))
    except TrainingError as error:
        context.log(events.Note(f"{name} is not timed: {error}"))
        return None


def _sum(planned: Sequence[ArmPlan]) -> float:
    return sum(it.cost().seconds for it in planned)


def _from_trial(context: FitContext, boundary: str) -> float | None:
    """Return the seconds of a training's epochs and its export, from an earlier benchmark; None where there is none.

    Decoding and the frozen part come on top, so it is a lower bound.
    """
    settings = context.settings
    try:
        views = fit_view_spec(settings, context.backbone.spec)
        kept = json.loads((context.backbone.folder / benchmark_file(settings, boundary, views)).read_text("utf-8"))
        if kept.pop("version") != BENCHMARK_VERSION:
            return None
        whole = find_smallest_window(settings, context.backbone.spec) == 1
        speeds = [
            (float(samples_per_second(speed["samples"], speed["windowed"], whole=whole)), float(speed["scored"]))
            for speed in kept.values()
            if isinstance(speed, dict)
        ]
        return _of_epochs(context, *max(speeds))
    except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError):
        return None


def _of_epochs(context: DatasetContext, trained: float, scored: float) -> float:
    """Return the seconds of all epochs and the export, from samples a second."""
    train, held_out = len(context.samples_in(Subset.TRAIN)), len(context.samples_in(Subset.VALIDATION))
    return context.settings.epochs_for(train) * (train / trained + held_out / scored) + EXPORTED


def _estimate_by_arithmetic(context: FitContext, boundaries: Mapping[str, str]) -> dict[str, float | None]:
    """Return seconds by the engine's speed on one batch, and from how much of the network lies above each boundary.

    The frozen part's pass over the changed views is in it, decoding is not.
    """
    engine, spec = context.engine, context.backbone.spec
    try:
        above = count_work_above(context.backbone)
    except (RuntimeError, KeyError):
        return dict.fromkeys(boundaries)
    blank = make_blank(spec, engine.batch)
    engine.forward(blank)
    per_second = engine.batch * engine.streams / min(_seconds_of(lambda: engine.forward(blank)) for _ in range(3))
    area = _count_numbers(fit_view_spec(context.settings, spec)) / _count_numbers(spec)
    window = _mean_window(find_smallest_window(context.settings, spec))
    train = len(context.samples_in(Subset.TRAIN))
    views = train * min(context.settings.views, context.settings.epochs_for(train))
    found: dict[str, float | None] = {}
    for name, boundary in boundaries.items():
        share = above[boundary] / above[INPUT]
        step = STEP.get(engine.name, STEP["pytorch"]) * share * area * window
        epochs = _of_epochs(context, per_second / step, per_second / (SCORE.get(engine.name, SCORE["pytorch"]) * share))
        found[name] = epochs + views * (1 - share) * area / per_second
    return found


def _count_numbers(spec: InputSpec) -> int:
    return sum(math.prod(fill_axes(one)) for one in spec.tensors)


def _seconds_of(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return max(time.perf_counter() - began, 1e-9)


def _mean_window(smallest: float) -> float:
    """Return the share of a map's area that steps see on average; the smallest window has this share of its edge."""
    edges = [edge for edge in range(1, SIZES + 1) if edge >= smallest * SIZES]
    return float(np.mean(np.square(edges))) / SIZES**2
