"""A training whose boundary, views and epochs are left to the budget: timed here, planned, and changed as it runs.

Its highest boundary is timed, which is soonest done; what lies lower is priced by arithmetic from that and timed only
where it is to be taken. Activations are made in rounds of a few views of all samples. Where they turn out slower than
timed, there are fewer rounds and fewer epochs, so that what was begun always ends.
"""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headstart import events
from headstart.backbones.backbone import middle_stage
from headstart.data.samples import Subset
from headstart.engines.work import count_work_above
from headstart.selection.context import FitContext
from headstart.selection.planning import SAFE, boundary_below, note_begun, time_training
from headstart.selection.refit import should_refit
from headstart.selection.training_choice import (
    FEWEST_VIEWS,
    SHARE_LEAST,
    TrainingChoice,
    TrainingPace,
    TrainingSize,
    choose_training,
    fit_epochs,
    price_shortest,
    price_training,
)
from headstart.selection.trainings import build_training
from headstart.training.cost import PreparationSpeed, samples_per_second
from headstart_runtime.errors import TrainingError

if TYPE_CHECKING:  # it imports PyTorch
    from headstart.training.fine_tuning import FineTuning

LEFT_OPEN = frozenset({"unfreeze", "views", "epochs", "rate", "find_rate", "search"})  #: settings that leave no choice


def is_left_open(context: FitContext) -> bool:
    """Return whether boundary, views and epochs of a training are left to the budget."""
    settings = context.settings
    return settings.is_open and context.budget.limit is not None and not LEFT_OPEN & settings.model_fields_set


def list_options(context: FitContext) -> list[str]:
    """Return the lowest layers that a training may begin at, low to high."""
    names = [layer.name for layer in context.backbone.layers]
    return names[names.index(middle_stage(names)) : -1] or names[-1:]


