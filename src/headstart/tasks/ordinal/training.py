"""Training of networks for ordered classes: it is torch-free until the objective is made."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.heads.closed_form import compute_sample_weight
from headstart_runtime.arrays import Ints

if TYPE_CHECKING:
    from headstart.tasks.ordinal.objective import RankObjective


class RankTraining:
    """Training of networks that tell ranks."""

    setting_names: tuple[str, ...] = ("rank_weights",)

    @property
    def choices(self) -> Mapping[str, tuple[Any, ...]]:
        """Nothing that a search would try."""
        return {}

    def scale_outputs(self, targets: Ints) -> None:
        """Return that logits are trained as they are."""

    def make_objective(self, targets: Ints, outputs: int, settings: Any, device: Any) -> "RankObjective":
        """Return the loss of thresholds' questions, with weights of the ranks where the settings balance them."""
        from headstart.tasks.ordinal.objective import RankObjective

        weights = np.ones(outputs // 2, np.float32)
        weights[targets] = compute_sample_weight(targets, outputs // 2, settings.rank_weights == "balanced")
        return RankObjective(weights, device)
