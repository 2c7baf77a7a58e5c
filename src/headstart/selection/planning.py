"""Predicted cost of a training, found within a tenth of the budget, and the number of epochs that fit.

The cheapest training is timed on a few batches. A dearer one of the same network is first priced by arithmetic from
that, before anything of it is loaded: by how much more of the network it computes. Only what may fit is timed too.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from headstart import events
from headstart.backbones.backbone import INPUT
from headstart.engines.work import count_work_above
from headstart.selection.budget import TIMING
from headstart.selection.context import FitContext
from headstart.selection.refit import should_refit
from headstart.training.cost import Cost, PreparationSpeed, estimate_cost, measure_preparation, samples_per_second

if TYPE_CHECKING:  # it imports PyTorch, which a run of probes has no need of
    from headstart.training.begun import BegunPlan
    from headstart.training.benchmark_record import BenchmarkResult
    from headstart.training.fine_tuning import FineTuning

STAGE = "predict cost"
SAFE = 0.85  #: share of the time that is left which a training may be predicted to take
#: Epochs of a training that is to end within a budget, one of a few numbers: a second run, a little faster or slower,
#: plans the same and goes on where the first was killed.
SHORTER = (3, 4, 5, 6, 8, 10, 12, 14, 17, 20, 24, 28, 33, 40)
SURELY = 0.5  #: of a price by arithmetic: what is above the time left even so is not even loaded
PLANNING = 20.0  #: seconds that loading a network and timing its training takes, at most
LEAST = 1.0  #: seconds of timing, below which arithmetic has to do


def plan_within_budget(training: "FineTuning", context: FitContext) -> "FineTuning":
    """Return the training, timed, with fewer epochs where these are not set and the budget is too short for the usual.

    Planned so, its rate falls to nothing in time; a training that is cut off is worse than a short one.
    """
    # First: under which name a result is known depends on the precision that timing finds.
    pace = time_training(training, context)
    if training.stored_result is not None or context.budget.limit is None:
        return training
    whole = estimate_training_cost(training, pace)
    context.memo.shortest[boundary_below(context, training.spec.unfreeze)] = _least(training, pace).seconds
    if training.settings.epochs is not None:
        return training
    if (begun := _go_on(training, context, pace)) is not None:
        return begun
    left, again = SAFE * context.left, should_refit(context)
    if whole.seconds + again * whole.refit <= left:
        return training
    with_fewer_epochs = (
        training.with_settings(training.spec.settings.model_copy(update={"epochs": epochs}))
        for epochs in reversed(SHORTER)
        if epochs < training.epochs
    )
    shorter = [(fewer, estimate_training_cost(fewer, pace)) for fewer in with_fewer_epochs]
    # Once more with all photos is worth more than the second half of the epochs, but not than the first.
    refitted = (
        fewer
        for fewer, price in shorter
        if again and 2 * fewer.epochs >= training.epochs and price.seconds + price.refit <= left
    )
    once = (possible for possible, price in [(training, whole), *shorter] if price.seconds <= left)
    found = next(refitted, None) or next(once, None)
    if found is None:  # it is skipped with the figure of a whole one
        least, price = shorter[-1]
        text = f"even {least.epochs} epochs of {training.spec.name} would take about {price.seconds:.0f} s"
        context.log(events.Note(text))
    if found is None or found is training:
        return training
    why = f"{training.epochs} would take about {whole.seconds:.0f} s"
    context.log(events.Note(f"{training.spec.name} is planned with {found.epochs} epochs: {why}"))
    return found


def _go_on(training: "FineTuning", context: FitContext, pace: Callable[[], PreparationSpeed]) -> "FineTuning | None":
    """Return the training as it was begun under this budget, if what is left of it still ends; None where none was."""
    for plan in training.list_begun():
        if plan.unfreeze != training.spec.unfreeze:
            continue
        begun = training.with_settings(training.spec.settings.model_copy(update={"epochs": plan.epochs}))
        if begun.checkpoint.is_file() and estimate_training_cost(begun, pace).seconds <= context.left:
            note_begun(training.spec.name, plan, context)
            return begun
    return None


def note_begun(name: str, plan: "BegunPlan", context: FitContext) -> None:
    """Note that a training goes on as it was planned by a run that did not end."""
    context.log(events.Note(f"{name} goes on as it was begun: {plan.done} of {plan.epochs} epochs are made"))


def time_training(training: "FineTuning", context: FitContext) -> Callable[[], PreparationSpeed]:
    """Time a training, and return a function that measures the pace of what is around it, once."""
    listener, budget = context.log, context.budget
    paces: list[PreparationSpeed] = []

    def pace() -> PreparationSpeed:
        if not paces:
            paces.append(measure_preparation(training))
        return paces[0]

    listener(events.Progress(STAGE, 0, 2, "steps"))
    _ = training.view_trunk  # the network is loaded, cut and compiled: no part of the timing, for training needs it
    listener(events.Progress(STAGE, 1, 2, "steps"))
    began = time.perf_counter()
    try:
        training.benchmark = _speeds(training, context)
        if training.stored_result is None:
            pace()
    finally:
        budget.timed += time.perf_counter() - began
    listener(events.Progress(STAGE, 2, 2, "steps"))
    if not training.scratch:
        context.memo.benchmarks[boundary_below(context, training.spec.unfreeze)] = training.benchmark
    return pace


def boundary_below(context: FitContext, unfreeze: str | None) -> str:
    """Return the boundary under which all is frozen where a layer and those above it are trained."""
    names = [layer.name for layer in context.backbone.layers]
    at = 0 if unfreeze is None or unfreeze not in names else names.index(unfreeze)
    return names[at - 1] if at else INPUT


def _speeds(training: "FineTuning", context: FitContext) -> "BenchmarkResult":
    """Return speeds of a trial, or by arithmetic where there is no time for one."""
    name, budget, tell = training.spec.name, context.budget, context.log
    if budget.left_for_timing < LEAST and (rough := _estimate_by_arithmetic(training, context)) is not None:
        why = f"no time is left to time it, {TIMING:.0%} of the budget"
        tell(events.Note(f"{name} is priced by arithmetic, from what a cheaper training takes: {why}"))
        return rough
    training.benchmark_seconds = budget.left_for_timing
    found = training.benchmark
    if found.hopeless:
        slow = ", ".join(found.hopeless)
        tell(
            events.Note(
                f"{name} is trained in {found.fastest}: {slow} was given up after a few {context.noun.many}, far slower"
            )
        )
    if not found.whole:
        tell(
            events.Note(
                f"{name} was timed on a few {context.noun.many} only: timing may take {TIMING:.0%} of the budget"
            )
        )
    return found


def _least(training: "FineTuning", pace: Callable[[], PreparationSpeed]) -> Cost:
    """Return the cost of the shortest training that could be planned."""
    fewest = min(SHORTER[0], training.epochs)
    if training.settings.epochs is not None or fewest == training.epochs:
        return estimate_training_cost(training, pace)
    return estimate_training_cost(
        training.with_settings(training.spec.settings.model_copy(update={"epochs": fewest})), pace
    )


def estimate_untimed(context: FitContext, name: str, unfreeze: str | None) -> Cost | None:
    """Return the least that a training takes, by arithmetic from a cheaper one that was timed, if that is too long.

    None where it may fit, or nothing cheaper was timed: then it is to be timed itself.
    """
    if context.budget.limit is None or not context.memo.shortest:
        return None
    times = _times_as_dear(context, unfreeze, context.memo.shortest)
    if times is None:
        return None
    boundary, factor = times
    seconds = factor * context.memo.shortest[boundary]
    if SURELY * seconds <= context.left:
        return None
    text = f"even a short training would take about {seconds:.0f} s by arithmetic, from what one above {boundary} takes"
    context.log(events.Note(f"{name} is not timed: {text}"))
    return Cost(seconds, 0, 0)


def _times_as_dear(context: FitContext, unfreeze: str | None, known: Iterable[str]) -> tuple[str, float] | None:
    """Return the cheapest known boundary, and how many times as much is computed above the one that is asked about."""
    try:
        above = count_work_above(context.backbone)
    except (RuntimeError, KeyError):  # what OpenVINO cannot read is timed
        return None
    cheapest = min(known, key=lambda boundary: above[boundary], default=None)
    if cheapest is None:
        return None
    return cheapest, max(1.0, above[boundary_below(context, unfreeze)] / max(above[cheapest], 1.0))


def _estimate_by_arithmetic(training: "FineTuning", context: FitContext) -> "BenchmarkResult | None":
    """Return speeds by arithmetic from the cheapest training that was timed on this network; None where none was."""
    times = _times_as_dear(context, training.spec.unfreeze, context.memo.benchmarks)
    return None if times is None else context.memo.benchmarks[times[0]].scale_cost(times[1])


def estimate_training_cost(
    training: "FineTuning", pace: PreparationSpeed | Callable[[], PreparationSpeed] | None = None
) -> Cost:
    """Return the cost of one training, with the range test where its rate is to be found."""
    if training.stored_result is not None:
        return estimate_cost(training)
    found = estimate_cost(training, pace() if callable(pace) else pace)
    if not training.settings.find_rate or training.settings.rate is not None:
        return found
    from headstart.training.rate_finder import count_sweep_samples

    speed = training.speeds[training.precision]
    swept = count_sweep_samples(training.settings) / samples_per_second(
        speed.samples, speed.windowed, whole=training.windows.whole
    )
    return replace(found, seconds=found.seconds + swept)


def estimate_search_cost(context: FitContext, training: "FineTuning", kinds: int) -> Cost:
    """Return the cost of all trials; within a budget of one, for as many are made as fit, and one has to.

    Args:
        context: what is learnt from.
        training: the first try.
        kinds: of views that tries may choose, whose activations are kept apart.
    """
    known = training.stored_result
    one = (
        estimate_training_cost(training)
        if known is None
        else Cost(sum(known.seconds.values()), known.memory, known.disk)
    )
    tries = context.settings.search
    if context.budget.limit is not None:
        whole = f"{tries} trials of {training.spec.name} would take about {tries * one.seconds:.0f} s"
        context.log(events.Note(f"{whole}; as many as fit are made"))
        return one
    return replace(one, seconds=tries * one.seconds, disk=min(tries, kinds) * one.disk, refit=0.0)
