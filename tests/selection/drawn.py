"""Arms and context that tests of comparing draw: no network, no photos, probabilities as they please."""

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart import events
from headstart.data.samples import Subset
from headstart.evaluation.grouping import Targets
from headstart.selection.arm import Arm, ArmPlan
from headstart.selection.budget import Budget
from headstart.selection.context import BackboneMemo, FitContext
from headstart.settings import FitSettings
from headstart.tasks.classification.evaluation import score_predictions
from headstart.tasks.classification.targets import make_class_space
from headstart.training.cost import Cost
from headstart_runtime.modalities.item import Noun
from headstart_runtime.tasks.task import get_task

CLASSES = ("ant", "bee", "cat")
LABELS = np.arange(60) % 3
TARGETS = Targets.independent(LABELS)
PHOTO = Noun("photo", "photos")


def probabilities(accuracy: float, seed: int = 0) -> NDArray[np.float32]:
    """(60, 3): so many of the first photos right, surely; the others name the next class."""
    right = np.arange(60) < round(accuracy * 60)
    said = np.where(right, LABELS, (LABELS + 1) % 3)
    noise = np.random.default_rng(seed).uniform(0, 0.05, (60, 3))
    rows = np.eye(3)[said] * 0.7 + 0.1 + noise
    return (rows / rows.sum(axis=1, keepdims=True)).astype(np.float32)


def arm(name: str, accuracy: float = 0.8, **facts: Any) -> Arm:
    said = probabilities(accuracy)
    plain = {
        "strategy": name.partition(" ")[0],
        "backbone": "net",
        "layer": "final",
        "head": "logistic",
        "parameters": 7,
        "model": None,
        "train": score_predictions("train", TARGETS, probabilities(1.0), CLASSES),
        "validation": score_predictions("validation", TARGETS, said, CLASSES),
        "outputs": said,
        "seconds": 1.5,
    }
    return Arm(name, **{**plain, **facts})


def planned(made: Arm, seconds: float = 1.0, *, memory: int = 0, trains: bool = False) -> ArmPlan:
    return ArmPlan(made.name, made.strategy, lambda: Cost(seconds, memory, 0), lambda: made, trains)


def failing(name: str, error: Exception) -> ArmPlan:
    def make() -> Arm:
        raise error

    return replace(planned(arm(name)), make=make)


def context(heard: list[events.Event] | None = None, *, budget: float | None = None, name: str = "net") -> Any:
    """What comparing asks of a context."""

    class Drawn(SimpleNamespace):
        left, left_for_refit = FitContext.left, FitContext.left_for_refit

    return Drawn(
        log=heard.append if heard is not None else events.ignore,
        budget=Budget(budget),
        train_samples_to_score=lambda: [None] * 60,
        samples_in=lambda part: [None] * (200 if part is Subset.TEST else 60),
        target_values=lambda part: LABELS,
        strata=lambda part: LABELS,
        score=lambda part, samples, outputs: score_predictions(part, TARGETS, outputs, CLASSES),
        targets=lambda part: TARGETS,
        settings=FitSettings(),
        backbone=SimpleNamespace(name=name, layers=[]),
        training_obstacle="",
        memo=BackboneMemo(),
        samples=SimpleNamespace(classes=CLASSES, space=make_class_space(CLASSES), noun=PHOTO, modality="image"),
        noun=PHOTO,
        task=get_task("classification"),
    )


def strategies(**made: Sequence[ArmPlan]) -> dict[str, Any]:
    """Strategies by name ("_" for "-") that plan what they are given."""
    return {name.replace("_", "-"): lambda context, detail=None, own=own: list(own) for name, own in made.items()}
