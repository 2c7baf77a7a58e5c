"""The cost of answering with an arm: time and size of its networks and heads."""

from dataclasses import dataclass

from headstart.saving import FittedModel
from headstart.selection.context import DatasetContext


@dataclass(frozen=True, slots=True)
class RunningCost:
    """The cost of answering one item on this machine."""

    milliseconds: float  #: in the networks, with all cores at work; opening the item comes on top
    megabytes: float  #: of networks and heads

    def describe(self, noun: str) -> str:
        """Return it in a few words; ``noun`` is the word for an item."""
        return f"{self.milliseconds:.1f} ms a {noun} and {self.megabytes:.0f} MB"


def measure_running_cost(context: DatasetContext, model: FittedModel) -> RunningCost:
    """Return the cost of answering with a model; each of its networks is timed once in a run."""
    networks = {(branch.backbone.fingerprint, branch.precision): branch for branch in model.branches}
    seconds = sum(context.features.measure_seconds(branch) for branch in networks.values())
    size = sum(branch.backbone.graph.stat().st_size for branch in networks.values())
    numbers = sum(layer.weight.size + layer.bias.size for member in model.members for layer in member.head.layers)
    return RunningCost(1000 * seconds, (size + 4 * numbers) / 1e6)
