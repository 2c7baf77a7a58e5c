"""Predicted seconds of each strategy on a set of samples: from an earlier benchmark, a timed trial, or arithmetic."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from headstart import events
from headstart.backbones.backbone import INPUT, middle_stage
from headstart.selection.arm import ArmPlan
from headstart.selection.context import FitContext
from headstart.selection.finetune import full_finetune, partial_finetune
from headstart.selection.probes import intermediate_probe, linear_probe
from headstart.selection.training_prices import price_by_arithmetic, price_from_trial
from headstart_runtime.errors import TrainingError


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
    seconds |= {name: price_from_trial(context, boundary) for name, boundary in boundaries.items()}
    unknown = [name for name in boundaries if seconds[name] is None]
    if unknown:
        by_arithmetic = price_by_arithmetic(context, {name: boundaries[name] for name in unknown})
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
