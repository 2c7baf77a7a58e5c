"""The search: what is tried, in which order, what a kill costs, and what becomes of it."""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import headstart
from headstart import events
from headstart.selection.hyperparameters import (
    CONTINUOUS,
    DECAYS,
    RATES,
    RECORD,
    list_choices,
    search_hyperparameters,
)
from headstart.selection.search_study import AT_RANDOM, STORAGE, UNPRUNED
from headstart.settings import FitSettings
from headstart.training.curves import Epoch
from headstart_runtime.errors import TrainingError
from headstart_runtime.tasks.task import get_task

BEST = 1e-3  #: the rate at which the drawn trainings end best


def compute_loss(settings: FitSettings, epoch: int) -> float:
    """A made-up training: the further the rate from the best, the higher the loss, from the first epoch on."""
    off = abs(np.log(settings.rate / BEST)) if settings.rate else 0.5
    return float(0.2 + off + settings.mixup / 10 + 1 / (1 + epoch))


@dataclass
class Drawn:
    """What the search sees of a training, without the network."""

    settings: FitSettings
    log: list[Any] = field(default_factory=list)  #: settings of each training that was begun; "forget"
    kill_at: int | None = None  #: training that a kill ends, counted from 1
    fail: Callable[[FitSettings], bool] = lambda settings: False
    listener: events.Listener = events.ignore
    disk_bytes: int = 100
    error: Exception = field(default_factory=lambda: TrainingError("the loss is nan"))

    @property
    def spec(self) -> SimpleNamespace:
        image = SimpleNamespace(spec=SimpleNamespace(kind="image"))
        space = SimpleNamespace(task="classification")
        return SimpleNamespace(settings=self.settings, name="drawn", backbone=image, space=space)

    @property
    def result_folder(self) -> Path:
        return Path("drawn-0123")

    def with_settings(self, settings: FitSettings) -> "Drawn":
        return replace(self, settings=settings)

    def forget(self) -> None:
        self.log.append("forget")

    def run(self, stop: Callable[[int, Epoch], bool] = lambda epochs, epoch: False) -> SimpleNamespace:
        self.log.append(self.settings)
        if self.fail(self.settings):
            raise self.error
        epochs: list[Epoch] = []
        for number in range(self.settings.epochs + 1):
            epochs.append(Epoch(number, 0.0, 0.0, 0.0, 0.0, 0.0, compute_loss(self.settings, number), 0.01))
            if number < self.settings.epochs and stop(number, epochs[-1]):
                break
            if self.kill_at is not None and number == 1 and self.begun == self.kill_at:
                raise KeyboardInterrupt
        best = min(epochs, key=lambda it: it.calibrated_loss).number
        return SimpleNamespace(
            epochs=tuple(epochs), best_epoch=best, seconds={"epochs": 0.1}, disk=self.disk_bytes, rate_curve=None
        )

    @property
    def begun(self) -> int:
        return sum(entry != "forget" for entry in self.log)


def draw(**settings: object) -> Drawn:
    return Drawn(FitSettings(epochs=4, **settings))


def go(job: Drawn, folder: Path, wanted: int = 8, left: float = float("inf")) -> Any:
    return search_hyperparameters(job, wanted, folder, stop=lambda epochs, epoch: False, left=lambda: left)


def test_the_first_try_is_what_the_user_set(tmp_path) -> None:
    job = draw(weight_decay=0.0, mixup=0.7, augmentation="none", layer_decay=0.3, ema=0.5, rate=5.0)
    found = go(job, tmp_path, wanted=3)
    assert job.log[0] is job.settings
    choices = list_choices(job.spec.backbone, get_task("classification"))
    assert found.trials[0].settings == {name: getattr(job.settings, name) for name in [*CONTINUOUS, *choices]}


def test_the_rate_that_was_not_set_is_the_default(tmp_path) -> None:
    assert go(draw(), tmp_path, wanted=1).trials[0].settings["rate"] == 7e-4
    assert go(draw(optimiser="sgd"), tmp_path / "sgd", wanted=1).trials[0].settings["rate"] == 5e-3


