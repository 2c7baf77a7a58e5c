"""Seconds of a training before anything of it is loaded: from an earlier benchmark, or by arithmetic."""

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from headstart.backbones.backbone import INPUT
from headstart.data.samples import Subset
from headstart.engines.work import count_work_above
from headstart.selection.context import DatasetContext, FitContext
from headstart.selection.planning import PLANNING, SAFE, SHORTER, boundary_below
from headstart.training.benchmark_record import BENCHMARK_VERSION, benchmark_file
from headstart.training.cost import EXPORTED, samples_per_second
from headstart.training.lengths import find_usual_length, measure_samples
from headstart.training.views import find_smallest_window, fit_view_spec
from headstart_runtime.modalities.batch import InputSpec, fill_axes, is_free, make_blank
from headstart_runtime.modalities.modality import get_modality
from headstart_runtime.modalities.packing import choose_parts

#: A step of training takes as long as so many forward passes of the same part on the engine, the scoring of a sample as
#: so many: 5.4 to 7.8, and 1.3, measured on lite0 with AVX512-BF16 and with AVX2.
STEP, SCORE = {"openvino": 7.0, "pytorch": 3.0}, {"openvino": 1.3, "pytorch": 1.0}
LEAST_MORE = 1.25  #: times a budget that was too small is what is proposed instead, at least
SIZES = 14  #: parts of a map's edge by which windows are cut, see ``training.windows``


def estimate_shortest(context: FitContext, unfreeze: str | None) -> float | None:
    """Return the seconds of the shortest training that may be planned; None where they cannot be told.

    Args:
        context: of the backbone.
        unfreeze: the lowest layer that is trained; None for all.
    """
    boundary = boundary_below(context, unfreeze)
    if (known := context.memo.shortest.get(boundary)) is not None:
        return known
    settings = context.settings
    if settings.epochs is None:
        fewest = min(SHORTER[0], settings.epochs_for(len(context.samples_in(Subset.TRAIN))))
        settings = settings.model_copy(update={"epochs": fewest})
    short = replace(context, settings=settings)
    timed = price_from_trial(short, boundary)
    return price_by_arithmetic(short, {"": boundary})[""] if timed is None else timed


def suggest_budget(context: DatasetContext, shortest: float, *, timed: bool) -> str:
    """Return the least budget, as the setting has it, by which a training would be tried.

    Args:
        context: of the run, at the time when the training was left out; its budget has a limit.
        shortest: seconds of the shortest training.
        timed: it was timed already; else that comes on top.
    """
    limit = context.budget.limit or 0.0
    wanted = limit - context.left + shortest / SAFE + (0.0 if timed else PLANNING)
    wanted = max(wanted, LEAST_MORE * limit)
    tens = 10 * math.ceil(wanted / 10)
    return f"{tens}s" if tens <= 120 else f"{math.ceil(wanted / 60)}m"


def price_from_trial(context: FitContext, boundary: str) -> float | None:
    """Return the seconds of a training's epochs and its export, from an earlier benchmark; None where there is none.

    Decoding and the frozen part come on top, so it is a lower bound.
    """
    settings = context.settings
    try:
        views = fit_view_spec(settings, context.backbone.spec, context.task)
        name = benchmark_file(settings, boundary, views, length=_find_usual_length(context))
        kept = json.loads((context.backbone.folder / name).read_text("utf-8"))
        if kept.pop("version") != BENCHMARK_VERSION:
            return None
        whole = find_smallest_window(settings, context.backbone.spec, context.task) == 1
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


def price_by_arithmetic(context: FitContext, boundaries: Mapping[str, str]) -> dict[str, float | None]:
    """Return seconds by the engine's speed on one batch, and from how much of the network lies above each boundary.

    The frozen part's pass over the changed views is in it, decoding is not.
    """
    engine, spec = context.engine, context.backbone.spec
    try:
        above = count_work_above(context.backbone)
    except (RuntimeError, KeyError):
        return dict.fromkeys(boundaries)
    parts, blank = engine.batch, make_blank(spec, engine.batch)
    if (length := _find_usual_length(context)) is not None:
        parts = choose_parts(engine.batch, length)
        blank = make_blank(spec, parts, length)
    engine.forward(blank)
    per_second = parts * engine.streams / min(_seconds_of(lambda: engine.forward(blank)) for _ in range(3))
    area = _count_numbers(fit_view_spec(context.settings, spec, context.task)) / _count_numbers(spec)
    window = _mean_window(find_smallest_window(context.settings, spec, context.task))
    train = len(context.samples_in(Subset.TRAIN))
    changed = get_modality(spec.kind).augmentation is not None
    views = train * (min(context.settings.views, context.settings.epochs_for(train)) if changed else 1)
    found: dict[str, float | None] = {}
    for name, boundary in boundaries.items():
        share = above[boundary] / above[INPUT]
        step = STEP.get(engine.name, STEP["pytorch"]) * share * area * window
        epochs = _of_epochs(context, per_second / step, per_second / (SCORE.get(engine.name, SCORE["pytorch"]) * share))
        found[name] = epochs + views * (1 - share) * area / per_second
    return found


def _find_usual_length(context: FitContext) -> int | None:
    """Return how long a usual batch of a step is; None where samples have one length."""
    if not is_free(context.backbone.spec):
        return None
    if context.memo.lengths is None:
        context.memo.lengths = measure_samples(context.samples_in(Subset.TRAIN), context.backbone.spec)
    return find_usual_length(context.memo.lengths, context.settings.batch_size)


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
