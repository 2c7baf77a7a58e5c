"""Training of networks by cross-entropy: it is torch-free until the objective is made."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.heads.closed_form import compute_sample_weight
from headstart_runtime.arrays import Floats, Ints

if TYPE_CHECKING:
    from headstart.tasks.classification.objective import ClassObjective


class ClassTraining:
    """Training of networks that tell classes apart."""

    setting_names: tuple[str, ...] = ("class_weights", "label_smoothing")

    @property
    def choices(self) -> Mapping[str, tuple[Any, ...]]:
        """Labels as they are, or smoothed."""
        return {"label_smoothing": (0.0, 0.1)}

    def scale_outputs(self, targets: Ints) -> None:
        """Return that logits are trained as they are."""

    def make_objective(self, targets: Ints, outputs: int, settings: Any, device: Any) -> "ClassObjective":
        """Return cross-entropy, with weights of the classes where the settings balance them."""
        from headstart.tasks.classification.objective import ClassObjective

        weights = weigh_classes(targets, outputs, balanced=settings.class_weights == "balanced")
        return ClassObjective(weights, settings.label_smoothing, device)


def weigh_classes(labels: Ints, classes: int, *, balanced: bool) -> Floats:
    """Return the weight of each class, (C,): 1 for all, or as ``compute_sample_weight`` balances them."""
    weights = np.ones(classes, np.float32)
    weights[labels] = compute_sample_weight(labels, classes, balanced)
    return weights