def test_all_tries_lie_within_the_bounds_and_differ(tmp_path) -> None:
    trials = go(draw(), tmp_path, wanted=12).trials
    assert [it.number for it in trials] == list(range(1, 13))
    assert len({json.dumps(dict(it.settings)) for it in trials}) == 12
    for it in trials:
        assert 7e-4 * RATES[0] <= it.settings["rate"] <= 7e-4 * RATES[1] * (1 + 1e-9)
        assert DECAYS[0] <= it.settings["weight_decay"] <= DECAYS[1]
        assert 0.5 <= it.settings["layer_decay"] <= 1
        assert it.settings["augmentation"] in ("light", "standard", "strong")
        assert it.settings["mixup"] in (0.0, 0.2)
        assert it.settings["ema"] in (0.0, 0.999)
        assert it.settings["label_smoothing"] in (0.0, 0.1)


def test_the_best_complete_try_wins(tmp_path) -> None:
    job = draw()
    found = go(job, tmp_path, wanted=10)
    complete = [it for it in found.trials if it.ended == "complete"]
    assert found.best.log_loss == min(it.log_loss for it in complete)
    best = job.settings.model_copy(update=dict(found.best.settings))
    assert found.best.log_loss == pytest.approx(compute_loss(best, 4))
    assert found.trained.epochs[-1].calibrated_loss == found.best.log_loss
    record = json.loads((tmp_path / RECORD).read_text())
    assert [it["log_loss"] for it in record["trials"]] == [it.log_loss for it in found.trials]


def test_hopeless_tries_are_given_up(tmp_path) -> None:
    """Against the rule by hand: its best loss so far is above the median of the complete tries at that epoch."""
    job = draw(rate=5e-4)
    found = go(job, tmp_path, wanted=14)
    pruned = [it for it in found.trials if it.ended == "pruned"]
    assert pruned
    assert job.log.count("forget") == len(pruned)
    for it in pruned:
        assert it.number > AT_RANDOM
        assert UNPRUNED <= it.epochs < 4
        earlier = [
            compute_loss(job.settings.model_copy(update=dict(other.settings)), it.epochs)
            for other in found.trials[: it.number - 1]
            if other.ended == "complete"
        ]
        assert it.log_loss > np.median(earlier)


@pytest.mark.parametrize("kill_at", [1, 3, 7])
def test_a_killed_search_ends_as_an_undisturbed_one(kill_at: int, tmp_path) -> None:
    whole = go(draw(), tmp_path / "whole")
    job = draw()
    job.kill_at = kill_at
    with pytest.raises(KeyboardInterrupt):
        go(job, tmp_path / "killed")
    job.kill_at = None
    again = go(job, tmp_path / "killed")
    assert [(it.settings, it.log_loss, it.ended) for it in again.trials] == [
        (it.settings, it.log_loss, it.ended) for it in whole.trials
    ]
    begun = [entry for entry in job.log if entry != "forget"]
    assert begun[kill_at - 1] == begun[kill_at]  # the one that was cut off is tried again, and none beside it
    assert len(begun) == 8 + 1 + 1  # all trials, the one cut off, and the best asked for at the end


def test_a_finished_search_is_not_made_again_and_can_be_gone_on_with(tmp_path) -> None:
    go(draw(), tmp_path, wanted=5)
    job = draw()
    found = go(job, tmp_path, wanted=5)
    assert len(found.trials) == 5
    assert job.begun == 1  # the best
    assert len(go(draw(), tmp_path, wanted=7).trials) == 7


def test_the_seed_decides(tmp_path) -> None:
    one, two = (go(draw(seed=seed), tmp_path / str(seed), wanted=3) for seed in (0, 1))
    assert one.trials[0].settings == two.trials[0].settings
    assert one.trials[1].settings != two.trials[1].settings


def test_it_ends_where_no_other_try_fits(tmp_path) -> None:
    assert len(go(draw(), tmp_path, left=0.05).trials) == 1  # a try takes 0.1 s
    assert len(go(draw(), tmp_path, left=0.05).trials) == 1


