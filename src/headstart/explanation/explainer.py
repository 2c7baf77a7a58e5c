"""Explainer of a saved classifier: the part of each place of a photo in a label's answer.

What is explained is the label's logit less the mean of all logits, for softmax takes no notice of what is added to all
of them. Calibration, which comes after, does not move places.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from headstart.arrays import Floats
from headstart.errors import ClassifierError, DataError, UserError, nearest
from headstart.explanation.choose_map import choose_map
from headstart.explanation.graph import Graph
from headstart.explanation.maps import ClassTokenMap, Map, RolloutMap, resize_map
from headstart.inference import model_format
from headstart.inference.files import read_files
from headstart.inference.forking import after_fork, keep_for_ever
from headstart.inference.postprocess import DenseLayers
from headstart.linalg import softmax
from headstart.modalities.image.decode import Pixels
from headstart.modalities.image.load import PhotoLike, name_photo, suggest_remedy
from headstart.modalities.image.overlay import load_upright, paint_heat
from headstart.modalities.image.spec import ImageSpec
from headstart.modalities.modality import BrokenItem

FINEST = 28  #: places along an edge where maps of several layers are added; finer ones are averaged


@dataclass(frozen=True, slots=True, eq=False)
class HeatMap:
    """Places of a photo that speak for a label."""

    values: Floats  #: (h, w), 0 where nothing speaks for the label, the most telling place 1
    box: tuple[int, int, int, int]  #: (left, top, right, bottom) of what it covers of the upright photo, pixels
    method: str  #: "hirescam", "attention x gradient" or "rollout"; several are joined by " + "
    label: str  #: the class that is explained
    probability: float  #: of that class, calibrated
    size: tuple[int, int]  #: (width, height) of the upright photo, pixels
    features: Floats  #: (D,) of the first branch: what ``Neighbours`` compares
    out_of_distribution: bool = False  #: the photo is unlike all training photos: the label means little


@dataclass(frozen=True, slots=True)
class _Layer:
    """A layer that a branch reads."""

    name: str  #: its tensor, (1, D)
    map: Map


class Explainer:
    """Heat maps of a saved classifier's answers. Made once, used for any number of photos, from one thread."""

    def __init__(self, folder: Path):
        """Read the classifier and find the maps that its answers are made from.

        Raises:
            ClassifierError: it cannot be read, or a network has no map of places.
        """
        self.folder = model_format.find_model(Path(folder))
        self._files = read_files(self.folder)
        self.record = self._files.record
        self.classes = self.record.classes
        graph = Graph(self._files.graph)
        self._branches = {
            index: self._find_layers(graph, index) for member in self.record.members for index in member.branches
        }
        layers = [layer for read in self._branches.values() for layer in read]
        names = [model_format.PROBABILITIES, *(name for layer in layers for name in (layer.name, *layer.map.tensors))]
        names += [model_format.OUT_OF_DISTRIBUTION] if self.record.novelty else []
        self._names = tuple(dict.fromkeys(names))
        self._session: Any = graph.create_session({model_format.IMAGE: TensorProto.UINT8}, self._names)
        after_fork(self, Explainer._abandon)

    def _abandon(self) -> None:
        keep_for_ever(self._session)
        self._session = None

    def _run(self, pixels: Pixels) -> dict[str, Floats]:
        if self._session is None:  # in a forked child
            self._session = Graph(self._files.graph).create_session(
                {model_format.IMAGE: TensorProto.UINT8}, self._names
            )
        return dict(zip(self._names, self._session.run(None, {model_format.IMAGE: pixels}), strict=True))

    def explain(self, photo: PhotoLike, label: str | None = None) -> HeatMap:
        """Return the places of a photo that speak for a label.

        Args:
            photo: a path, bytes or an array, as ``predict`` takes them.
            label: one of the classes; None means the likeliest.

        Raises:
            DataError: the photo cannot be read.
            UserError: there is no such class.
        """
        if label is not None and label not in self.classes:
            raise UserError(f"the classifier has no class {label!r}; {nearest(label, list(self.classes))}")
        try:
            image = load_upright(photo, self.record.spec)
        except BrokenItem as error:
            raise DataError(f"{name_photo(photo)}: {error}{suggest_remedy(photo, str(error))}") from None
        values = self._run(image.pixels)
        probabilities = values[model_format.PROBABILITIES]
        index = int(probabilities.argmax()) if label is None else self.classes.index(label)
        places = np.maximum(self._attribute(values, index), 0)
        most = float(places.max())
        return HeatMap(
            values=(places / most if most > 0 else places).astype(np.float32),
            box=self._spec.crop_box(image.height, image.width),
            method=self.method,
            label=self.classes[index],
            probability=float(probabilities[index]),
            size=(image.width, image.height),
            features=np.concatenate([values[layer.name][0] for layer in self._branches[0]]),
            out_of_distribution=bool(values.get(model_format.OUT_OF_DISTRIBUTION, False)),
        )

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
            probabilities = softmax(logits[None])[0]
            weight = member.weight if self.record.combine == "mean" else 1.0
            rows.append((weight * float(probabilities[index]), member.branches, logits, gradient))
        total = sum(row[0] for row in rows) or 1.0
        edge = self._edge
        parts = [
            weight
            / total
            * self._attribute_member(values, branches, float(logits[index] - logits.mean()), gradient, edge)
            for weight, branches, logits, gradient in rows
        ]
        return np.asarray(sum(parts), np.float32)

    def _attribute_member(
        self, values: dict[str, Floats], branches: Sequence[int], answer: float, gradient: Floats, edge: int
    ) -> Floats:
        """Return one member's answer on the grid: its layers' maps, and what belongs to no place spread over all."""
        places, rest, start = np.zeros((edge, edge), np.float32), answer, 0
        whole = True
        for branch in branches:
            facts = self.record.branches[branch]
            for layer in self._branches[branch]:
                features = values[layer.name][0]
                own = gradient[start : start + len(features)]
                start += len(features)
                part = layer.map.attribute([values[name] for name in layer.map.tensors], features, own)
                rest -= float(features @ own) - part.rest
                places += _place_inside(part.places, edge, facts.spec.crop_permille / self._spec.crop_permille)
                whole &= not isinstance(layer.map, ClassTokenMap | RolloutMap)
        # A class token carries evidence of its own from block to block, which belongs to no place, nor to all.
        return places + rest if whole else places

    @cached_property
    def _edge(self) -> int:
        """Return the places along an edge of the answer: as the map has them, or as the finest of several."""
        layouts = [layer.map.layout for read in self._branches.values() for layer in read]
        edges = [max(layout.height, layout.width) for layout in layouts]
        return edges[0] if len(edges) == 1 else min(FINEST, max(edges))

    def _find_layers(self, graph: Graph, branch: int) -> tuple[_Layer, ...]:
        """Return the layers of a branch, in the order that their features are joined in."""
        facts = self.record.branches
        entry = facts[branch].network
        features = model_format.features_name(branch)
        node = graph.producers.get(features)
        if node is None or model_format.pixels_name(entry) not in graph.producers:
            raise ClassifierError(
                f"{model_format.GRAPH} has no tensor {features!r} or {model_format.pixels_name(entry)!r}; "
                "copy the whole model folder again"
            )
        names = list(node.input) if node.op_type in ("Concat", "Identity") else [features]
        size = facts[branch].spec.size
        return tuple(_Layer(name, choose_map(graph, model_format.pixels_name(entry), name, size)) for name in names)

    @cached_property
    def _spec(self) -> ImageSpec:
        """Return the spec that sees most of a photo."""
        return max(
            (self.record.branches[branch].spec for branch in self._branches), key=lambda spec: spec.crop_permille
        )

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


def _place_inside(places: Floats, edge: int, share: float) -> Floats:
    """Return a map on the grid, of which its photo covers so much in the middle."""
    inner = max(1, round(edge * share))
    if inner == edge:
        return resize_map(places, edge)
    grid, start = np.zeros((edge, edge), np.float32), (edge - inner) // 2
    grid[start : start + inner, start : start + inner] = resize_map(places, inner)
    return grid


def overlay_heat(photo: NDArray[np.uint8], heat: HeatMap) -> NDArray[np.uint8]:
    """Return a photo under its heat map, yellow where the heat is; what the network did not see keeps no colour of it.

    Args:
        photo: upright, uint8 (H, W, 3), of any size.
        heat: of this photo.
    """
    return paint_heat(photo, heat.values, heat.box, heat.size)
