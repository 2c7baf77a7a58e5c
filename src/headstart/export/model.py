"""What a classifier is made of: branches, which give features, and answers, which read them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from headstart.backbones.backbone import Backbone
from headstart.engines.rounding import round_graph
from headstart.hardware import ComputePrecision
from headstart.heads.head import Head
from headstart.inference.calibration import NONE, Calibration
from headstart.inference.conformal import ConformalPredictor
from headstart.inference.model_format import Combine, largest_spec
from headstart.inference.novelty import Novelty
from headstart.inference.postprocess import BatchPredictions, combine_members, postprocess
from headstart.modalities.image.decoding.decode import Pixels
from headstart.modalities.image.spec import ImageSpec


@dataclass(frozen=True, slots=True)
class FeatureBranch:
    """One network's forward pass over one view of the photo."""

    backbone: Backbone
    engine: Literal["openvino", "pytorch"]  #: what ran it when the head was fitted
    precision: ComputePrecision
    layers: tuple[str, ...]  #: their pooled outputs, joined in this order, are the branch's features
    flipped: bool = False  #: sees the photo mirrored left to right, after crop and resize

    @property
    def graph(self) -> Path:
        """The backbone's graph with the weights that the head was fitted on."""
        rounded = self.engine == "openvino" and self.precision == "bf16"
        return round_graph(self.backbone.graph) if rounded else self.backbone.graph

    @property
    def width(self) -> int:
        """D of its features."""
        return sum(self.backbone.layer(name).width for name in self.layers)

    def same_network(self, other: "FeatureBranch") -> bool:
        """Whether both run the same weights in the same way on the same pixels, mirrored or not."""

        def facts(it: FeatureBranch) -> tuple[object, ...]:
            return it.backbone.graph, it.backbone.fingerprint, it.engine, it.precision

        return facts(self) == facts(other)


@dataclass(frozen=True, slots=True)
class EnsembleMember:
    """A head and what it reads."""

    branches: tuple[
        int, ...
    ]  #: indices into ``FittedModel.branches``; their features, joined in this order, are what it reads
    head: Head
    weight: float = 1.0  #: share in a mean; those of all answers sum to 1. A vote counts all answers the same


@dataclass(frozen=True, slots=True)
class FittedModel:
    """What a classifier is made of.

    Raises:
        ValueError: the parts do not fit together.
    """

    classes: tuple[str, ...]
    branches: tuple[FeatureBranch, ...]
    members: tuple[EnsembleMember, ...]
    combine: Combine = "mean"  #: how several answers become one: see ``runtime.answers.combined``
    calibration: Calibration = NONE
    conformal: ConformalPredictor | None = None  #: how prediction sets are made
    novelty: Novelty | None = None  #: how unfamiliar photos are told; may read branches that no answer reads

    def __post_init__(self) -> None:
        read = {branch for answer in self.members for branch in answer.branches}
        read |= set(self.novelty.branches) if self.novelty else set()
        if not self.members or read != set(range(len(self.branches))):
            raise ValueError(
                f"answers read the branches {sorted(read)} of {len(self.branches)}; wanted each, and no others"
            )
        if self.calibration.classes not in (None, len(self.classes)):
            raise ValueError(f"the calibration is of {self.calibration.classes} classes; wanted {len(self.classes)}")
        for index, answer in enumerate(self.members):
            width = sum(self.branches[branch].width for branch in answer.branches)
            layers = answer.head.layers
            seen = layers[0].weight.shape[0], layers[-1].bias.size
            if seen != (width, len(self.classes)):
                raise ValueError(
                    f"head {index} goes from {seen[0]} numbers to {seen[1]}; its branches give {width}, and there are "
                    f"{len(self.classes)} classes"
                )
        weights = [answer.weight for answer in self.members]
        if self.combine == "mean" and (min(weights) < 0 or abs(sum(weights) - 1) > 1e-6):
            raise ValueError(f"the weights of a mean are {weights}; wanted none below 0 and a sum of 1")

    def without_novelty(self) -> "FittedModel":
        """The same, declining nothing; branches that only novelty reads are last, and go."""
        read = {branch for answer in self.members for branch in answer.branches}
        return replace(self, branches=self.branches[: max(read) + 1], novelty=None)

    @property
    def spec(self) -> ImageSpec:
        """What a photo is decoded for where one decoding serves all branches."""
        return largest_spec(branch.backbone.spec for branch in self.branches)

    def network(self, branch: int) -> int:
        """The first branch with the network of this one."""
        return next(index for index, it in enumerate(self.branches) if it.same_network(self.branches[branch]))

    def entry(self, branch: int) -> int:
        """The first branch with the network and the view of this one: they share their nodes in the graph."""
        own = self.branches[branch]
        return next(
            index for index, it in enumerate(self.branches) if it.same_network(own) and it.flipped == own.flipped
        )

    def probabilities(self, features: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """For each branch its features, float32 (N, D) -> uncalibrated, float32 (N, C)."""
        rows = [
            answer.head.probabilities(np.concatenate([features[branch] for branch in answer.branches], axis=1))
            for answer in self.members
        ]
        return combine_members(rows, [answer.weight for answer in self.members], self.combine)

    def predict(self, features: Sequence[NDArray[np.float32]]) -> BatchPredictions:
        """For each branch its features, float32 (N, D) -> all that the classifier says, calibrated."""
        return postprocess(self.probabilities(features), features, self.calibration, self.conformal, self.novelty)


@dataclass(frozen=True, slots=True)
class ParityExample:
    """A real photo and what the path that the heads were fitted on says of it."""

    load: Callable[
        [], Pixels
    ]  #: decodes it for ``FittedModel.spec``, upright, (H, W, 3); one at a time: photos are large
    features: tuple[NDArray[np.float32], ...]  #: for each branch (D,)