@pytest.mark.slow
def test_a_try_that_fails_is_one_of_them(tmp_path) -> None:
    job = draw()
    job.fail = lambda settings: settings.rate is not None and settings.rate > BEST
    found = go(job, tmp_path)
    failed = [it for it in found.trials if it.ended == "failed"]
    assert failed
    assert all(it.log_loss is None and it.reason == "the loss is nan" for it in failed)
    assert found.best.ended == "complete"
    assert len(found.trials) == 8
    job.fail = lambda settings: True
    with pytest.raises(TrainingError, match="none of 2 trials of drawn ended: the loss is nan"):
        go(job, tmp_path / "all", wanted=2)
    job.error = RuntimeError("CUDA out of memory.")
    with pytest.raises(TrainingError, match=r"none of 2 trials of drawn ended: memory was too short \(CUDA out of"):
        go(job, tmp_path / "short", wanted=2)


def test_a_damaged_database_is_begun_anew(tmp_path) -> None:
    (tmp_path / STORAGE).write_bytes(b"not a database at all, but long enough to look like one" * 40)
    heard: list[events.Event] = []
    job = draw()
    job.listener = heard.append
    assert len(go(job, tmp_path, wanted=2).trials) == 2
    assert any("begun anew" in event.text for event in heard if isinstance(event, events.Note))


def test_any_name_of_a_folder(tmp_path) -> None:
    folder = tmp_path / "50% of #1? é"
    assert len(go(draw(), folder, wanted=2).trials) == 2
    assert sorted(file.name for file in folder.iterdir()) == [RECORD, STORAGE]


def test_optuna_says_nothing(tmp_path, capfd, caplog) -> None:
    import optuna

    said = optuna.logging.get_verbosity()
    with caplog.at_level(logging.DEBUG):
        go(draw(), tmp_path, wanted=2)
    assert capfd.readouterr() == ("", "")
    assert optuna.logging.get_verbosity() == said


def test_what_is_said(tmp_path) -> None:
    heard: list[events.Event] = []
    job = draw()
    job.listener = heard.append
    go(job, tmp_path, wanted=2)
    told = [event for event in heard if isinstance(event, events.Finished)]
    assert [event.stage for event in told] == ["trial 1/2", "trial 2/2"]
    assert told[0].summary.startswith(
        "drawn: complete, calibrated validation loss 0.900; rate 0.0007, weight decay 0.02, "
    )


@pytest.mark.slow
def test_a_searched_and_a_plain_training_with_a_rate_that_is_found(warm, tmp_path) -> None:
    """The whole way: two fits of real trainings; the second finds the first's own try done."""
    # Which arithmetic is faster is timed, and on a busy machine not always answered alike.
    knobs = {"find_rate": True, "epochs": 1, "batch_size": 8, "unfreeze": "stage5", "views": 1}
    knobs["training_precision"] = "f32"
    run = headstart.fit(
        warm.photos,
        out=tmp_path / "searched",
        store=warm.store,
        arms="linear-probe,partial-finetune",
        search=2,
        **knobs,
    )
    arm = run.record["arms"][-1]
    assert arm["name"] == "partial-finetune stage5, best of 2"
    assert arm["chosen"].keys() >= {*CONTINUOUS, "augmentation", "label_smoothing", "mixup", "ema"}
    assert any("of 2 was the best on validation, which therefore flatters it" in note for note in arm["notes"])
    folder = run.folder / "arms" / "partial-finetune-stage5"
    first, second = json.loads((folder / RECORD).read_text())["trials"]
    assert min(first["log_loss"], second["log_loss"]) == pytest.approx(
        arm["curves"][arm["best_epoch"]]["calibrated_loss"]
    )
    assert first["settings"]["rate"] * RATES[0] <= second["settings"]["rate"] <= first["settings"]["rate"] * RATES[1]
    curves = [json.loads(file.read_text())["rate_curve"] for file in (warm.store / "trained").glob("*/training.json")]
    assert first["settings"]["rate"] in [curve["suggestion"] for curve in curves if curve]

    plain = headstart.fit(
        warm.photos, out=tmp_path / "plain", store=warm.store, arms="linear-probe,partial-finetune", **knobs
    ).record["arms"][-1]
    assert plain["name"] == "partial-finetune stage5"
    assert plain["chosen"]["rate"] == first["settings"]["rate"] != 7e-4
    assert plain["curves"][plain["best_epoch"]]["calibrated_loss"] == pytest.approx(first["log_loss"])
    assert any("comes from a range test" in note for note in plain["notes"])
