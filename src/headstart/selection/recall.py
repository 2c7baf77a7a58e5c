"""Answers of arithmetic that takes seconds, looked up in the store before they are computed.

The same rows, targets, groups and settings were perhaps asked about before.
What code of other packages has a part in is made each time, for what it depends on is not known here.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from headstart import events
from headstart.heads.head import FitResult, TrainingSet, Trial
from headstart.heads.kernel_rows import is_kernel
from headstart.heads.saving import from_tensors, to_tensors
from headstart.selection.context import DatasetContext
from headstart.settings.chapters import CompareSettings, DataSettings, RunSettings, TrustSettings
from headstart.settings.training import TrainSettings
from headstart.storage.results import PACKAGES, Arrays, Question, Result
from headstart_runtime.arrays import Floats
from headstart_runtime.tasks.task import Task

#: Settings that no head reads: where things lie, how samples are read and what is made of what is known of heads.
_CHAPTERS = RunSettings, DataSettings, CompareSettings, TrainSettings, TrustSettings
_WITHOUT_EFFECT = {name for chapter in _CHAPTERS for name in chapter.model_fields} - {"seed", "coverage", "acceptance"}


class Stopwatch:
    """Seconds that something takes; what is known from before counts with those that it took when it was made.

    Args:
        context: of the run.
        ahead: seconds that it shows at the start.
    """

    def __init__(self, context: DatasetContext, ahead: float = 0.0):
        self._results = context.store.results
        self._zero = self._read() - ahead

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return self._read() - self._zero

    def _read(self) -> float:
        return time.perf_counter() + self._results.seconds_spared


def recall_fit(
    context: DatasetContext,
    head: str,
    training_set: TrainingSet,
    fixed: Mapping[str, float] | None,
    make: Callable[[], FitResult],
) -> FitResult:
    """Return a fitted head, known from before or made now.

    Args:
        context: of the run.
        head: its name.
        training_set: what it is fitted on; of inner products nothing is known from before.
        fixed: its hyperparameters, or None.
        make: fits it.
    """
    if not can_recall(context, head, training_set):
        return make()
    question = ask_of_rows(context, "head", training_set, [head, fixed])
    return _unpack(context.store.results.recall(question, lambda: _pack(make())))


def recall_outputs(
    context: DatasetContext,
    head: str,
    training_set: TrainingSet,
    fixed: Mapping[str, float],
    make: Callable[[], Floats],
) -> Floats:
    """Return held-out outputs (N, K) of a head, known from before or made now; arguments as of ``recall_fit``."""
    if not can_recall(context, head, training_set):
        return make()
    return recall_array(context, ask_of_rows(context, "held-out", training_set, [head, fixed]), make)


def recall_array(context: DatasetContext, question: Question, make: Callable[[], Floats]) -> Floats:
    """Return an array, known from before or made now."""
    return context.store.results.recall(question, lambda: Result({"outputs": make()})).arrays["outputs"]


def ask_of_rows(
    context: DatasetContext, name: str, training_set: TrainingSet, facts: Any, more: Arrays | None = None
) -> Question:
    """Return a question about a training set, its features among it, and the settings that heads read.

    Args:
        context: of the run.
        name: of the arithmetic.
        training_set: what it reads.
        facts: more that it depends on, which JSON can hold.
        more: arrays that it reads besides, under names of their own.
    """
    settings = {name: value for name, value in context.settings.model_dump().items() if name not in _WITHOUT_EFFECT}
    asked = [training_set.outputs, training_set.balanced, training_set.seed, training_set.tolerance]
    arrays = {"features": training_set.features, "targets": training_set.targets, "groups": training_set.groups}
    return Question(name, {**(more or {}), **arrays}, [context.task.name, asked, settings, facts])


def is_ours(part: object) -> bool:
    """Return whether a function, or the class of an object, is of this program, whose digest then tells its code.

    A function that another package wrapped has the name of what is in it: where its code stands tells.
    """
    modules = {getattr(part, "__module__", None) or type(part).__module__}
    modules.add(getattr(part, "__globals__", {}).get("__name__"))
    return all(module is None or module.partition(".")[0] in PACKAGES for module in modules)


def can_recall(context: DatasetContext, head: str, training_set: TrainingSet) -> bool:
    """Return whether all is known that a head of the task on some rows depends on."""
    heads = context.task.heads
    ours = is_ours(type(heads)) and is_ours(heads.heads.get(head))
    return ours and training_set.targets.dtype != object and not is_kernel(training_set.features)


def can_recall_scores(task: Task) -> bool:
    """Return whether all is known that a task's scores of outputs depend on, and its strata."""
    return all(is_ours(type(part)) for part in (task, task.targets, task.scoring))


def note_known_results(context: DatasetContext) -> None:
    """Tell how many results of this run were known from before; nothing where none was."""
    known = context.store.results.known.values()
    if count := sum(each.count for each in known):
        known_ones = "1 result of this run was" if count == 1 else f"{count} results of this run were"
        seconds = context.store.results.seconds_spared
        context.log(events.Note(f"{known_ones} known from an earlier one; making them took {seconds:.1f} s then"))


def _pack(fitted: FitResult) -> Result:
    facts = {
        "kind": fitted.head.kind,
        "chosen": {name: value if isinstance(value, int) else float(value) for name, value in fitted.chosen.items()},
        "path": [asdict(trial) for trial in fitted.path],
        "seconds": fitted.seconds,
        "torn": list(fitted.torn),
    }
    return Result(to_tensors(fitted.head), facts)


def _unpack(result: Result) -> FitResult:
    facts = result.facts
    return FitResult(
        from_tensors(facts["kind"], {name: np.asarray(array) for name, array in result.arrays.items()}),
        facts["chosen"],
        tuple(Trial(**trial) for trial in facts["path"]),
        facts["seconds"],
        tuple(facts["torn"]),
    )
