"""Settings of fine-tuning are tried, and the best on validation are kept.

A tree-structured Parzen estimator proposes them (Bergstra et al. 2011, NeurIPS, "Algorithms for Hyper-Parameter
Optimization"; Optuna: Akiba et al. 2019, KDD), and a trial whose calibrated validation loss is above the median of the
earlier ones at the same epoch is given up. The first trial is what the user set. Trials are kept in a database in the
run's folder: a search that was killed goes on with those it has, and its last trial from that trial's last epoch.
"""

import json
import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart import events
from headstart.backbones.backbone import Backbone
from headstart.selection.failures import FAILURES, describe_failure
from headstart.selection.search_study import AT_RANDOM, STORAGE, SearchTrial, list_trials, open_study
from headstart.settings import FitSettings
from headstart.storage.atomic import replace_text
from headstart.training.curves import Epoch
from headstart_runtime.errors import TrainingError
from headstart_runtime.modalities.batch import find_mask
from headstart_runtime.modalities.modality import get_modality
from headstart_runtime.tasks.task import Task, get_task

if TYPE_CHECKING:  # PyTorch and Optuna, which a run that searches nothing has no need of
    from optuna import Study
    from optuna.trial import Trial

    from headstart.training.fine_tuning import FineTuneResult, FineTuning

RECORD = "search.json"
RATES = (0.2, 5.0)  #: times the rate that training would take
DECAYS = (1e-3, 0.2)  #: of weights
LAYER_DECAYS = (0.5, 1.0)
CONTINUOUS = ("rate", "weight_decay", "layer_decay")


@dataclass(frozen=True)
class SearchResult:
    """The outcome of a search: the best training, and all trials."""

    trained: "FineTuneResult"  #: of the best trial
    best: SearchTrial
    trials: tuple[SearchTrial, ...]  #: in order


def list_choices(backbone: Backbone, task: Task) -> dict[str, tuple[Any, ...]]:
    """Return the values that a search tries of settings that have a few: the task's, the modality's among them.

    Samples are mixed only where all changes keep the answer, for what is counted in a mix of two is not their mean, and
    where a network reads numbers alone, not tokens with a mask.
    """
    augmentation = get_modality(backbone.spec.kind).augmentation
    views = augmentation.choices if augmentation is not None else {}
    objective = task.training.choices if task.training is not None else {}
    mixed = {"mixup": (0.0, 0.2)} if "*" in task.invariances and find_mask(backbone.spec) is None else {}
    return {**objective, **mixed, **views, "ema": (0.0, 0.999)}


def _list_choices(training: "FineTuning") -> dict[str, tuple[Any, ...]]:
    return list_choices(training.spec.backbone, get_task(training.spec.space.task))


def count_kinds_of_views(training: "FineTuning") -> int:
    """Return how many kinds of changed views the tries may choose from; the activations of each are kept apart."""
    augmentation = get_modality(training.spec.backbone.spec.kind).augmentation
    views = augmentation.choices if augmentation is not None else {}
    return math.prod(len(_with_own(values, name, training.spec.settings)) for name, values in views.items())


def search_hyperparameters(
    training: "FineTuning",
    wanted: int,
    folder: Path,
    *,
    stop: Callable[[int, Epoch], bool],
    left: Callable[[], float],
) -> SearchResult:
    """Try settings of a training until enough are tried or the time is up; the first is made in any case.

    Args:
        training: the training as the user set it.
        wanted: trials, with those of a search that was killed.
        folder: where the trials are kept.
        stop: ends a training whose next epoch would not end within the budget.
        left: seconds that the search may still take.

    Raises:
        TrainingError: every trial failed.
    """
    training.listener = _each_note_once(training.listener)
    with open_study(folder / STORAGE, training.result_folder.name, _point(training), training.listener) as study:
        trials = list_trials(study)
        while len(trials) < wanted and (not trials or left() > _longest(trials)):
            _run_trial(study, training, len(trials) + 1, stop)
            trials = list_trials(study)
            _record(folder / RECORD, trials)
            _tell(training, trials[-1], wanted)
    ended = {it.log_loss: it for it in reversed(trials) if it.log_loss is not None and it.ended == "complete"}
    if not ended:
        raise TrainingError(f"none of {len(trials)} trials of {training.spec.name} ended: {trials[0].reason}")
    best = ended[min(ended)]  # of equals the first
    return SearchResult(_with_settings(training, best.number, best.settings).run(), best, trials)


