"""The plan of a training, and the protocol of the data that it learns from."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from torch import Tensor

from headstart.settings import TrainSettings
from headstart.tasks.optional_facets import Objective
from headstart.training.curves import Epoch
from headstart.training.windows import WHOLE, Windows
from headstart_runtime.arrays import Ints
from headstart_runtime.tasks.task import Measure, TargetArray


class ActivationSource(Protocol):
    """A source of samples' activations."""

    targets: TargetArray  #: (N, ...)

    @property
    def lengths(self) -> Ints | None:
        """The length of each sample, (N,), where they are as long as they come; those of like length go together."""

    def batches(self, epoch: int, order: Ints, size: int) -> Iterator[Tensor]:
        """Yield activations of samples in an order, ``size`` at a time; each epoch has views of its own."""
        ...


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """The settings of a training, beside its network and its data."""

    settings: TrainSettings
    seed: int
    objective: Objective
    measure: Measure
    scratch: bool = False
    windows: Windows = WHOLE
    stop: Callable[[int, Epoch], bool] = field(default=lambda epochs, epoch: False)  #: asked after each epoch
    #: The epoch that is the last and is kept: nothing is held out, the validation samples are trained on. None: the
    #: schedule's last, and validation says which is kept.
    ends: int | None = None
