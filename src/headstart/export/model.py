"""A fitted classifier before it is saved: branches, which give features, and members, whose heads read them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from headstart.arrays import Floats
from headstart.backbones.backbone import Backbone
from headstart.engines.rounding import round_graph
from headstart.hardware import ComputePrecision
from headstart.heads.head import Head
from headstart.inference.calibration import NONE, Calibration
from headstart.inference.conformal import ConformalPredictor
from headstart.inference.model_format import Combine, largest_spec
from headstart.inference.novelty import Novelty
from headstart.inference.postprocess import BatchPredictions, combine_members, postprocess
from headstart.modalities.image.decode import Pixels
from headstart.modalities.image.spec import ImageSpec


@dataclass(frozen=True, slots=True)
class FeatureBranch:
    """One network's forward pass over one view of the photo."""

    backbone: Backbone
    engine: str  #: what ran it when the head was fitted
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
        """Return whether both run the same weights in the same way on the same pixels, mirrored or not."""

        def facts(branch: FeatureBranch) -> tuple[object, ...]:
            return branch.backbone.graph, branch.backbone.fingerprint, branch.engine, branch.precision

        return facts(self) == facts(other)


@dataclass(frozen=True, slots=True)
class EnsembleMember:
    """A head and the branches that it reads."""

    branches: tuple[int, ...]  #: indices into ``FittedModel.branches``, whose features are joined in this order
    head: Head
    weight: float = 1.0  #: share in a mean; those of all members sum to 1. A vote counts all members the same


@dataclass(frozen=True, slots=True)
class FittedModel:
    """A fitted classifier.

    Raises:
        ValueError: its branches, members and postprocessors do not fit together.
    """

    classes: tuple[str, ...]
    branches: tuple[FeatureBranch, ...]
    members: tuple[EnsembleMember, ...]
    combine: Combine = "mean"  #: how several members become one: see ``inference.postprocess``
    calibration: Calibration = NONE
    conformal: ConformalPredictor | None = None  #: how prediction sets are made
    novelty: Novelty | None = None  #: how unfamiliar photos are told; may read branches that no member reads

    def __post_init__(self) -> None:
        read = {branch for member in self.members for branch in member.branches}
        read |= set(self.novelty.branches) if self.novelty else set()
        if not self.members or read != set(range(len(self.branches))):
            raise ValueError(
                f"members read the branches {sorted(read)} of {len(self.branches)}; wanted each, and no others"
            )
        if self.calibration.classes not in (None, len(self.classes)):
            raise ValueError(f"the calibration is of {self.calibration.classes} classes; wanted {len(self.classes)}")
        for index, member in enumerate(self.members):
            width = sum(self.branches[branch].width for branch in member.branches)
            layers = member.head.layers
            shape = layers[0].weight.shape[0], layers[-1].bias.size
            if shape != (width, len(self.classes)):
                raise ValueError(
                    f"head {index} goes from {shape[0]} numbers to {shape[1]}; its branches give {width}, "
                    f"and there are {len(self.classes)} classes"
                )
        weights = [member.weight for member in self.members]
        if self.combine == "mean" and (min(weights) < 0 or abs(sum(weights) - 1) > 1e-6):
            raise ValueError(f"the weights of a mean are {weights}; wanted none below 0 and a sum of 1")

    def without_novelty(self) -> "FittedModel":
        """Return the model without novelty; branches that only novelty reads are last, and go."""
        read = {branch for member in self.members for branch in member.branches}
        return replace(self, branches=self.branches[: max(read) + 1], novelty=None)

    @property
    def spec(self) -> ImageSpec:
        """The image spec that a photo is decoded for where one decoding serves all branches."""
        return largest_spec(branch.backbone.spec for branch in self.branches)

    def find_network(self, branch: int) -> int:
        """Return the first branch with the network of this one."""
        own = self.branches[branch]
        return next(index for index, other in enumerate(self.branches) if other.same_network(own))

    def find_view(self, branch: int) -> int:
        """Return the first branch with the network and the view of this one: they share their nodes in the graph."""
        own = self.branches[branch]
        same = (other.same_network(own) and other.flipped == own.flipped for other in self.branches)
        return next(index for index, found in enumerate(same) if found)

    def predict_proba(self, features: Sequence[Floats]) -> Floats:
        """Return uncalibrated probabilities, float32 (N, C), from the features of each branch, float32 (N, D)."""
        rows = [
            member.head.probabilities(np.concatenate([features[branch] for branch in member.branches], axis=1))
            for member in self.members
        ]
        return combine_members(rows, [member.weight for member in self.members], self.combine)

    def predict(self, features: Sequence[Floats]) -> BatchPredictions:
        """Return predictions, calibrated, from the features of each branch, float32 (N, D)."""
        return postprocess(self.predict_proba(features), features, self.calibration, self.conformal, self.novelty)


@dataclass(frozen=True, slots=True)
class ParityExample:
    """A real photo and its features on the path that the heads were fitted on."""

    load: Callable[[], Pixels]  #: decodes it for ``FittedModel.spec``, upright, (H, W, 3); photos are large
    features: tuple[Floats, ...]  #: for each branch (D,)
