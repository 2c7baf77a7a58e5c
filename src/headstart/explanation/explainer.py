"""Where a saved classifier looked: what each place of a photo adds to a label's answer.

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
from headstart.modalities.image.decoding.decode import BrokenPhoto, Pixels
from headstart.modalities.image.load import PhotoLike, name_photo, suggest_remedy
from headstart.modalities.image.overlay import load_upright, paint_heat
from headstart.modalities.image.spec import ImageSpec

FINEST = 28  #: places along an edge where maps of several layers are added; finer ones are averaged


@dataclass(frozen=True, slots=True, eq=False)
class HeatMap:
    """What speaks for a label in a photo."""

    values: NDArray[np.float32]  #: (h, w), 0 where nothing speaks for the label, the most telling place 1
    box: tuple[int, int, int, int]  #: (left, top, right, bottom) of what it covers of the upright photo, pixels
    method: str  #: "hirescam", "attention x gradient" or "rollout"; several are joined by " + "
    label: str  #: the class that is explained
    probability: float  #: of that class, calibrated
    size: tuple[int, int]  #: (width, height) of the upright photo, pixels
    features: NDArray[np.float32]  #: (D,) of the first branch: what ``Neighbours`` compares
    out_of_distribution: bool = False  #: the photo is unlike all training photos: the label means little


@dataclass(frozen=True, slots=True)
class _Layer:
    """A layer that a branch reads."""

    name: str  #: its tensor, (1, D)
    map: Map


class Explainer:
    """Heat maps of a saved classifier's answers. Made once, used for any number of photos, from one thread."""

    def __init__(self, folder: Path):
        """Reads the classifier and finds the maps that its answers are made from.

        Raises:
            ClassifierError: it cannot be read, or a network has no map of places.
        """
        self.folder = model_format.find_model(Path(folder))
        self._files = read_files(self.folder)
        self.record = self._files.record
        self.classes = self.record.classes
        graph = Graph(self._files.graph)
        self._branches = {index: self._layers(graph, index) for it in self.record.members for index in it.branches}
        layers = [layer for found in self._branches.values() for layer in found]
        wanted = [model_format.PROBABILITIES, *(name for it in layers for name in (it.name, *it.map.tensors))]
        wanted += [model_format.OUT_OF_DISTRIBUTION] if self.record.novelty else []
        self._names = tuple(dict.fromkeys(wanted))
        self._session: Any = graph.session({model_format.IMAGE: TensorProto.UINT8}, self._names)
        after_fork(self, Explainer._abandon)

    def _abandon(self) -> None:
        keep_for_ever(self._session)
        self._session = None

    def _run(self, pixels: Pixels) -> dict[str, Floats]:
        if self._session is None:  # in a forked child
            self._session = Graph(self._files.graph).session({model_format.IMAGE: TensorProto.UINT8}, self._names)
        return dict(zip(self._names, self._session.run(None, {model_format.IMAGE: pixels}), strict=True))

    def heat(self, photo: PhotoLike, label: str | None = None) -> HeatMap:
        """What speaks for a label in a photo.

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
            seen = load_upright(photo, self.record.spec)
        except BrokenPhoto as error:
            raise DataError(f"{name_photo(photo)}: {error}{suggest_remedy(photo, str(error))}") from None
        values = self._run(seen.pixels)
        probabilities = values[model_format.PROBABILITIES]
        index = int(probabilities.argmax()) if label is None else self.classes.index(label)
        places = np.maximum(self._places(values, index), 0)
        most = float(places.max())
        return HeatMap(
            values=(places / most if most > 0 else places).astype(np.float32),
            box=self._spec.crop_box(seen.height, seen.width),
            method=self.method,
            label=self.classes[index],
            probability=float(probabilities[index]),
            size=(seen.width, seen.height),
            features=np.concatenate([values[it.name][0] for it in self._branches[0]]),
            out_of_distribution=bool(values.get(model_format.OUT_OF_DISTRIBUTION, False)),
        )

    @property
    def method(self) -> str:
        """How the maps are made."""
        return " + ".join(dict.fromkeys(it.map.method for found in self._branches.values() for it in found))

    def _places(self, values: dict[str, Floats], index: int) -> Floats:
        """What places add to a class, over all answers: an answer weighs as much as it gives to that class."""
        rows = []
        for facts, head in zip(self.record.members, self._heads, strict=True):
            features = [values[it.name][0] for branch in facts.branches for it in self._branches[branch]]
            logits, gradient = _gradient(head, np.concatenate(features), index)
            chances = np.exp(logits - logits.max())
            weight = facts.weight if self.record.combine == "mean" else 1.0
            rows.append((weight * float(chances[index] / chances.sum()), facts.branches, logits, gradient))
        total = sum(row[0] for row in rows) or 1.0
        edge = self._edge
        parts = [
            weight / total * self._answer(values, branches, float(logits[index] - logits.mean()), gradient, edge)
            for weight, branches, logits, gradient in rows
        ]
        return np.asarray(sum(parts), np.float32)

    def _answer(
        self, values: dict[str, Floats], branches: Sequence[int], answer: float, gradient: Floats, edge: int
    ) -> Floats:
        """One answer on the grid: its layers' maps added, and what no place is responsible for spread over all."""
        places, rest, start = np.zeros((edge, edge), np.float32), answer, 0
        whole = True
        for branch in branches:
            facts = self.record.branches[branch]
            for layer in self._branches[branch]:
                features = values[layer.name][0]
                own = gradient[start : start + len(features)]
                start += len(features)
                share = layer.map.share([values[name] for name in layer.map.tensors], features, own)
                rest -= float(features @ own) - share.rest
                seen = share.places[:, ::-1] if facts.flipped else share.places
                places += _inside(seen, edge, facts.spec.crop_permille / self._spec.crop_permille)
                whole &= not isinstance(layer.map, ClassTokenMap | RolloutMap)
        # A class token carries evidence of its own from block to block, which belongs to no place, nor to all.
        return places + rest if whole else places

    @cached_property
    def _edge(self) -> int:
        """Places along an edge of the answer: as the map has them, or as the finest of several."""
        layers = [layer for found in self._branches.values() for layer in found]
        edges = [max(it.map.layout.height, it.map.layout.width) for it in layers]
        return edges[0] if len(edges) == 1 else min(FINEST, max(edges))

    def _layers(self, graph: Graph, branch: int) -> tuple[_Layer, ...]:
        """The layers of a branch, in the order that their features are joined in."""
        facts = self.record.branches
        same = (index for index, it in enumerate(facts) if it.network == facts[branch].network)
        entry = next(index for index in same if facts[index].flipped == facts[branch].flipped)
        features = model_format.features_name(branch)
        node = graph.makers.get(features)
        if node is None or model_format.pixels_name(entry) not in graph.makers:
            raise ClassifierError(
                f"{model_format.GRAPH} has no tensor {features!r} or {model_format.pixels_name(entry)!r}; "
                "copy the whole model folder again"
            )
        names = list(node.input) if node.op_type in ("Concat", "Identity") else [features]
        size = facts[branch].spec.size
        return tuple(_Layer(name, choose_map(graph, model_format.pixels_name(entry), name, size)) for name in names)

    @cached_property
    def _spec(self) -> ImageSpec:
        """The one that sees most of a photo."""
        return max((self.record.branches[it].spec for it in self._branches), key=lambda it: it.crop_permille)

    @cached_property
    def _heads(self) -> tuple[DenseLayers, ...]:
        return self._files.load_heads()


def _gradient(head: DenseLayers, features: Floats, index: int) -> tuple[Floats, Floats]:
    """A head's logits (C,), and the gradient by its features (D,) of one logit less the mean of all."""
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


def _inside(places: Floats, edge: int, share: float) -> Floats:
    """A map on the grid, of which its photo covers so much in the middle."""
    inner = max(1, round(edge * share))
    if inner == edge:
        return resize_map(places, edge)
    grid, start = np.zeros((edge, edge), np.float32), (edge - inner) // 2
    grid[start : start + inner, start : start + inner] = resize_map(places, inner)
    return grid


def overlay_heat(photo: NDArray[np.uint8], heat: HeatMap) -> NDArray[np.uint8]:
    """A photo under its heat map, yellow where the heat is; what the network did not see keeps no colour of it.

    Args:
        photo: upright, uint8 (H, W, 3), of any size.
        heat: of this photo.
    """
    return paint_heat(photo, heat.values, heat.box, heat.size)
