"""The winner's training once more, on train and validation together: when, on what, and when it is not taken."""

import math
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from headstart import events
from headstart.data.samples import Subset
from headstart.selection.arm import Arm, refit_model
from headstart.selection.context import FitContext
from headstart.selection.finetune import partial_finetune
from headstart.selection.probes import fit_probe
from headstart.selection.refit import add_refit, should_refit
from headstart.settings import FitSettings
from headstart.training.fine_tuning import FineTuneResult, FineTuneSpec, FineTuning
from headstart_runtime.errors import TrainingError
from tests.conftest import Warm
from tests.selection import drawn
from tests.selection.made import make_context, spoil


@pytest.mark.parametrize(
    ("refit", "per_class", "wanted"),
    [("auto", 1000, True), ("auto", 1001, False), ("always", 1001, True), ("never", 2, False)],
)
def test_a_network_is_trained_once_more_where_photos_are_few(refit: Any, per_class: int, wanted: bool) -> None:
    context = drawn.context()
    context.settings = FitSettings(refit=refit)
    context.strata = lambda part: np.arange(3 * per_class) % 3
    assert should_refit(context) == wanted


@pytest.fixture(scope="module")
def trained(
    small: Warm, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[FitContext, Arm, list[events.Event]]]:
    """An arm of three epochs above stage2."""
    home = tmp_path_factory.mktemp("refit")
    small.new_store(home / "store")
    heard: list[events.Event] = []
    with make_context(
        small.photos,
        home / "store",
        home / "run",
        small.name,
        listener=heard.append,
        epochs=3,
        augmentation="light",
        views=2,
    ) as context:
        spoil(context)
        (planned,) = partial_finetune(context, "stage3")
        yield context, planned.make(), heard


def test_it_learns_from_validation_photos_too(
    trained: tuple[FitContext, Arm, list[events.Event]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many steps, so epochs are fewer; and once only: the second time it is known."""
    context, arm, heard = trained
    assert arm.refit_seconds > 0
    made: list[FineTuneSpec] = []
    train = FineTuning._train

    def noted(self: FineTuning, *given: Any) -> FineTuneResult:
        made.append(self.spec)
        return train(self, *given)

    monkeypatch.setattr(FineTuning, "_train", noted)
    parts = refit_model(context, arm)
    (task,) = made
    assert [it.digest for it in task.train] == [it.digest for it in context.samples_in(Subset.TRAIN, Subset.VALIDATION)]
    few, all_ = len(context.samples_in(Subset.TRAIN)), len(task.train)
    assert task.settings.epochs == math.ceil(3 * few / all_)
    assert task.ends == max(1, round(task.settings.epochs * arm.best_epoch / 3))
    assert task.head is not None
    (before,), (after,) = fit_probe(context, "logistic").head.layers, task.head.layers
    assert not np.array_equal(before.weight, after.weight), "the head it starts from knows all photos too"
    assert parts.branches[0].backbone.fingerprint != arm.model.branches[0].backbone.fingerprint
    told = f"{arm.name} is trained once more, on all {all_} photos of train and validation: about "
    assert [it.text.startswith(told) for it in heard if isinstance(it, events.Note)].count(True) == 1
    again = refit_model(context, arm)
    assert again.branches[0].backbone.fingerprint == parts.branches[0].backbone.fingerprint
    assert len(made) == 1


@pytest.mark.slow
def test_never(trained: tuple[FitContext, Arm, list[events.Event]]) -> None:
    context, arm, _ = trained
    unwanted = replace(context, settings=context.settings.model_copy(update={"refit": "never"}))
    assert refit_model(unwanted, arm) is arm.model
    (planned,) = partial_finetune(unwanted, "stage3")
    assert planned.make().refit is None


def made_again(
    right: float, error: Exception | None = None, *, budget: float | None = None, epochs: int = 5
) -> tuple[str, list[str]]:
    """What is saved of an arm with 80 % on validation, whose second training has ``right`` or goes wrong."""
    heard: list[events.Event] = []
    context = drawn.context(heard, budget=budget)
    context.samples_in = lambda *parts: [None] * 60 * len(parts)
    context.predict_raw = lambda parts, samples: drawn.probabilities(right)
    own: Any = SimpleNamespace(name="validated")
    again: Any = SimpleNamespace(name="once more")
    points = [SimpleNamespace(number=number, seconds=1.0) for number in range(11)]

    asked: list[float] = []

    def run(stop: Any) -> Any:
        if error is not None:
            raise error
        assert not stop(1, points[1])
        return SimpleNamespace(epochs=points[: epochs + 1])

    job: Any = SimpleNamespace(run=run, stored_result=None, spec=SimpleNamespace(ends=5))
    was: Any = SimpleNamespace(
        seconds={"boundary": 9.0, "rate": 7.0, "epochs": 8.0, "export": 1.0}, cached=True, best_epoch=5, epochs=points
    )
    made = drawn.arm("tuned", 0.8, model=own)
    arm = add_refit(context, made, was, lambda share: asked.append(share) or job, lambda _: again)
    assert arm.refit_seconds == 9.0 + 4.0 + 1.0
    saved: Any = refit_model(context, arm)
    assert asked == ([1.0] if budget != 22.5 else [1.0, 0.8])
    return saved.name, [it.text for it in heard if isinstance(it, events.Note)]


TOLD = "tuned is trained once more, on all 120 photos of train and validation: about 14 s"
STAYS = "tuned is saved as it was validated, not trained once more: "


def test_one_that_knows_what_it_was_trained_on_is_taken() -> None:
    assert made_again(0.8) == ("once more", [TOLD])
    reason = "accuracy on the validation photos was 80.0% before it was trained on them, 75.0% after that"
    assert made_again(0.75) == ("validated", [TOLD, STAYS + reason])


def test_one_that_goes_wrong_or_is_cut_off_is_not() -> None:
    stopped = TrainingError("training stopped at step 3")
    assert made_again(0.9, stopped) == ("validated", [TOLD, STAYS + "training stopped at step 3"])
    short = RuntimeError("DefaultCPUAllocator: can't allocate memory")
    name, told = made_again(0.9, short)
    assert name == "validated"
    assert told[1].startswith(STAYS + "memory was too short (DefaultCPUAllocator: can't allocate memory)")
    reason = "the budget was used up after 4 of 5 epochs"
    assert made_again(0.9, epochs=4) == ("validated", [TOLD, STAYS + reason])


def test_where_the_budget_is_used_up_it_is_not_begun() -> None:
    reason = "that would take 14 s, 8 s of the budget are left"
    assert made_again(0.9, budget=16.8) == ("validated", [STAYS + reason])


def test_where_it_is_short_there_are_fewer_steps() -> None:
    told = TOLD.replace(": about 14 s", ", with 80% of the steps: about 11 s")
    assert made_again(0.9, budget=22.5) == ("once more", [told])


def test_a_probe_is_fitted_once_more_however_late_it_is() -> None:
    parts: Any = object()
    late = drawn.arm("linear-probe", refit=lambda context: parts)
    assert refit_model(drawn.context(budget=0.0), late) is parts


def test_a_head_that_cannot_be_fitted_once_more_is_saved_as_it_was_validated() -> None:
    heard: list[events.Event] = []

    def refit(context: Any) -> Any:
        raise MemoryError

    own: Any = SimpleNamespace(name="validated")
    assert refit_model(drawn.context(heard), drawn.arm("linear-probe", model=own, refit=refit)) is own
    (note,) = heard
    assert note.text.startswith("linear-probe is saved as it was validated, not fitted once more: memory was too")
