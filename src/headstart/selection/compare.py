"""Arms compared on one split, from cheap to dear, within the budget; validation decides."""

import gc
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from headstart import events
from headstart.selection import list_strategies
from headstart.selection.arm import Arm, ArmPlan
from headstart.selection.arm_specs import PROBES, ArmSpec, makes_sense
from headstart.selection.choosing import (
    choose_arm,
    cross_validate,
    describe_budget,
    find_most_accurate,
    mark_choices,
    note_one_group_classes,
)
from headstart.selection.context import DatasetContext, FitContext
from headstart.selection.ensembles import ENSEMBLES, combine_arms
from headstart.selection.failures import FAILURES, describe_failure
from headstart.selection.planning import PLANNING, SURELY
from headstart.selection.rule import ArmChoice
from headstart.selection.training_prices import suggest_budget
from headstart.training.cost import Cost
from headstart.training.memory import available_device_memory, available_memory
from headstart_runtime.errors import Cancelled, SettingError, TrainingError, bounded

BLENDED = ("intermediate-probe", "concat-all", "tfidf")  #: of which "auto" takes the mean, where there are several


@dataclass(frozen=True, slots=True)
class SkippedArm:
    """An arm that was not made, or did not end well."""

    name: str
    reason: str
    predicted: Cost | None
    failed: bool = False  #: it was begun, or to be timed, and went wrong
    budget: str | None = None  #: by which it would be tried, as the setting has it; None: not known, or not the reason


@dataclass(frozen=True)
class Comparison:
    """The outcome: arms, those that were skipped, and the choice among them."""

    arms: tuple[Arm, ...]  #: cheap to dear
    predicted: Mapping[str, Cost]  #: by the arm's name; ensembles have none, they cost next to nothing
    skipped: tuple[SkippedArm, ...]
    choice: ArmChoice  #: on validation

    @property
    def winner(self) -> Arm:
        """The arm that is saved."""
        return next(arm for arm in self.arms if arm.name == self.choice.winner)


def compare_arms(context: DatasetContext, backbones: Sequence[FitContext], specs: Sequence[ArmSpec]) -> Comparison:
    """Plan, predict, fit and compare arms.

    Args:
        context: of the run.
        backbones: contexts of its backbones, cheap to dear; all of the same split.
        specs: the arms, cheap to dear; each strategy is tried on each backbone.

    Raises:
        SettingError: a layer that is none, or an ensemble that cannot be.
        TrainingError: every arm went wrong.
    """
    return ArmRunner(context, backbones).run(specs)


