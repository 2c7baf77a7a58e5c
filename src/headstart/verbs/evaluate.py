"""``headstart.evaluate``."""

from pathlib import Path
from typing import Any, Unpack

from headstart import events
from headstart.display.watch import ShowProgress, watch
from headstart.evaluation.evaluation import Evaluation
from headstart.pipeline.evaluate import evaluate as score_model
from headstart.runs.run import Run
from headstart.verbs.data_options import load_data_settings
from headstart.verbs.options import DataOptions
from headstart_runtime.inference.classifier import Classifier
from headstart_runtime.inference.predictors import InferenceEngineChoice


def evaluate(
    model: str | Path | Run | Classifier,
    source: Any,
    *,
    labels: Any = None,
    engine: InferenceEngineChoice = "auto",
    threshold: float | None = None,
    listener: events.Listener | None = None,
    progress: ShowProgress = "auto",
    **options: Unpack[DataOptions],
) -> Evaluation:
    """Return the score of a saved classifier on labelled data, all of them; classes are matched by name.

    Args:
        model: a saved classifier, its folder, or the run.
        source: labelled data, as ``fit`` takes them.
        labels: with arrays, a label for each.
        engine: what answers: "auto", "onnxruntime" or "openvino".
        threshold: the least probability from which on the positive class is predicted, or each of several labels, such
            as 0.3; None takes the model's own.
        listener: is told of progress.
        progress: as of ``fit``.
        **options: how data and labels are read: ``classes_from``, ``class_pattern``, ``group_from``, ``encoding``.

    Raises:
        UserError: data, a threshold or a classifier that cannot be used, or a class that the classifier does not know.
    """
    data = load_data_settings(options)
    with watch(listener, progress) as heard:
        return score_model(
            model, source, labels=labels, options=data, engine=engine, listener=heard, threshold=threshold
        )
