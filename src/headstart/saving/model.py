"""A fitted classifier before it is saved: branches, which give features, and members, whose heads read them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from headstart.backbones.backbone import Backbone
from headstart.engines.rounding import round_graph
from headstart.heads.head import Head
from headstart_runtime.arrays import Floats
from headstart_runtime.hardware import ComputePrecision
from headstart_runtime.inference.model_format import largest_spec
from headstart_runtime.inference.novelty import Novelty
from headstart_runtime.inference.postprocess import BatchPredictions, postprocess
from headstart_runtime.modalities.batch import AnySpec
from headstart_runtime.modalities.modality import Modality, get_modality
from headstart_runtime.tasks.task import TargetSpace, Task, get_task


@lru_cache(maxsize=8)
def _read_means(graph: Path) -> tuple[tuple[str, str], ...]:
    """Return each mean of a graph and the tensor that it is of; read once for all branches of a network."""
    nodes = onnx.load(graph, load_external_data=False).graph.node
    return tuple((node.output[0], node.input[0]) for node in nodes if node.op_type == "ReduceMean")


@dataclass(frozen=True, slots=True)
class FeatureBranch:
    """One network's forward pass over items."""

    backbone: Backbone
    engine: str  #: what ran it when the head was fitted
    precision: ComputePrecision
    layers: tuple[str, ...]  #: their pooled outputs, joined in this order, are the branch's features

    @property
    def graph(self) -> Path:
        """The backbone's graph with the weights that the head was fitted on."""
        return round_graph(self.backbone.graph) if self._is_rounded else self.backbone.graph

    def find_taps(self) -> tuple[str, ...]:
        """Return the tensors of the graph whose means are the layers before the branch's last one; () in float32.

        These means were outputs when the features were stored. Without them OpenVINO joins steps, and in bf16 a step
        that is joined with the next is not rounded, which moves features in the third digit.
        """
        if not self._is_rounded:
            return ()
        names = [layer.name for layer in self.backbone.layers]
        before = names[: max(names.index(name) for name in self.layers)]
        return tuple(tensor for layer, tensor in _read_means(self.graph) if layer in before)

    @property
    def _is_rounded(self) -> bool:
        return self.engine == "openvino" and self.precision == "bf16"

    @property
    def width(self) -> int:
        """D of its features."""
        return sum(self.backbone.layer(name).width for name in self.layers)

    def same_network(self, other: "FeatureBranch") -> bool:
        """Return whether both run the same weights in the same way on the same input."""

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

    space: TargetSpace  #: the task, and the names of the outputs
    branches: tuple[FeatureBranch, ...]
    members: tuple[EnsembleMember, ...]
    combine: str = "mean"  #: how several members become one: see ``Task.combine``
    postprocessor: Any = None  #: the task's ``Postprocessor``; what it gives before any was fitted where it is None
    novelty: Novelty | None = None  #: how unfamiliar photos are told; may read branches that no member reads

    def __post_init__(self) -> None:
        read = {branch for member in self.members for branch in member.branches}
        read |= set(self.novelty.branches) if self.novelty else set()
        if not self.members or read != set(range(len(self.branches))):
            raise ValueError(
                f"members read the branches {sorted(read)} of {len(self.branches)}; wanted each, and no others"
            )
        if self.postprocessor is None:
            object.__setattr__(self, "postprocessor", self.task.make_postprocessor())
        self.task.check_postprocessor(self.postprocessor, self.space)
        outputs = self.task.count_outputs(self.space)
        for index, member in enumerate(self.members):
            width = sum(self.branches[branch].width for branch in member.branches)
            layers = member.head.layers
            shape = layers[0].weight.shape[0], layers[-1].bias.size
            if shape != (width, outputs):
                raise ValueError(
                    f"head {index} goes from {shape[0]} numbers to {shape[1]}; its branches give {width}, "
                    f"and there are {outputs} outputs"
                )
        weights = [member.weight for member in self.members]
        if self.combine == "mean" and (min(weights) < 0 or abs(sum(weights) - 1) > 1e-6):
            raise ValueError(f"the weights of a mean are {weights}; wanted none below 0 and a sum of 1")

    @property
    def task(self) -> Task:
        """The task that it answers."""
        return get_task(self.space.task)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the outputs: of classes, for one."""
        return self.space.names

    def without_novelty(self) -> "FittedModel":
        """Return the model without novelty; branches that only novelty reads are last, and go."""
        read = {branch for member in self.members for branch in member.branches}
        return replace(self, branches=self.branches[: max(read) + 1], novelty=None)

    @property
    def modality(self) -> Modality:
        """The kind of its items."""
        return get_modality(self.branches[0].backbone.spec.kind)

    @property
    def one_part(self) -> bool:
        """Whether the saved graph reads one part of an item; of several it takes the mean of their features."""
        return self.modality.graph is not None and self.modality.graph.one_part

    @property
    def specs(self) -> tuple[AnySpec, ...]:
        """The spec of each branch."""
        return tuple(branch.backbone.spec for branch in self.branches)

    @property
    def spec(self) -> AnySpec:
        """The spec that an item is decoded for where one decoding serves all branches."""
        return largest_spec(self.specs)

    def find_network(self, branch: int) -> int:
        """Return the first branch with the network of this one: they share their nodes in the graph."""
        own = self.branches[branch]
        return next(index for index, other in enumerate(self.branches) if other.same_network(own))

    def predict_raw(self, features: Sequence[Floats]) -> Floats:
        """Return raw outputs, float32 (N, K), from the features of each branch, float32 (N, D)."""
        rows = [
            self.task.activate(
                member.head.logits(np.concatenate([features[index] for index in member.branches], axis=1))
            )
            for member in self.members
        ]
        return self.task.combine(rows, [member.weight for member in self.members], self.combine)

    def predict(self, features: Sequence[Floats]) -> BatchPredictions:
        """Return predictions from the features of each branch, float32 (N, D)."""
        return postprocess(self.predict_raw(features), features, self.postprocessor, self.novelty)


@dataclass(frozen=True, slots=True)
class ParityExample:
    """A real item and its features on the path that the heads were fitted on."""

    load: Callable[[], Any]  #: decodes it for ``FittedModel.spec``; decoded items may be large
    features: tuple[Floats, ...]  #: for each branch (D,)
