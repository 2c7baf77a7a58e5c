"""Tasks whose answers may be taken by a threshold of a caller's own."""

from collections.abc import Mapping
from typing import Any, Protocol, cast

from headstart_runtime.tasks.task import OutputRule, Postprocessor, TargetSpace, Task, check_support


class ThresholdTask(Task, Protocol):
    """A task whose answers a caller may take by a threshold of his own: it supports "threshold of an answer"."""

    def make_threshold_rule(self, threshold: float, postprocessor: Any, space: TargetSpace) -> OutputRule:
        """Return what takes answers anew from outputs.

        Args:
            threshold: the least probability at which something is predicted.
            postprocessor: of the model.
            space: of the model.

        Raises:
            SettingError: it is no probability, or the model does not say what it would be of.
        """

    def replace_threshold(self, threshold: float, postprocessor: Any, space: TargetSpace) -> Postprocessor:
        """Return a postprocessor that takes answers as that rule does, so that these are scored by it.

        Raises:
            SettingError: as of the rule.
        """

    def list_thresholds(self, postprocessor: Any, space: TargetSpace) -> Mapping[str, float]:
        """Return the probability from which on each output is predicted, of those that have a threshold."""


def make_threshold_rule(threshold: float | None, task: Task, postprocessor: Any, space: TargetSpace) -> OutputRule:
    """Return what takes answers anew by a threshold; of None what leaves outputs as they are.

    Raises:
        UserError: the task has no thresholds.
        SettingError: it is no probability, or the model does not say what it would be of.
    """
    if threshold is None:
        return dict
    check_support(task, "threshold of an answer")
    return cast("ThresholdTask", task).make_threshold_rule(threshold, postprocessor, space)


def replace_threshold(threshold: float | None, task: Task, postprocessor: Any, space: TargetSpace) -> Any:
    """Return the postprocessor that takes answers as ``make_threshold_rule`` does; of None the same.

    Raises:
        UserError: the task has no thresholds.
        SettingError: it is no probability, or the model does not say what it would be of.
    """
    if threshold is None:
        return postprocessor
    check_support(task, "threshold of an answer")
    return cast("ThresholdTask", task).replace_threshold(threshold, postprocessor, space)


def find_thresholds(task: Task, postprocessor: Any, space: TargetSpace) -> Mapping[str, float]:
    """Return what ``ThresholdTask.list_thresholds`` does; nothing where the task has no thresholds."""
    if "threshold of an answer" not in task.supports:
        return {}
    return cast("ThresholdTask", task).list_thresholds(postprocessor, space)
