"""A table of labels for each task of the drawn items of each modality, and the ways to an answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.data.samples import Sample
from headstart.pipeline.testing import answer_samples
from headstart.saving import FittedModel
from headstart.selection.context import FitContext
from headstart_runtime.inference.classifier import Classifier
from tests.contracts.drawn_items import ITEMS, Traits

TRAITS = ("red", "green", "blue")
COUNTS = ("one", "two", "three")
DRAWN_ITEMS = 56


@dataclass(frozen=True)
class DrawnTask:
    """The labels of a task: which traits an item has, how many, or its level."""

    label: Callable[[Traits, float], str]  #: of the ``TRAITS`` that it has, and its level, 0..25.5
    settings: Mapping[str, Any] = field(default_factory=dict)  #: that its labels ask for
    column: str = "label"


def _count(traits: Traits, level: float) -> str:
    return COUNTS[int(traits.sum()) - 1]


def _list(traits: Traits, level: float) -> str:
    return ";".join(name for name, one in zip(TRAITS, traits, strict=True) if one)


def _measure(traits: Traits, level: float) -> str:
    return f"{level:.3f}"


#: Of each task of this package, and of one of another package.
DRAWN: dict[str, DrawnTask] = {
    "classification": DrawnTask(_count),
    "multilabel": DrawnTask(_list),
    "regression": DrawnTask(_measure, column="light (tenths)"),
    "ordinal": DrawnTask(_count, {"order": ",".join(COUNTS)}),
    "amount": DrawnTask(_measure),
}


def draw_table(folder: Path, task: str, modality: str = "image") -> Path:
    """Draw the items into a folder if they are not there, and return the table of a task's labels of them."""
    folder.mkdir(parents=True, exist_ok=True)
    items, drawn = ITEMS[modality], DRAWN[task]
    rows = [f"{items.column},{drawn.column}"]
    for number in range(DRAWN_ITEMS):
        traits = np.array([(1 + number % 7) >> bit & 1 for bit in range(3)], bool)
        item = items.draw(folder, number, traits)
        rows.append(f"{item.cell},{drawn.label(traits, item.level)}")
    table = folder / f"{task}.csv"
    table.write_text("\n".join(rows), "utf-8")
    return table


ENGINES = ("onnxruntime", "openvino")  #: that run a saved model


def answer_every_way(
    model: FittedModel,
    classifier: Classifier,
    context: FitContext,
    samples: Sequence[Sample],
    engines: Sequence[str] = ENGINES,
) -> dict[str, dict[str, NDArray[Any]]]:
    """Return the outputs (N, ...) by name for samples: of the fitted model, and of what was saved, each way."""
    features = context.load_all(model.branches, samples)
    found = {"fitted": model.predict(features), "saved heads": classifier.predict_features(features)}
    for engine in engines:
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
                assert apart <= close * max(np.ptp(wanted), 1e-6), (way, name, float(apart), float(np.ptp(wanted)))
            else:
                items = (values != wanted).reshape(len(values), -1).any(axis=1)
                assert items.sum() <= 1, (way, name)
