"""The section on the test part: what the saved classifier got right, how sure it was, where it looked."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headstart.evaluation.curves import precision_recall_curve, risk_coverage_curve, roc_curve
from headstart.reporting.charts import catalog as charts
from headstart.reporting.charts.inline import InlineChart, draw_charts
from headstart.reporting.confusion_table import ConfusionTable, build_confusion_table
from headstart.reporting.photos import PredictedPhoto, PredictedPhotos
from headstart.reporting.records import Predictions, Records

MOST_STUDIED = 12  #: of the worst mistakes, of the least sure and of the least familiar
MOST_SIZES = 12  #: columns of the table of prediction sets
KEPT = (90, 80, 50)  #: percent of the photos, the surest, whose accuracy is told
KINDS = {
    "none": "Nothing was changed: the probabilities were better as they are than after any correction.",
    "temperature": "The logits are divided by one temperature, which changes how sure it is and no answer.",
    "mixture": "The logits are divided by one temperature, and a small share is given to all classes alike, for photos "
    "on which it is sure and wrong; no answer is changed.",
    "isotonic": "Each probability goes through a rising curve that was fitted to how often it came true.",
}


@dataclass(frozen=True, slots=True)
class ClassScores:
    """A class on test."""

    index: int
    name: str
    support: int
    recall: float | None  #: None where it has no photo
    low: float | None  #: of the 95 % interval of the recall
    high: float | None
    precision: float | None  #: None where nothing was taken for it
    f1: float | None  #: None where it has no photo
    auc: float | None  #: None where the class, or all others, has no photo
    average_precision: float | None
    covered: float | None  #: share of its photos whose prediction set holds it
    other: int  #: the class that it is most often taken for
    taken_for: str  #: likewise; empty for none
    taken: int  #: photos


@dataclass(frozen=True)
class TestSection:
    """What the section shows."""

    right: int
    matrix: ConfusionTable
    per_class: tuple[ClassScores, ...]
    curves: tuple[InlineChart, ...]
    calibration: str  #: what was done, a sentence
    reliability: tuple[InlineChart, ...]
    sizes: tuple[tuple[int, int], ...]  #: classes in a prediction set, photos
    sets: tuple[InlineChart, ...]
    kept: dict[int, float]  #: percent of the photos that are kept -> their accuracy
    aurc: float | None
    risk: tuple[InlineChart, ...]
    accepted_accuracy: float | None
    declined_accuracy: float | None
    declined_n: int
    novelty: tuple[InlineChart, ...]
    strangest: tuple[PredictedPhoto, ...]
    worst: tuple[PredictedPhoto, ...]
    least_sure: tuple[PredictedPhoto, ...]

    def pictures(self) -> Iterator[str]:
        """Keys of the pictures that are shown in detail."""
        for it in (*self.worst, *self.least_sure):
            yield from (it.id, it.heat, *(near.id for near in it.neighbours))
        yield from (it.id for it in self.strangest)


def build_test_section(records: Records) -> TestSection:
    """What the section shows."""
    photos, said = PredictedPhotos(records), records.predictions.subset("test")
    sure = said.confidence
    sizes = (records.sets_on_test or {"sizes": ()})["sizes"]
    return TestSection(
        right=int(said.right.sum()),
        matrix=build_confusion_table(records, photos),
        per_class=tuple(_score_classes(records, said)),
        curves=(*draw_charts(charts.roc_chart, records), *draw_charts(charts.precision_recall_chart, records)),
        calibration=KINDS.get(records.trust["calibration"]["kind"], ""),
        reliability=draw_charts(charts.reliability_chart, records),
        sizes=tuple((size, n) for size, n in enumerate(sizes, 1) if n)[:MOST_SIZES],
        sets=(*draw_charts(charts.set_sizes_chart, records), *draw_charts(charts.class_coverage_chart, records)),
        kept={percent: _accuracy_of_surest(said, percent) for percent in KEPT},
        aurc=risk_coverage_curve(said.right, sure).area,
        risk=draw_charts(charts.risk_coverage_chart, records),
        accepted_accuracy=_share_right(said.right[~said.out_of_distribution]),
        declined_accuracy=_share_right(said.right[said.out_of_distribution]),
        declined_n=int(said.out_of_distribution.sum()),
        novelty=draw_charts(charts.novelty_chart, records),
        strangest=_select_photos(photos, -said.novelty, said.novelty > 1),
        worst=_select_photos(photos, -sure, ~said.right),
        least_sure=_select_photos(photos, sure, np.ones(len(said), bool)),
    )


def _score_classes(records: Records, said: Predictions) -> Iterator[ClassScores]:
    confusion = np.array(records.test.confusion, np.int64)
    for index, score in enumerate(records.test.per_class):
        own = said.label == index
        elsewhere = np.where(np.arange(len(confusion)) == index, 0, confusion[index])
        other = int(elsewhere.argmax())
        yield ClassScores(
            index=index,
            name=score.name,
            support=score.support,
            recall=score.recall,
            low=score.recall_interval.low if score.recall_interval else None,
            high=score.recall_interval.high if score.recall_interval else None,
            precision=score.precision,
            f1=score.f1,
            auc=roc_curve(said.label, said.probabilities, index).area,
            average_precision=precision_recall_curve(said.label, said.probabilities, index).area,
            covered=_share_right(said.prediction_set[own, index]) if records.sets_on_test else None,
            other=other,
            taken_for=records.classes[other] if elsewhere[other] else "",
            taken=int(elsewhere[other]),
        )


def _share_right(right: NDArray[np.bool_]) -> float | None:
    return float(right.mean()) if len(right) else None


def _accuracy_of_surest(said: Predictions, percent: int) -> float:
    """Accuracy on so many percent of the photos, rounded up to a whole one."""
    kept = -(-len(said) * percent // 100)
    order = np.argsort(-said.confidence, kind="stable")
    return float(said.right[order[:kept]].mean())


def _select_photos(
    photos: PredictedPhotos, order: NDArray[np.floating], wanted: NDArray[np.bool_]
) -> tuple[PredictedPhoto, ...]:
    """The first photos by an order (T,), of those that are wanted."""
    rows = np.argsort(order, kind="stable")
    return tuple(photos[int(photos.rows[row])] for row in rows if wanted[row])[:MOST_STUDIED]