def _run_trial(study: "Study", training: "FineTuning", number: int, stop: Callable[[int, Epoch], bool]) -> None:
    """Ask for settings, train with them, and keep the result."""
    from optuna import TrialPruned
    from optuna.samplers import TPESampler
    from optuna.trial import TrialState

    # A sampler of its own for each trial: what it draws must not depend on how many were made in this process.
    seed = int(np.random.default_rng([training.spec.settings.seed, number]).integers(2**32))
    study.sampler = TPESampler(seed=seed, n_startup_trials=AT_RANDOM)
    trial = study.ask()
    proposed = _propose(trial, training, study.user_attrs.get("rate", _rate(training)))
    settings = _initial_settings(training) if number == 1 else proposed
    tried = _with_settings(training, number, settings)
    seen = {0: float("inf")}  # validation loss, calibrated, after each epoch

    def ask(epochs: int, epoch: Epoch) -> bool:
        seen[epochs] = epoch.calibrated_loss
        if epochs > 0:  # before the first step all trials are the same
            trial.report(epoch.calibrated_loss, epochs)
            if trial.should_prune():
                raise TrialPruned
        return stop(epochs, epoch)

    began = time.perf_counter()
    try:
        trained = tried.run(ask)
    except TrialPruned:
        tried.forget()
        _keep(trial, settings, began, log_loss=min(seen.values()), epochs=max(seen), disk=tried.disk_bytes)
        study.tell(trial, state=TrialState.PRUNED)
    except FAILURES as error:
        tried.forget()
        _keep(trial, settings, began, reason=describe_failure(error), epochs=max(seen))
        study.tell(trial, state=TrialState.FAIL)
    else:
        if number == 1 and trained.rate_curve is not None:
            study.set_user_attr("rate", trained.rate_curve.suggestion)
            settings = {**settings, "rate": trained.rate_curve.suggestion}
        loss = trained.epochs[trained.best_epoch].calibrated_loss
        began = min(began, time.perf_counter() - sum(trained.seconds.values()))  # an earlier run may have trained it
        _keep(trial, settings, began, log_loss=loss, epochs=trained.epochs[-1].number, disk=trained.disk)
        study.tell(trial, loss)


def _keep(trial: "Trial", settings: Mapping[str, Any], began: float, **facts: Any) -> None:
    trial.set_user_attr("facts", {"settings": settings, "seconds": time.perf_counter() - began, **facts})


def _propose(trial: "Trial", training: "FineTuning", rate: float) -> dict[str, Any]:
    """Return settings for a trial. The user's are within the bounds, so that the first trial is one of them."""
    own, choices = training.spec.settings, _list_choices(training)
    factor = trial.suggest_float("rate_factor", *RATES, log=True)
    decays = (min(DECAYS[0], own.weight_decay or DECAYS[0]), max(DECAYS[1], own.weight_decay))
    layers = (min(LAYER_DECAYS[0], own.layer_decay), LAYER_DECAYS[1])
    return {
        "rate": min(10.0, rate * factor),
        "weight_decay": trial.suggest_float("weight_decay", *decays, log=True),
        "layer_decay": trial.suggest_float("layer_decay", *layers),
        **{name: trial.suggest_categorical(name, _with_own(values, name, own)) for name, values in choices.items()},
    }


def _with_own(values: Iterable[Any], name: str, own: FitSettings) -> list[Any]:
    return list(dict.fromkeys([*values, getattr(own, name)]))


def _point(training: "FineTuning") -> dict[str, Any]:
    """Return the user's settings as a point of the space; no decay, which has no logarithm, is its lower end."""
    own = training.spec.settings
    point = {name: getattr(own, name) for name in _list_searched(training) if name != "rate"}
    return {"rate_factor": 1.0, **point, "weight_decay": own.weight_decay or DECAYS[0]}


def _initial_settings(training: "FineTuning") -> dict[str, Any]:
    """Return the user's settings, with the rate that training takes where none was set."""
    return {name: getattr(training.spec.settings, name) for name in _list_searched(training)} | {
        "rate": _rate(training)
    }


def _list_searched(training: "FineTuning") -> list[str]:
    return [*CONTINUOUS, *_list_choices(training)]


def _rate(training: "FineTuning") -> float:
    from headstart.training.schedule import peak_rate

    return peak_rate(training.settings, scratch=False)


def _with_settings(training: "FineTuning", number: int, settings: Mapping[str, Any]) -> "FineTuning":
    """Return the training of a trial; the first is the user's own, so that a run without a search shares it."""
    return training if number == 1 else training.with_settings(training.spec.settings.model_copy(update=dict(settings)))


def _longest(trials: tuple[SearchTrial, ...]) -> float:
    """Return the seconds that one more trial may take."""
    return max(it.seconds for it in trials)


def _tell(training: "FineTuning", trial: SearchTrial, wanted: int) -> None:
    ended = "failed" if trial.log_loss is None else f"{trial.ended}, calibrated validation loss {trial.log_loss:.3f}"
    values = ", ".join(
        f"{name.replace('_', ' ')} {value:.2g}" if isinstance(value, float) else value
        for name, value in trial.settings.items()
    )
    text = f"{training.spec.name}: {ended}; {values}"
    training.listener(events.Finished(f"trial {trial.number}/{wanted}", trial.seconds, text))


def _record(file: Path, trials: tuple[SearchTrial, ...]) -> None:
    replace_text(file, json.dumps({"schema_version": 1, "trials": [asdict(it) for it in trials]}, indent=2))


def _each_note_once(listener: events.Listener) -> events.Listener:
    """Return a listener that passes each note on once: every trial has the same things to note."""
    heard: set[str] = set()

    def listen(event: events.Event) -> None:
        if isinstance(event, events.Note):
            if event.text in heard:
                return
            heard.add(event.text)
        listener(event)

    return listen
