"""The registry of tasks, and the space of targets as a record."""

import json

import pytest

from headstart_runtime.errors import SettingError
from headstart_runtime.tasks.task import TASKS, TargetSpace, all_tasks, get_task


def test_every_task_has_its_own_name() -> None:
    assert [task.name for task in all_tasks()][: len(TASKS)] == list(TASKS)


def test_a_task_is_made_once() -> None:
    assert get_task("classification") is get_task("classification")


def test_an_unknown_task_is_named_with_the_nearest() -> None:
    with pytest.raises(SettingError, match="no task 'clasification' is installed; did you mean 'classification'"):
        get_task("clasification")


def test_a_space_comes_back_from_json() -> None:
    space = TargetSpace("regression", ("weight (g)", "height (cm)"), {"units": ["g", "cm"]})
    assert TargetSpace.from_json(json.loads(json.dumps(space.to_json()))) == space
