"""Explainer of a saved classifier: the part of each place of an item in a label's answer.

What is explained is the label's logit less the mean of all logits, for what is added to all of them changes no answer.
Calibration, which comes after, does not move places.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from headstart.arrays import Floats
from headstart.errors import ClassifierError, DataError, UserError, nearest
from headstart.explanation.choose_map import choose_map
from headstart.explanation.graph import Graph
from headstart.explanation.maps import ClassTokenMap, Map, RolloutMap
from headstart.inference import model_format
from headstart.inference.files import read_files
from headstart.inference.forking import after_fork, keep_for_ever
from headstart.inference.graph_inputs import load_graph_inputs
from headstart.inference.postprocess import DenseLayers
from headstart.modalities.batch import AnySpec, Batch
from headstart.modalities.facets import ExplanationFacet, Thumbnail
from headstart.modalities.given import open_item
from headstart.modalities.item import BrokenItem, NamedItem
from headstart.tasks.task import check_support

FINEST = 28  #: places along an edge where maps of several layers are added; finer ones are averaged


@dataclass(frozen=True, slots=True, eq=False)
class HeatMap:
    """Places of an item that speak for a label."""

    values: Floats  #: (h, w), or (1, w) of a row; 0 where nothing speaks for the label, the most telling place 1
    extent: Any  #: where they lie on the item, as its modality measures it; of a photo a box, and its size in pixels
    method: str  #: "hirescam", "attention x gradient" or "rollout"; several are joined by " + "
    label: str  #: the class that is explained
    probability: float  #: of that class, calibrated
    features: Floats  #: (D,) of the first branch: what ``Neighbours`` compares
    out_of_distribution: bool = False  #: the item is unlike all training samples: the label means little


@dataclass(frozen=True, slots=True)
class _Layer:
    """A layer that a branch reads."""

    name: str  #: its tensor, (1, D)
    map: Map


class Explainer:
    """Heat maps of a saved classifier's answers. Made once, used for any number of items, from one thread."""

    def __init__(self, folder: Path):
        """Read the classifier and find the maps that its answers are made from.

        Raises:
            UserError: its task has no heat maps.
            ClassifierError: it cannot be read, its kind of data has no explanation, or a network has no map of places.
        """
        self.folder = model_format.find_model(Path(folder))
        self._files = read_files(self.folder)
        self.record = self._files.record
        check_support(self.record.task, "heat maps")
        self.classes = self.record.classes
        self.modality = self.record.modality
        if self.modality.explanation is None:
            raise ClassifierError(f"there is no explanation for answers to {self.modality.noun.many}")
        self._facet: ExplanationFacet = self.modality.explanation
        graph = Graph(self._files.graph)
        self._branches = {
            index: self._find_layers(graph, index) for member in self.record.members for index in member.branches
        }
        layers = [layer for read in self._branches.values() for layer in read]
        names = [model_format.PROBABILITIES, *(name for layer in layers for name in (layer.name, *layer.map.tensors))]
        names += [model_format.OUT_OF_DISTRIBUTION] if self.record.novelty else []
        self._names = tuple(dict.fromkeys(names))
        self._session: Any = graph.create_session(graph.inputs, self._names)
        after_fork(self, Explainer._abandon)

    def _abandon(self) -> None:
        keep_for_ever(self._session)
        self._session = None

    def _run(self, inputs: Batch) -> dict[str, Floats]:
        if self._session is None:  # in a forked child
            graph = Graph(self._files.graph)
            self._session = graph.create_session(graph.inputs, self._names)
        return dict(zip(self._names, self._session.run(None, dict(inputs)), strict=True))

    def explain(self, item: Any, label: str | None = None) -> HeatMap:
        """Return the places of an item that speak for a label.

        Args:
            item: a path, bytes or an array, as ``predict`` takes them.
            label: one of the classes; None means the likeliest.

        Raises:
            DataError: the item cannot be read.
            UserError: there is no such class.
        """
        if label is not None and label not in self.classes:
            raise UserError(f"the classifier has no class {label!r}; {nearest(label, list(self.classes))}")
        opened = open_item(self.modality, item)
        try:
            inputs = load_graph_inputs(opened, self.record)
            extent = self._facet.locate(opened, self._widest)
        except BrokenItem as error:
            value = item.value if isinstance(item, NamedItem) else item
            remedy = self.modality.suggest_remedy(value, str(error))
            raise DataError(f"{opened.name}: {error}{remedy}") from None
        values = self._run(inputs)
        probabilities = values[model_format.PROBABILITIES]
        index = int(probabilities.argmax()) if label is None else self.classes.index(label)
        places = np.maximum(self._attribute(values, index), 0)
        most = float(places.max())
        return HeatMap(
            values=(places / most if most > 0 else places).astype(np.float32),
            extent=extent,
            method=self.method,
            label=self.classes[index],
            probability=float(probabilities[index]),
            features=np.concatenate([values[layer.name][0] for layer in self._branches[0]]),
            out_of_distribution=bool(values.get(model_format.OUT_OF_DISTRIBUTION, False)),
        )

    def overlay(self, value: Any, heat: HeatMap) -> Thumbnail:
        """Return a small copy of a decoded item under its heat map, for a report."""
        return self._facet.overlay(value, heat.values, heat.extent)

    def illustrate(self, item: Any, heat: HeatMap) -> Thumbnail:
        """Return an item beside its heat map, for a file of its own.

        Raises:
            BrokenItem: it cannot be read or decoded.
        """
        return self._facet.illustrate(open_item(self.modality, item).load(self.record.spec), heat.values, heat.extent)

    @property
    def method(self) -> str:
        """Return how the maps are made."""
        return " + ".join(dict.fromkeys(layer.map.method for read in self._branches.values() for layer in read))

    def _attribute(self, values: dict[str, Floats], index: int) -> Floats:
        """Return what places add to a class, over all members: a member weighs as much as it gives to that class."""
        rows = []
        for member, head in zip(self.record.members, self._heads, strict=True):
            features = [values[layer.name][0] for branch in member.branches for layer in self._branches[branch]]
            logits, gradient = _differentiate(head, np.concatenate(features), index)
            probabilities = self.record.task.activate(logits[None])[0]
            weight = member.weight if self.record.combine == "mean" else 1.0
            rows.append((weight * float(probabilities[index]), member.branches, logits, gradient))
        total = sum(row[0] for row in rows) or 1.0
        parts = [
            weight / total * self._attribute_member(values, branches, float(logits[index] - logits.mean()), gradient)
            for weight, branches, logits, gradient in rows
        ]
        return np.asarray(sum(parts), np.float32)

    def _attribute_member(
        self, values: dict[str, Floats], branches: Sequence[int], answer: float, gradient: Floats
    ) -> Floats:
        """Return one member's answer on the grid: its layers' maps, and what belongs to no place spread over all."""
        places, rest, start = np.zeros(self._shape, np.float32), answer, 0
        whole = True
        for branch in branches:
            facts = self.record.branches[branch]
            for layer in self._branches[branch]:
                features = values[layer.name][0]
                own = gradient[start : start + len(features)]
                start += len(features)
                part = layer.map.attribute([values[name] for name in layer.map.tensors], features, own)
                rest -= float(features @ own) - part.rest
                places += self._facet.align(part.places, facts.spec, self._widest, self._shape)
                whole &= not isinstance(layer.map, ClassTokenMap | RolloutMap)
        # A class token carries evidence of its own from block to block, which belongs to no place, nor to all.
        return places + rest if whole else places

    @cached_property
    def _shape(self) -> tuple[int, int]:
        """Return the shape of the answer's map: as the map has it, or as the finest of several."""
        layouts = [layer.map.layout for read in self._branches.values() for layer in read]
        edges = [max(layout.height, layout.width) for layout in layouts]
        edge = edges[0] if len(edges) == 1 else min(FINEST, max(edges))
        return (edge, edge) if self._facet.dimensions == 2 else (1, edge)

    def _find_layers(self, graph: Graph, branch: int) -> tuple[_Layer, ...]:
        """Return the layers of a branch, in the order that their features are joined in."""
        facts = self.record.branches
        entry = facts[branch].network
        features = model_format.features_name(branch)
        node = graph.producers.get(features)
        spec = facts[branch].spec
        probe = {model_format.tensor_name(name, entry): values for name, values in self._facet.make_probe(spec).items()}
        missing = [name for name in (features, *probe) if name not in graph.producers and name not in graph.inputs]
        if node is None or missing:
            raise ClassifierError(
                f"{model_format.GRAPH} has no tensor {missing[0]!r}; copy the whole model folder again"
            )
        names = list(node.input) if node.op_type in ("Concat", "Identity") else [features]
        return tuple(_Layer(name, choose_map(graph, probe, name, self._facet.dimensions)) for name in names)

    @cached_property
    def _widest(self) -> AnySpec:
        return self._facet.find_widest([self.record.branches[branch].spec for branch in self._branches])

    @cached_property
    def _heads(self) -> tuple[DenseLayers, ...]:
        return self._files.load_heads()


def _differentiate(head: DenseLayers, features: Floats, index: int) -> tuple[Floats, Floats]:
    """Return a head's logits (C,), and the gradient by its features (D,) of one logit less the mean of all."""
    values, masks = features, []
    for number, (weight, bias) in enumerate(head):
        if number:
            masks.append(values > 0)
            values = np.maximum(values, 0)
        values = values @ weight + bias
    gradient = -np.full(len(values), 1 / len(values), np.float32)
    gradient[index] += 1
    for number in range(len(head) - 1, -1, -1):
        gradient = head[number][0] @ gradient
        if number:
            gradient = gradient * masks[number - 1]
    return values, gradient
