"""Arms as a user names them, and those that are tried where none is named."""

from collections.abc import Sequence
from dataclasses import dataclass

from headstart.selection import REGISTRY, list_strategies
from headstart.selection.ensembles import ENSEMBLES
from headstart.settings import FitSettings
from headstart.training.obstacle import TRAINING
from headstart_runtime.errors import SettingError, nearest
from headstart_runtime.tasks.task import Task

PROBES = ("linear-probe", "intermediate-probe", "tfidf")  #: what "auto" tries where no budget is given: seconds
WITHIN_BUDGET = (*PROBES, "partial-finetune", "full-finetune")  #: what it tries where one is


@dataclass(frozen=True, slots=True)
class ArmSpec:
    """An arm as a user names it."""

    name: str  #: a strategy or an ensemble
    detail: str | None = None  #: what stands behind the colon


def requested_arms(settings: FitSettings) -> tuple[ArmSpec, ...]:
    """Return the arms that the settings name, cheap to dear.

    Raises:
        SettingError: an unknown name, or ensembles of nothing.
        PluginError: a strategy of another package that cannot be used.
    """
    if settings.arms:
        specs = [_parse_spec(text) for text in settings.arms.split(",") if text.strip()]
    elif settings.strategy == "auto":
        specs = [ArmSpec(name) for name in (PROBES if settings.budget is None else WITHIN_BUDGET)]
    else:
        specs = [ArmSpec(settings.strategy)]
    if not any(spec.name in list_strategies() for spec in specs):
        raise SettingError(f"arms {settings.arms!r} name no strategy; add one, such as linear-probe")
    order = [*list_strategies(), *ENSEMBLES]
    return tuple(sorted(dict.fromkeys(specs), key=lambda spec: order.index(spec.name)))


def select_arms(specs: Sequence[ArmSpec], settings: FitSettings, task: Task) -> tuple[ArmSpec, ...]:
    """Return the arms that make sense for a task; those that a user named have to.

    Raises:
        SettingError: one that was named does not.
    """
    known = {name for name in (*list_strategies(), *ENSEMBLES) if makes_sense(name, task)}
    refused = [spec.name for spec in specs if spec.name not in known]
    named = settings.arms or settings.strategy != "auto"
    if refused and named:
        raise SettingError(f"{refused[0]} is not for {task.title}; {nearest(refused[0], sorted(known))}")
    return tuple(spec for spec in specs if spec.name in known)


def makes_sense(name: str, task: Task) -> bool:
    """Return whether a strategy or an ensemble is one for a task."""
    allowed = task.strategies if name in list_strategies() else task.ensembles
    return (allowed is None or name in allowed) and (name not in TRAINING or task.training is not None)


def _parse_spec(text: str) -> ArmSpec:
    name, _, detail = text.strip().partition(":")
    if name not in list_strategies() and name not in ENSEMBLES:
        if name in REGISTRY.names():
            REGISTRY.get(name)  # its package cannot be used: it says why
        raise SettingError(f"unknown arm {name!r}; {nearest(name, [*list_strategies(), *ENSEMBLES])}")
    if detail and name in ENSEMBLES:
        raise SettingError(f"{name} takes no detail, seen {detail!r}; write {name} alone")
    return ArmSpec(name, detail or None)
