"""Training of networks that give numbers: it is torch-free until the objective is made."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from headstart.heads.number_targets import TargetScale, measure_spreads
from headstart_runtime.arrays import Doubles

if TYPE_CHECKING:
    from headstart.tasks.regression.objective import NumberObjective


class NumberTraining:
    """Training of networks by Huber's loss on standardised numbers."""

    setting_names: tuple[str, ...] = ("huber",)

    @property
    def choices(self) -> Mapping[str, tuple[Any, ...]]:
        """Nothing: how wrong numbers count is not for validation to choose, which has some too."""
        return {}

    def scale_outputs(self, targets: Doubles) -> TargetScale:
        """Return the scale on which outputs are trained."""
        return TargetScale.fit(targets)

    def make_objective(self, targets: Doubles, outputs: int, settings: Any, device: Any) -> "NumberObjective":
        """Return Huber's loss on the scale of the training items."""
        from headstart.tasks.regression.objective import NumberObjective

        return NumberObjective(TargetScale.fit(targets), measure_spreads(targets), settings.huber, device)
