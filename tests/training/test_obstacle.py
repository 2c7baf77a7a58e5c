"""What stands in the way of training: inputs of any length, and tasks that train nothing."""

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from headstart.training.obstacle import find_training_obstacle
from headstart_runtime.modalities import modality
from headstart_runtime.modalities.image.spec import ImageSpec
from headstart_runtime.tasks.task import get_task
from tests.saving.codes import CodeSpec

PHOTOS = ImageSpec(32, 1000, (0.5,) * 3, (0.5,) * 3)


def test_a_network_of_photos_can_be_trained() -> None:
    assert find_training_obstacle("lite0", PHOTOS, get_task("classification")) == ""


def test_one_whose_inputs_are_of_any_length_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(modality.MODALITIES, "codes", "tests.saving.codes:Codes")
    obstacle = find_training_obstacle("zoo:net", CodeSpec(4), get_task("classification"))
    expected = (
        "zoo:net reads rows of codes of any length, and only networks whose inputs have one length, or a mask of what "
        "is padding, can be trained"
    )
    assert obstacle == expected


@pytest.mark.parametrize(
    ("training", "strategies", "is_possible"),
    [(None, None, False), ("yes", frozenset({"linear-probe"}), False), ("yes", frozenset({"scratch"}), True)],
)
def test_a_task_may_train_nothing(training: str | None, strategies: frozenset[str] | None, is_possible: bool) -> None:
    task: Any = SimpleNamespace(training=training, strategies=strategies, title="counting")
    assert (find_training_obstacle("lite0", PHOTOS, task) == "") is is_possible


def test_without_pytorch_none_can_be_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    obstacle = find_training_obstacle("lite0", PHOTOS, get_task("classification"))
    assert obstacle.startswith("training a network needs the package 'torch'; install it with: pip install 'headstart[")