class ArmRunner:
    """A comparison while it is made: arms fitted so far, predicted costs, arms that were skipped."""

    def __init__(self, context: DatasetContext, backbones: Sequence[FitContext]):
        self._context, self._backbones = context, backbones
        self._tell = context.log
        self._arms: list[Arm] = []
        self._predicted: dict[str, Cost] = {}
        self._skipped: list[SkippedArm] = []

    def run(self, specs: Sequence[ArmSpec]) -> Comparison:
        """Fit the arms in order, then the ensembles, and choose the winner."""
        note_one_group_classes(self._context)
        # Each is predicted when its turn comes: what is left is known then, and a training is planned to fit into it.
        plans = list(self._plan_arms(specs))
        joined = not self._context.settings.is_auto
        while plans:
            planned = plans.pop(0)
            trains = planned.trains
            if trains and not joined:
                joined = True
                self._join_probes()
                self._tell(events.Note(describe_budget(self._context)))
            if trains and self._context.settings.is_open:
                self._limit_training()
            try:
                if self._fits(planned):
                    self._fit(planned)
            except KeyboardInterrupt as stopped:
                self._keep_best(stopped, [planned.name, *(plan.name for plan in plans)])
                plans = []
            del planned  # it may hold a network, made or left out
            if trains:
                gc.collect()  # a network as a graph is full of cycles, and the next arm wants its memory
        self._context.budget.limit_training(lost=0.0)
        if not self._arms:
            self._refuse_nothing()
        if not joined:
            self._join_probes()
        base = list(self._arms)
        for spec in specs:
            if spec.name in ENSEMBLES:
                self._add_ensemble(spec.name, base)
        if self._context.settings.is_open:
            self._join_trained()
        choice = choose_arm(self._context, self._arms)
        return Comparison(
            mark_choices(self._context, self._arms, choice), self._predicted, tuple(self._skipped), choice
        )

    def _plan_arms(self, specs: Sequence[ArmSpec]) -> Iterator[ArmPlan]:
        """Yield the arms that can be made; tell, once for each reason, of trainings that cannot."""
        impossible: dict[str, list[str]] = {}
        for spec in specs:
            for backbone in self._backbones if spec.name in list_strategies() else ():
                for planned in list_strategies()[spec.name](backbone, spec.detail):
                    if planned.shared and backbone is not self._backbones[0]:
                        continue
                    several = len(self._backbones) > 1 and not planned.shared
                    plan = _name_backbone(planned, backbone) if several else planned
                    obstacle = backbone.training_obstacle if plan.trains else ""
                    if obstacle:
                        impossible.setdefault(obstacle, []).append(plan.name)
                        self._skipped.append(SkippedArm(plan.name, obstacle, None))
                    else:
                        yield plan
        for obstacle, names in impossible.items():
            are = "is" if len(names) == 1 else "are"
            self._tell(events.Note(f"{' and '.join(names)} {are} left out: {obstacle}"))

    def _fits(self, planned: ArmPlan) -> bool:
        """Predict what an arm will take, and return whether there is that much."""
        if planned.trains and self._context.left < PLANNING:
            left = f"{max(0, self._context.left):.0f} s of the budget left"
            return self._skip_for_time(planned, f"{left}, too little to plan a training", timed=False)
        if (
            planned.trains and self._context.settings.is_open
        ):  # loading and timing it would be all that there is time for
            shortest = planned.shortest() or 0.0
            if flawless := self._find_flawless():
                count = self._context.noun.count(flawless.validation.n)
                reason = f"{flawless.name} has all {count} of validation right: no training could be told from it"
                return self._skip(planned.name, reason)
            if SURELY * shortest + PLANNING > self._context.left:
                left = f"{max(0, self._context.left):.0f} s of the budget left"
                return self._skip_for_time(planned, f"about {shortest:.0f} s at least, {left}", timed=False)
        began = time.perf_counter()
        try:
            cost = self._predicted[planned.name] = planned.cost()
        except FAILURES as error:  # a network that cannot be cut, or run, or is too large
            return self._skip(planned.name, describe_failure(error), failed=True)
        if planned.trains:
            took = time.perf_counter() - began
            text = f"{planned.name}: predicted {cost.seconds:.0f} s, {cost.memory / 1e6:.0f} MB of memory, "
            self._tell(events.Finished("predict cost", took, f"{text}{cost.disk / 1e6:.0f} MB of disk"))
        for needed, free, where in (
            (cost.memory, available_memory(), "memory"),
            (cost.device_memory, available_device_memory(), "the GPU's memory"),
        ):
            if needed > free:
                return self._skip(
                    planned.name, f"predicted {needed / 1e9:.1f} GB of {where}, {free / 1e9:.1f} GB are free"
                )
        return self._fits_budget(planned)

    def _limit_training(self) -> None:
        """Let the next training end before most of the budget went into trainings that are not to be saved."""
        trained = [arm for arm in self._arms if arm.trains]
        best = find_most_accurate(self._context, self._arms) if trained else ""
        lost = 0.0 if any(arm.name == best for arm in trained) else sum(arm.seconds for arm in trained)
        allowed = self._context.budget.limit_training(lost)
        if allowed is not None:
            text = f"{best} is better than what was trained so far, in {lost:.0f} s"
            self._tell(events.Note(f"{text}; the next training may take {allowed:.0f} s"))

    def _find_flawless(self) -> Arm | None:
        """Return the best way so far, by cross-validation, where it makes no mistake on validation; else None."""
        measure = self._context.task.measure
        losses = {arm.name: loss for arm in self._arms if (loss := cross_validate(self._context, arm)) is not None}
        best = next(
            (arm for arm in self._arms if losses and arm.name == min(losses, key=lambda name: losses[name])), None
        )
        perfect = best is not None and measure.share and measure.greater and best.validation.score >= 1
        return best if perfect else None

    def _fits_budget(self, planned: ArmPlan) -> bool:
        """Return whether an arm ends within the budget; a probe always counts as fitting: something must be saved."""
        seconds = self._predicted[planned.name].seconds
        if planned.strategy in PROBES or seconds <= max(0.0, self._context.left):
            return True
        left = f"{max(0, self._context.left):.0f} s of the budget are left"
        return self._skip_for_time(planned, f"predicted {seconds:.0f} s, {left}", timed=True)

    def _skip_for_time(self, planned: ArmPlan, reason: str, *, timed: bool) -> bool:
        """Leave out an arm for which the budget is too small, and say which one would be enough."""
        shortest = planned.shortest()
        enough = None if shortest is None else suggest_budget(self._context, shortest, timed=timed)
        hint = "" if enough is None else f"; it would be tried with a budget of about {enough}"
        return self._skip(planned.name, f"{reason}{hint}", budget=enough)

    def _skip(self, name: str, reason: str, *, failed: bool = False, budget: str | None = None) -> bool:
        self._skipped.append(SkippedArm(name, reason, self._predicted.get(name), failed, budget))
        self._tell(events.Note(f"{name} {'failed' if failed else 'is left out'}: {reason}"))
        return False

    def _fit(self, planned: ArmPlan) -> None:
        try:
            self._add(planned.make())
        except FAILURES as error:  # one arm of several: the others stand
            self._skip(planned.name, describe_failure(error), failed=True)

    def _keep_best(self, stopped: KeyboardInterrupt, names: Sequence[str]) -> None:
        """Leave out arms that are not made, after Ctrl-C within a budget: the best so far is saved.

        Raises:
            KeyboardInterrupt: there is no arm or no budget, or a program ended the work: then the run ends.
        """
        if isinstance(stopped, Cancelled) or self._context.budget.limit is None or not self._arms:
            raise stopped
        self._context.budget.stopped = True
        self._skipped += [SkippedArm(name, "stopped by hand", None) for name in names]
        self._tell(
            events.Note(f"stopped in {names[0]}: the best so far is saved and tested; Ctrl-C again ends the run")
        )

    def _join_probes(self) -> None:
        """Add what several ways have together: a head on all layers of all networks, and the mean of ways."""
        several = len(self._backbones) > 1 and self._context.settings.is_open
        if several and makes_sense("concat-all", self._context.task):
            self._add_ensemble("concat-all", self._arms)
        members = [arm for arm in self._arms if arm.strategy in BLENDED]
        kinds = {arm.strategy for arm in members}  # without a budget one network's ways are compared, not joined
        enough = len(members) > 1 if self._context.settings.is_open else len(kinds) > 1
        if enough and makes_sense("average", self._context.task):
            self._add_ensemble("average", members)

    def _join_trained(self) -> None:
        """Add the mean of the best probe, or of what probes are joined to, and the best network that was trained."""
        trained = [arm for arm in self._arms if arm.trains and arm.best_epoch > 0]
        probes = {arm.name: loss for arm in self._arms if (loss := cross_validate(self._context, arm)) is not None}
        if trained and probes and makes_sense("average", self._context.task):
            members = {
                min(probes, key=lambda name: probes[name]),
                min(trained, key=lambda arm: arm.validation.loss).name,
            }
            base = [arm for arm in self._arms if arm.name in members]
            self._try(lambda: _join_pair(self._context, base), f"average with {base[-1].name}")

    def _add_ensemble(self, name: str, base: Sequence[Arm]) -> None:
        self._try(lambda: ENSEMBLES[name](self._context, self._backbones, base), name)

    def _try(self, make: Callable[[], Arm], name: str) -> None:
        try:
            self._add(make())
        except FAILURES as error:
            self._skip(name, describe_failure(error), failed=True)

    def _add(self, arm: Arm) -> None:
        self._arms.append(arm)
        if arm.refit_seconds <= self._context.left_for_refit:
            self._context.budget.reserved = max(self._context.budget.reserved, arm.refit_seconds)
        score = arm.validation
        count = self._context.noun.count(score.n)
        shown = score.measure.format(score.score)
        self._tell(events.Finished("arm", arm.seconds, f"{arm.name}: validation {shown} on {count}"))

    def _refuse_nothing(self) -> None:
        reasons = bounded("; ".join(f"{it.name}: {it.reason}" for it in self._skipped), 800)
        if any(it.failed for it in self._skipped):
            raise TrainingError(f"no arm could be made ({reasons}); the arm linear-probe needs least")
        raise SettingError(
            f"no arm fits ({reasons}); give a larger --budget, or the arm linear-probe, which always fits"
        )


def _join_pair(context: DatasetContext, arms: Sequence[Arm]) -> Arm:
    """Return the mean of a way without training and a trained network, which stands last."""
    return combine_arms(context, f"average with {arms[-1].name}", arms, "mean", strategy="average")


def _name_backbone(planned: ArmPlan, context: FitContext) -> ArmPlan:
    """Return the plan with the backbone's name in the arm's."""
    name = f"{planned.name} on {context.backbone.name}"
    return replace(planned, name=name, make=lambda: replace(planned.make(), name=name))
