"""The winner's training once more, on train and validation together: when, on what, and when it is not taken."""

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.conftest import Warm
from tests.strategies import drawn
from tests.strategies.made import material_of, spoil

from headstart import events
from headstart.data.samples import Part
from headstart.errors import TrainingError
from headstart.settings import FitSettings
from headstart.strategies.finetune import partial_finetune
from headstart.strategies.material import Material
from headstart.strategies.refitting import refits, with_refit
from headstart.strategies.strategy import Arm, final_parts


@pytest.mark.parametrize(
    ("refit", "per_class", "wanted"),
    [("auto", 1000, True), ("auto", 1001, False), ("always", 1001, True), ("never", 2, False)],
)
def test_a_network_is_trained_once_more_where_photos_are_few(refit: Any, per_class: int, wanted: bool) -> None:
    material = drawn.material()
    material.settings = FitSettings(refit=refit)
    material.labels = lambda part: np.arange(3 * per_class) % 3
    assert refits(material) == wanted


@pytest.fixture(scope="module")
def trained(warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Material, Arm, list[events.Event]]]:
    """An arm of two epochs above stage4."""
    home = tmp_path_factory.mktemp("refit")
    warm.new_store(home / "store")
    heard: list[events.Event] = []
    with material_of(
        warm.photos, home / "store", home / "run", listener=heard.append, epochs=3, augmentation="light", views=2
    ) as material:
        spoil(material)
        (planned,) = partial_finetune(material, "stage5")
        yield material, planned.make(), heard


def test_it_learns_from_validation_photos_too(trained: tuple[Material, Arm, list[events.Event]]) -> None:
    """Steps are as many, so epochs are fewer; the second time it is known."""
    material, arm, heard = trained
    assert arm.refit_seconds > 0
    parts = final_parts(material, arm)
    assert parts.towers[0].backbone.fingerprint != arm.parts.towers[0].backbone.fingerprint
    held_out = material.of(Part.VALIDATION)
    labels = material.labels(Part.VALIDATION)
    before = -np.log(arm.probabilities[np.arange(len(labels)), labels]).mean()
    after = -np.log(material.probabilities(parts, held_out)[np.arange(len(labels)), labels]).mean()
    assert after < before
    photos = len(material.of(Part.TRAIN, Part.VALIDATION))
    told = f"{arm.name} is trained once more, on all {photos} photos of train and validation: about "
    assert [it.text.startswith(told) for it in heard if isinstance(it, events.Note)].count(True) == 1
    assert final_parts(material, arm).towers == parts.towers


def test_never(trained: tuple[Material, Arm, list[events.Event]]) -> None:
    material, arm, _ = trained
    unwanted = replace(material, settings=material.settings.model_copy(update={"refit": "never"}))
    assert final_parts(unwanted, arm) is arm.parts
    (planned,) = partial_finetune(unwanted, "stage5")
    assert planned.make().refit is None


def test_where_the_budget_is_used_up_it_is_saved_as_it_was_validated() -> None:
    heard: list[events.Event] = []
    parts: Any = object()
    arm = drawn.arm("scratch", parts=parts, refit=lambda material: pytest.fail("no time"), refit_seconds=50.0)
    assert final_parts(drawn.material(heard, budget=40.0), arm) is parts
    (note,) = heard
    assert isinstance(note, events.Note)
    assert note.text == ("scratch is not fitted once more: that would take 50 s, 30 s of the budget are left")


def made_again(right: float, error: Exception | None = None) -> tuple[Any, Any, list[str]]:
    """What is saved of an arm with 80 % on validation, whose second training has ``right`` or goes wrong."""
    heard: list[events.Event] = []
    material = drawn.material(heard)
    material.of = lambda *parts: [None] * 60 * len(parts)
    material.probabilities = lambda parts, samples: drawn.probabilities(right)
    own: Any = SimpleNamespace(name="validated")
    again: Any = SimpleNamespace(name="once more")

    def run() -> Any:
        if error is not None:
            raise error

    job: Any = SimpleNamespace(run=run)
    was: Any = SimpleNamespace(seconds={"boundary": 9.0, "epochs": 4.0}, cached=True, best_epoch=1)
    arm = with_refit(material, drawn.arm("tuned", 0.8, parts=own), was, lambda: job, lambda _: again)
    assert arm.refit_seconds == 13.0
    return final_parts(material, arm).name, arm, [it.text for it in heard if isinstance(it, events.Note)]


def test_one_that_does_not_know_what_it_was_trained_on_is_not_taken() -> None:
    taken, _, notes = made_again(0.8)
    assert taken == "once more"
    assert notes == ["tuned is trained once more, on all 120 photos of train and validation: about 13 s"]
    taken, _, notes = made_again(0.75)
    assert taken == "validated"
    assert notes[1] == (
        "tuned is saved as it was validated; trained once more on train and validation it was no better: 75.0% of the "
        "validation photos right after training on them, 80.0% before"
    )
    taken, _, notes = made_again(0.9, TrainingError("training stopped at step 3"))
    assert taken == "validated"
    assert notes[1].endswith("it was no better: training stopped at step 3")