@dataclass
class OpenTraining:
    """A training of the upper part of a network, as the budget allows it."""

    context: FitContext
    name: str  #: for people
    choice: TrainingChoice | None = None  #: None: not planned yet, or nothing can end in time
    pace: TrainingPace | None = None  #: of the boundary that was chosen

    def plan(self) -> "FineTuning":
        """Return the training that is to be made; where nothing can end in time, the shortest there is."""
        context = self.context
        options = list_options(context)
        top = build_training(context, self.name, options[-1], scratch=False)
        measured = self._measure(top)
        size = self._size(top)
        boundary = boundary_below(context, options[-1])
        context.memo.shortest[boundary] = price_shortest(measured, size)
        if (begun := self._go_on(top, measured, size)) is not None:
            return begun
        found = self._choose({**self._scale(measured, options), options[-1]: measured}, size)
        training, self.pace = top, measured
        if found is not None and found.unfreeze != options[-1]:
            lower = top.with_boundary(found.unfreeze)
            slower = self._measure(lower)
            found = self._choose({found.unfreeze: slower, options[-1]: measured}, size)
            if found is not None and found.unfreeze != options[-1]:
                training, self.pace = lower, slower
        self.choice = found
        if found is None:
            fewest = max(1, round(SHARE_LEAST * size.epochs))
            return _with_plan(training, min(FEWEST_VIEWS, size.views), fewest)
        made = _with_plan(training, found.views, found.epochs)
        while not made.is_cached and made.settings.views > 1:  # fewer views rather than new ones for each epoch
            made = _with_plan(made, made.settings.views // 2, found.epochs)
        many = "" if size.views == 1 else f"{made.settings.views} views, "
        text = f"{found.unfreeze} and above, {many}{found.epochs} epochs"
        left = f"{max(0.0, context.left):.0f} s of the budget left"
        context.log(events.Note(f"{self.name} is planned: {text}, about {found.seconds:.0f} s of {left}"))
        return made

    def prepare(self, training: "FineTuning") -> "FineTuning":
        """Make its activations, and return it with as many views and epochs as the time that is left then allows.

        Raises:
            TrainingError: not even the fewest epochs would end in time.
        """
        ended = training.stored_result is not None
        if ended or training.checkpoint.is_file() or not training.is_cached or self.pace is None:
            return training
        context, pace, size = self.context, self.pace, self._size(training)
        wanted, ready = training.views_per_sample, 0
        while ready < wanted:
            count = min(wanted, ready + FEWEST_VIEWS)
            began = time.perf_counter()
            training.compute_views(count)
            took, ready = time.perf_counter() - began, count
            needed = training.epochs * (size.train / pace.trained + size.validation / pace.scored)
            if ready < wanted and SAFE * context.left < took + needed:
                break
        epochs = fit_epochs(pace, size, context.left)
        if epochs is None:
            raise TrainingError(f"its activations took longer than predicted: {context.left:.0f} s are left")
        epochs = min(epochs, training.epochs)
        if (ready, epochs) == (wanted, training.epochs):
            return training
        text = f"{self.name}: activations take longer than predicted; {ready} of {wanted} views are made"
        context.log(events.Note(f"{text}, and {epochs} of {training.epochs} epochs"))
        return _with_plan(training, ready, epochs)

    def _go_on(self, top: "FineTuning", measured: TrainingPace, size: TrainingSize) -> "FineTuning | None":
        """Return the training as it was begun under this budget, if what is left of it still ends; None else."""
        context, options = self.context, list_options(self.context)
        for plan in top.list_begun():
            if plan.unfreeze not in options:
                continue
            highest = plan.unfreeze == options[-1]
            training = top if highest else top.with_boundary(plan.unfreeze)
            pace = measured if highest else self._measure(training)
            choice = price_training(plan.unfreeze, pace, size, plan.views, plan.epochs, plan.done)
            begun = _with_plan(training, plan.views, plan.epochs)
            if begun.checkpoint.is_file() and choice.seconds <= context.left:
                self.choice, self.pace = choice, pace
                note_begun(self.name, plan, context)
                return begun
        return None

    def _choose(self, paces: dict[str, TrainingPace], size: TrainingSize) -> TrainingChoice | None:
        names = [layer.name for layer in self.context.backbone.layers]
        ordered = {name: paces[name] for name in names if name in paces}
        return choose_training(ordered, size, SAFE * self.context.left, refit=should_refit(self.context))

    def _measure(self, training: "FineTuning") -> TrainingPace:
        """Time a training, and return its pace."""
        pace: PreparationSpeed = time_training(training, self.context)()
        speed = training.speeds[training.precision]
        trained = samples_per_second(speed.samples, speed.windowed, whole=training.windows.whole)
        return TrainingPace(pace.view, trained, speed.scored, pace.features)

    def _scale(self, pace: TrainingPace, options: list[str]) -> dict[str, TrainingPace]:
        """Return the pace above lower boundaries by arithmetic: steps are slower, views no slower than above."""
        try:
            above = count_work_above(self.context.backbone)
        except (RuntimeError, KeyError):  # what cannot be counted is not tried
            return {}
        own = max(1.0, above[boundary_below(self.context, options[-1])])
        times = {name: above[boundary_below(self.context, name)] / own for name in options[:-1]}
        return {
            name: TrainingPace(pace.view, pace.trained / more, pace.scored / more, pace.features)
            for name, more in times.items()
        }

    def _size(self, training: "FineTuning") -> TrainingSize:
        views = 1 if training.train_views.plain else self.context.settings.views
        train, held_out = self.context.samples_in(Subset.TRAIN), self.context.samples_in(Subset.VALIDATION)
        epochs = self.context.settings.epochs_for(len(train))
        return TrainingSize(len(train), len(held_out), epochs, views, self.context.most_train_scored)


def _with_plan(training: "FineTuning", views: int, epochs: int) -> "FineTuning":
    """Return the training with so many views and epochs, as it was timed."""
    settings = training.spec.settings.model_copy(update={"views": views, "epochs": epochs})
    other = training.with_settings(settings)
    other.benchmark, other.prepared = training.benchmark, training.prepared
    return other
