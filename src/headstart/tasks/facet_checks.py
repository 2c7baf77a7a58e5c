"""Checks of the facets of tasks of other packages, made when labels are to be read by them.

Reading a facet imports what is behind it, so a task is not asked for its facets when it is looked up: predicting wants
few of them, and where only predicting is installed some cannot be imported.
"""

from headstart.tasks import facets, optional_facets
from headstart_runtime.plugins import Registry
from headstart_runtime.protocol_checks import describe_fault, expect_members
from headstart_runtime.tasks import explanation_facet
from headstart_runtime.tasks.task import REGISTRY, Task

_ALWAYS: dict[str, type] = {
    "targets": facets.TargetReading,
    "heads": facets.HeadFitting,
    "scoring": facets.Scoring,
    "graph": facets.GraphOutputs,
}
_PERHAPS: dict[str, type] = {
    "training": optional_facets.NetworkTraining,
    "postprocessing": optional_facets.Postprocessing,
    "diagnostics": optional_facets.TaskDiagnostics,
    "explanation": explanation_facet.AnswerExplanation,
    "report": optional_facets.TaskReport,
}


def find_facet_fault(task: Task, names: tuple[str, ...]) -> str:
    """Return the first fault of some facets of a task, in words; "" where they have all that is asked of them."""
    for name in names:
        try:
            facet = getattr(task, name)
        except Exception as error:  # noqa: BLE001  another package's code
            return f"reading its {name} raises {type(error).__name__}: {describe_fault(error)}"
        if facet is None and name in _PERHAPS:
            continue
        if fault := expect_members({**_ALWAYS, **_PERHAPS}[name])(facet):
            return f"its {name}: {fault}"
    return ""


def reject_unreadable_tasks(registry: Registry[Task] = REGISTRY) -> None:
    """Leave out the tasks of other packages that cannot read labels, with a line on standard error for each."""
    for name, task in registry.all().items():
        if name not in registry.builtin and (fault := find_facet_fault(task, ("targets",))):
            registry.reject(name, fault)


def check_facets(name: str, registry: Registry[Task] = REGISTRY) -> None:
    """Raise where a task of another package lacks what is asked of its facets.

    Raises:
        PluginError: a facet lacks a member, or cannot be read.
    """
    task = registry.get(name)
    if name not in registry.builtin and (fault := find_facet_fault(task, (*_ALWAYS, *_PERHAPS))):
        registry.reject(name, fault)
        registry.get(name)
