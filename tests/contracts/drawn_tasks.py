"""Photos that every task has something to ask of, a table of labels of them for each, and the ways to an answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from headstart.data.samples import Sample
from headstart.export import FittedModel
from headstart.inference.classifier import Classifier
from headstart.pipeline.testing import answer_samples
from headstart.selection.context import FitContext

COLOURS = ("red", "green", "blue")
COUNTS = ("one", "two", "three")
PHOTOS = 56
SIZE = 48  #: pixels
DARK, BRIGHT = 50, 200  #: mean level of a colour


@dataclass(frozen=True)
class DrawnTask:
    """The labels of a task: which colours of a photo are bright, how many, or how light the photo is."""

    label: Callable[[NDArray[np.bool_], float], str]  #: of the bright ones of ``COLOURS``, and the mean level, 0..25.5
    settings: Mapping[str, Any] = field(default_factory=dict)  #: that its labels ask for
    column: str = "label"


def _count(bright: NDArray[np.bool_], level: float) -> str:
    return COUNTS[int(bright.sum()) - 1]


def _list(bright: NDArray[np.bool_], level: float) -> str:
    return ";".join(name for name, one in zip(COLOURS, bright, strict=True) if one)


def _measure(bright: NDArray[np.bool_], level: float) -> str:
    return f"{level:.3f}"


#: Of each task of this package, and of one of another package.
DRAWN: dict[str, DrawnTask] = {
    "classification": DrawnTask(_count),
    "multilabel": DrawnTask(_list),
    "regression": DrawnTask(_measure, column="light (tenths)"),
    "ordinal": DrawnTask(_count, {"order": ",".join(COUNTS)}),
    "amount": DrawnTask(_measure),
}


def draw_table(folder: Path, task: str) -> Path:
    """Draw the photos into a folder if they are not there, and return the table of a task's labels of them."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn, rows = DRAWN[task], []
    for number in range(PHOTOS):
        chance = np.random.default_rng(number)
        bright = np.array([(1 + number % 7) >> bit & 1 for bit in range(3)], bool)
        means = np.where(bright, BRIGHT, DARK) + chance.integers(-25, 26, 3)
        pixels = np.clip(chance.normal(means, 12, (SIZE, SIZE, 3)), 0, 255).astype(np.uint8)
        if not (file := folder / f"{number:02d}.png").exists():
            Image.fromarray(pixels).save(file)
        rows.append(f"{file.name},{drawn.label(bright, pixels.mean() / 10)}")
    table = folder / f"{task}.csv"
    table.write_text("\n".join([f"path,{drawn.column}", *rows]), "utf-8")
    return table


def answer_every_way(
    model: FittedModel, classifier: Classifier, context: FitContext, samples: Sequence[Sample]
) -> dict[str, dict[str, NDArray[Any]]]:
    """Return the outputs (N, ...) by name for samples: of the fitted model, and of what was saved, each way."""
    features = context.load_all(model.branches, samples)
    found = {"fitted": model.predict(features), "saved heads": classifier.predict_features(features)}
    for engine in ("onnxruntime", "openvino"):
        found[engine] = answer_samples(classifier.with_engine(engine), samples).predictions
    return {way: dict(batch.outputs) for way, batch in found.items()}


def assert_same_answers(found: Mapping[str, Mapping[str, NDArray[Any]]], context: FitContext, close: float) -> None:
    """Assert that every way gives the fitted model's answers.

    Args:
        found: as ``answer_every_way`` gives them.
        context: of the run.
        close: most difference of a number, as a share of its range over the samples.
    """
    fitted, task = found["fitted"], context.task
    for way, outputs in found.items():
        assert outputs.keys() == fitted.keys(), way
        assert task.scoring.share_same(outputs, fitted) == 1, way
        for name, values in outputs.items():
            wanted = fitted[name]
            assert (values.shape, values.dtype) == (wanted.shape, wanted.dtype), (way, name)
            if wanted.dtype.kind == "f":
                assert np.isfinite(values).all(), (way, name)
                apart = np.abs(values.astype(np.float64) - wanted).max()
                assert apart <= close * max(np.ptp(wanted), 1e-6), (way, name)
            else:
                items = (values != wanted).reshape(len(values), -1).any(axis=1)
                assert items.sum() <= 1, (way, name)
