"""Heads, photos and parity_examples that tests of saving draw, and what a classifier should say, computed by hand."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from headstart.backbones.backbone import Backbone
from headstart.engines.openvino import OpenVinoEngine
from headstart.heads.head import Dense, Head
from headstart.saving import EnsembleMember, FeatureBranch, FittedModel, ParityExample
from headstart.tasks.classification.targets import make_class_space
from headstart.uncertainty.novelty_fits import fit_unscaled
from headstart_runtime.inference.novelty import Novelty
from headstart_runtime.modalities.image.decode import Pixels, crop_resize
from tests.conftest import CLASSES, picture

NAMES = ("ant", "bee", "cat")


def draw_head(width: int, *units: int, seed: int = 0, scale: float = 1.0) -> Head:
    chance = np.random.default_rng(seed)
    layers, inputs = [], width
    for outputs in units:
        weight = chance.normal(0, scale * inputs**-0.5, (inputs, outputs)).astype(np.float32)
        layers.append(Dense(weight, chance.normal(0, 1, outputs).astype(np.float32)))
        inputs = outputs
    return Head("drawn", tuple(layers))


def branch(backbone: Backbone, *layers: str) -> FeatureBranch:
    return FeatureBranch(backbone, "openvino", "f32", layers)


def single(backbone: Backbone, *units: int, layer: str = "final") -> FittedModel:
    """A classifier of one branch and one head."""
    return FittedModel(
        make_class_space(NAMES),
        (branch(backbone, layer),),
        (EnsembleMember((0,), draw_head(backbone.layer(layer).width, *units)),),
    )


def draw_novelty(parts: FittedModel, *branches: int, seed: int = 0) -> Novelty:
    """A score that reads these branches, the first if none is named, and declines some of the drawn photos, not all.

    To the first two of them, changed at random, it is used.
    """
    branches = branches or (0,)
    chance = np.random.default_rng(seed)
    read = [features(parts)[index] for index in branches]
    seen = [np.repeat(rows[:2], 12, axis=0) for rows in read]
    familiar = [(rows * chance.uniform(0.5, 1.5, rows.shape)).astype(np.float32) for rows in seen]
    novelty = replace(fit_unscaled(familiar, branches=branches, seed=seed), ood_acceptance=0.95)
    scores = np.sort(novelty.score(read))
    widest = int(np.diff(scores).argmax())
    return replace(novelty, scale=novelty.scale / float(scores[widest : widest + 2].mean()))


def draw_photos(count: int = 4) -> list[Pixels]:
    """Textures that fade to the left and downwards, so that a mirrored or narrower view is another one."""
    chance = np.random.default_rng(1)
    photos = []
    for index in range(count):
        height, width = 150 + 97 * index, 200 + 61 * index
        light = np.linspace(0, 1, width)[None, :, None] * np.linspace(1, 0.5, height)[:, None, None]
        photos.append((picture(CLASSES[index % 3], chance, (width, height)) * light).astype(np.uint8))
    return photos


@cache
def _forward(backbone: Backbone) -> dict[str, NDArray[np.float32]]:
    """Each layer's features of the drawn photos, as when they are extracted."""
    pixels = np.stack([crop_resize(photo, backbone.spec) for photo in draw_photos()])
    return OpenVinoEngine(backbone, "f32", streams=1).forward({"pixels": pixels})


def features(parts: FittedModel) -> list[NDArray[np.float32]]:
    """For each branch the features of the drawn photos, (N, D)."""
    rows = [_forward(it.backbone) for it in parts.branches]
    return [
        np.concatenate([row[layer] for layer in it.layers], axis=1)
        for row, it in zip(rows, parts.branches, strict=True)
    ]


def balanced(parts: FittedModel, rows: Sequence[NDArray[np.float32]]) -> FittedModel:
    """The heads as they are after standardisation: no layer drowns another. ``rows``: for each branch (N, D)."""
    answers = []
    for answer in parts.members:
        lengths: list[float] = []
        for index in answer.branches:
            start = 0
            for layer in parts.branches[index].layers:
                width = parts.branches[index].backbone.layer(layer).width
                lengths += [float(np.sqrt(np.square(rows[index][:, start : start + width]).mean()))] * width
                start += width
        first, *others = answer.head.layers
        scaled = replace(first, weight=first.weight / np.array(lengths, np.float32)[:, None])
        answers.append(replace(answer, head=replace(answer.head, layers=(scaled, *others))))
    return replace(parts, members=tuple(answers))


def parity_examples(parts: FittedModel) -> list[ParityExample]:
    rows = features(parts)
    return [
        ParityExample(partial(np.asarray, photo), tuple(row[index] for row in rows))
        for index, photo in enumerate(draw_photos())
    ]


def by_hand(parts: FittedModel, rows: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
    """What the classifier should say, (N, C), photo by photo, from each branch's features (N, D)."""
    said = []
    for photo in range(len(rows[0])):
        answers = []
        for answer in parts.members:
            values = np.concatenate([rows[index][photo] for index in answer.branches]).astype(float)
            for number, layer in enumerate(answer.head.layers):
                values = (np.maximum(values, 0) if number else values) @ layer.weight.astype(float) + layer.bias
            answers.append(softmax(values))
        if parts.combine == "mean":
            said.append(sum(answer.weight * row for answer, row in zip(parts.members, answers, strict=True)))
            continue
        total = sum(answers) / len(answers)
        for row in answers:
            total[row.argmax()] += 1
        said.append(total / (len(answers) + 1))
    return np.array(said)
