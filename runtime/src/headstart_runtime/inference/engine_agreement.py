"""The scores of the engines that can run a classifier, on the same test items: a record in ``model.json``."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

ENGINE_NAMES = {"onnxruntime": "ONNX Runtime", "openvino": "OpenVINO"}  #: for people


@dataclass(frozen=True, slots=True)
class EngineScore:
    """The score of one engine."""

    score: float  #: see ``Task.measure``
    loss: float  #: mean over the items


@dataclass(frozen=True, slots=True)
class EngineAgreement:
    """The scores of each engine on the same items, and how alike their answers are."""

    scored_by: str  #: "onnxruntime" or "openvino": whose predictions the scores of the whole test set are of
    items: int  #: test items that every engine answered, drawn by the run's seed where not all of them
    scores: Mapping[str, EngineScore]  #: engine -> its score on those items
    same_answers: (
        float | None
    )  #: share of them with the same answer, such as the likeliest class; None where there is one engine only
    mean_difference: float | None  #: of the outputs that answers are read from, absolute

    @property
    def other(self) -> str | None:
        """The engine that the scores are not of; None where there is one only."""
        return next((name for name in self.scores if name != self.scored_by), None)

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Self:
        """Return the agreement that ``dataclasses.asdict`` was given.

        Raises:
            KeyError, TypeError, AttributeError: the record is not what ``asdict`` gives.
        """
        return cls(**{**record, "scores": {name: EngineScore(**it) for name, it in record["scores"].items()}})
