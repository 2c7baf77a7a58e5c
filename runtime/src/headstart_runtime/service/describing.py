"""Models and answers as plain values for callers and for the page."""

from collections.abc import Sequence
from typing import Any

from headstart_runtime.modalities.given import takes_texts
from headstart_runtime.service.explaining import find_no_explanation
from headstart_runtime.service.models import ServedModel
from headstart_runtime.tasks.threshold_task import find_thresholds


def describe_model(model: ServedModel) -> dict[str, Any]:
    """Return what a caller has to know of a model to ask it."""
    record = model.classifier.record
    modality = record.modality
    obstacle = find_no_explanation(record)
    rows = record.task.describe_model(record.space, record.postprocessor, record.scores)
    return {
        "name": model.name,
        "version": model.version,
        "task": record.task.name,
        "task_title": record.task.title,
        "modality": modality.name,
        "noun": {"one": modality.noun.one, "many": modality.noun.many, "a_one": modality.noun.a_one},
        "texts": takes_texts(modality),
        "media": modality.hints.media,
        "suffixes": sorted(modality.suffixes),
        "classes": list(record.classes),
        "thresholds": find_thresholds(record.task, record.postprocessor, record.space),
        "facts": dict(rows),
        "engine": model.batcher.worker.engine,
        "backbones": list(dict.fromkeys(branch.backbone.name for branch in record.branches)),
        "licences": list(dict.fromkeys(branch.backbone.licence for branch in record.branches)),
        "explains": obstacle is None,
        "explains_not": obstacle,
        "judges_novelty": record.novelty is not None,
    }


def describe_answers(model: ServedModel, answers: Sequence[Any], top: int) -> dict[str, Any]:
    """Return answers as a caller gets them: ``to_json`` of each, and ``text``, the answer for a person."""
    rows = [
        {**answer.to_json(top), "text": None if answer.error is not None else answer.describe(top)}
        for answer in answers
    ]
    return {"model": model.name, "version": model.version, "answers": rows}
