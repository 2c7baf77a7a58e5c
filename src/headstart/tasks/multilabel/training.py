"""Training of networks for labels: it is torch-free until the objective is made."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from headstart.tasks.multilabel.label_losses import weigh_sides

if TYPE_CHECKING:
    from headstart.tasks.multilabel.objective import LabelSetObjective


class LabelSetTraining:
    """Training of networks that tell which labels are there."""

    setting_names: tuple[str, ...] = ("label_weights", "label_loss")

    @property
    def choices(self) -> Mapping[str, tuple[Any, ...]]:
        """Both losses."""
        return {"label_loss": ("binary", "asymmetric")}

    def scale_outputs(self, targets: NDArray[np.integer]) -> None:
        """Return None: logits are trained as they are."""

    def make_objective(
        self, targets: NDArray[np.integer], outputs: int, settings: Any, device: Any
    ) -> "LabelSetObjective":
        """Return the loss of the settings, with weights of what is there where they balance the labels."""
        from headstart.tasks.multilabel.objective import LabelSetObjective

        weights = weigh_sides(targets, balanced=settings.label_weights == "balanced")
        return LabelSetObjective(weights, asymmetric=settings.label_loss == "asymmetric", device=device)
