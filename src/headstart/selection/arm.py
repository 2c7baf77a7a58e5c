"""Arms, and the contract of a strategy: it plans arms, predicts what each will cost, and fits them."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from headstart import events
from headstart.data.samples import Subset
from headstart.evaluation.evaluation import Evaluation
from headstart.heads.head import Trial
from headstart.saving import FittedModel
from headstart.selection.context import DatasetContext, FitContext, Refit
from headstart.selection.failures import FAILURES, describe_failure
from headstart.training.cost import Cost
from headstart.training.curves import Epoch
from headstart_runtime.arrays import Floats

if TYPE_CHECKING:  # it imports PyTorch
    from headstart.training.rate_finder import RateCurve


@dataclass(frozen=True, slots=True)
class DepthPoint:
    """A point of the curve of the score over depth: a head on one layer, or on all of them joined."""

    layer: str  #: a layer's name, or "all"
    width: int  #: D
    score: float | None  #: cross-validated inside train; None where nothing could be held out
    loss: float | None  #: likewise
    validation_score: float


@dataclass(eq=False)
class HeldOutAnswers:
    """Raw outputs for the train and validation samples of a run by cross-validation, made when first asked for."""

    make: Callable[[DatasetContext], Floats]  #: gives them, (N, K)
    made: Floats | None = None

    def predict(self, context: DatasetContext) -> Floats:
        """Return them, float32 (N, K), in the order of ``samples_in``."""
        if self.made is None:
            self.made = self.make(context)
        return self.made


@dataclass(frozen=True)
class Arm:
    """One row of a comparison: a strategy on a backbone with its settings, fitted on train, scored on validation."""

    name: str  #: unique in its comparison: "linear-probe", "partial-finetune stage4"
    strategy: str
    backbone: str
    layer: str  #: what its head reads; of a trained network the lowest layer that was trained
    head: str
    model: FittedModel  #: a classifier, fitted on train alone
    parameters: int  #: that were fitted or trained
    train: Evaluation  #: on training photos as they are predicted on, 2,000 at most
    validation: Evaluation
    outputs: NDArray[np.float32]  #: raw, (validation photos, K), in the split's order
    seconds: float  #: what it really took
    memory: int = 0  #: bytes by which the process really grew
    disk: int = 0  #: bytes it really left in the store
    cost_class: str | None = None  #: arms of one class cost the user the same to train and to run; None: no other does
    #: Nats per photo over train and validation, each photo by a head that was not fitted on it; None: not known.
    held_out_loss: float | None = None
    #: Of train and validation, each sample answered by a head that was not fitted on it; None: there are none.
    held_out: HeldOutAnswers | None = None
    refit: Refit | None = None  #: the same on train and validation; None: it is shipped as it was validated
    refit_seconds: float = 0.0  #: that this takes, as far as networks are trained for it
    chosen: Mapping[str, Any] = field(default_factory=dict)  #: hyperparameters that were chosen, not set
    path: tuple[Trial, ...] = ()  #: what was tried for them
    curves: tuple[Epoch, ...] = ()  #: of a training, from before its first step
    planned_epochs: int = 0  #: that it was to make, were neither budget nor validation to end it
    best_epoch: int = 0
    rate_curve: "RateCurve | None" = None  #: of the range test that found the rate, where one did
    depth: tuple[DepthPoint, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def trains(self) -> bool:
        """Whether a network was trained for it."""
        return bool(self.curves)


@dataclass(frozen=True)
class ArmPlan:
    """An arm that could be made."""

    name: str
    strategy: str
    cost: Callable[[], Cost]  #: a prediction, from a timed micro-run where that is needed
    make: Callable[[], Arm]
    trains: bool = False  #: whether a network is trained, so that predicting its cost takes seconds
    #: Gives the seconds of the shortest training that may be planned instead; None where there is none, or not known.
    shortest: Callable[[], float | None] = lambda: None
    shared: bool = False  #: whether it reads no backbone, so that one is made however many backbones there are


class Strategy(Protocol):
    """A way to transfer."""

    def __call__(self, context: FitContext, detail: str | None = None) -> Sequence[ArmPlan]:
        """Return the arms of this strategy, cheap to dear.

        Args:
            context: what it learns from.
            detail: what stands behind the colon in ``--arms``: the lowest layer that is trained.

        Raises:
            SettingError: it takes no detail, or not this one.
        """
        ...


def score_arm(context: DatasetContext, model: FittedModel, name: str, **facts: Any) -> Arm:
    """Return an arm with a fitted model, scored on train and validation."""
    inside, held_out = context.train_samples_to_score(), context.samples_in(Subset.VALIDATION)
    outputs = context.predict_raw(model, held_out)
    return Arm(
        name=name,
        model=model,
        train=context.score("train", inside, context.predict_raw(model, inside)),
        validation=context.score("validation", held_out, outputs),
        outputs=outputs,
        **facts,
    )


def refit_model(context: DatasetContext, arm: Arm) -> FittedModel:
    """Return the model that is saved when an arm wins: fitted on train and validation, where nothing is chosen anew."""
    if arm.refit is None or context.settings.refit == "never":
        return arm.model
    try:
        return arm.refit(context)
    except FAILURES as error:  # what was compared stands, and is worth more than nothing
        text = f"{arm.name} is saved as it was validated, not fitted once more: {describe_failure(error)}"
        context.log(events.Note(text))
        return arm.model


def arm_file_name(arm: str) -> str:
    """Return an arm's name as the name of a file or folder."""
    return re.sub(r"[^a-z0-9.]+", "-", arm.lower()).strip("-")
