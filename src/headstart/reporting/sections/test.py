"""The section on the test samples: what the saved classifier got right, how sure it was, where it looked."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from headstart.evaluation.curves import precision_recall_curve, risk_coverage_curve, roc_curve
from headstart.reporting.charts import catalog as charts
from headstart.reporting.charts.inline import InlineChart, draw_charts
from headstart.reporting.confusion_table import ConfusionTable, build_confusion_table
from headstart.reporting.predicted_items import PredictedItem, PredictedItems
from headstart.reporting.records import Predictions, Records
from headstart.tasks.classification.evaluation import ClassScore
from headstart_runtime.arrays import Bools, Floats

MOST_STUDIED = 12  #: of the worst mistakes, of the least sure and of the least familiar
MOST_SIZES = 12  #: columns of the table of prediction sets
KEPT = (90, 80, 50)  #: percent of the samples, the surest, whose accuracy is shown
CALIBRATIONS = {
    "none": "Nothing was changed: the probabilities were better as they are than after any correction.",
    "temperature": "The logits are divided by one temperature, which changes how sure it is and no answer.",
    "mixture": "The logits are divided by one temperature, and a small share is given to all classes alike, for {many} "
    "on which it is sure and wrong; no answer is changed.",
    "isotonic": "Each probability goes through a rising curve that was fitted to how often it came true.",
}


@dataclass(frozen=True, slots=True)
class ClassScores:
    """A class on test."""

    index: int
    score: ClassScore
    auc: float | None  #: None where the class, or all others, has no sample
    average_precision: float | None
    covered: float | None  #: share of its samples whose prediction set holds it
    other: int  #: the class that it is most often taken for
    taken_for: str  #: its name; empty for none
    taken: int  #: samples


@dataclass(frozen=True)
class TestSection:
    """The contents of the section."""

    right: int
    matrix: ConfusionTable
    per_class: tuple[ClassScores, ...]
    curves: tuple[InlineChart, ...]
    calibration: str  #: what was done, a sentence
    reliability: tuple[InlineChart, ...]
    sizes: tuple[tuple[int, int], ...]  #: classes in a prediction set, samples
    sets: tuple[InlineChart, ...]
    kept: dict[int, float]  #: percent of the samples that are kept -> their accuracy
    aurc: float | None
    risk: tuple[InlineChart, ...]
    familiar_accuracy: float | None
    unfamiliar_accuracy: float | None
    unfamiliar_n: int
    novelty: tuple[InlineChart, ...]
    strangest: tuple[PredictedItem, ...]
    worst: tuple[PredictedItem, ...]
    least_sure: tuple[PredictedItem, ...]

    def previews(self) -> Iterator[str]:
        """Yield keys of the previews that are shown in detail."""
        for item in (*self.worst, *self.least_sure):
            yield from (item.id, item.heat, *(near.id for near in item.neighbours))
        yield from (item.id for item in self.strangest)


def build_test_section(records: Records) -> TestSection:
    """Return the scores, charts and samples of test."""
    items, test = PredictedItems(records), records.predictions.subset("test")
    sure, sets = test.sureness, records.trust.prediction_sets
    return TestSection(
        right=int(test.right.sum()),
        matrix=build_confusion_table(records, items),
        per_class=tuple(_score_classes(records, test)),
        curves=(*draw_charts(charts.roc_chart, records), *draw_charts(charts.precision_recall_chart, records)),
        calibration=records.noun.fill(CALIBRATIONS.get(records.trust.calibration.kind, "")),
        reliability=draw_charts(charts.reliability_chart, records),
        sizes=tuple((size, n) for size, n in enumerate(sets.test.sizes if sets else (), 1) if n)[:MOST_SIZES],
        sets=(*draw_charts(charts.set_sizes_chart, records), *draw_charts(charts.class_coverage_chart, records)),
        kept={percent: _accuracy_of_surest(test, percent) for percent in KEPT},
        aurc=risk_coverage_curve(test.right, sure).area,
        risk=draw_charts(charts.risk_coverage_chart, records),
        familiar_accuracy=_share_right(test.right[~test.out_of_distribution]),
        unfamiliar_accuracy=_share_right(test.right[test.out_of_distribution]),
        unfamiliar_n=int(test.out_of_distribution.sum()),
        novelty=draw_charts(charts.novelty_chart, records),
        strangest=_select_items(items, -test.novelty, test.novelty > 1),
        worst=_select_items(items, -sure, ~test.right),
        least_sure=_select_items(items, sure, np.ones(len(test), bool)),
    )


def _score_classes(records: Records, test: Predictions) -> Iterator[ClassScores]:
    confusion = np.array(records.test.confusion, np.int64)
    for index, score in enumerate(records.test.per_class):
        elsewhere = np.where(np.arange(len(confusion)) == index, 0, confusion[index])
        other = int(elsewhere.argmax())
        in_set = test.prediction_set[test.label == index, index]
        yield ClassScores(
            index=index,
            score=score,
            auc=roc_curve(test.label, test.probabilities, index).area,
            average_precision=precision_recall_curve(test.label, test.probabilities, index).area,
            covered=_share_right(in_set) if records.trust.prediction_sets else None,
            other=other,
            taken_for=records.classes[other] if elsewhere[other] else "",
            taken=int(elsewhere[other]),
        )


def _share_right(right: Bools) -> float | None:
    return float(right.mean()) if len(right) else None


def _accuracy_of_surest(test: Predictions, percent: int) -> float:
    """Return the accuracy on so many percent of the samples, rounded up to a whole one."""
    kept = -(-len(test) * percent // 100)
    order = np.argsort(-test.sureness, kind="stable")
    return float(test.right[order[:kept]].mean())


def _select_items(items: PredictedItems, order: Floats, wanted: Bools) -> tuple[PredictedItem, ...]:
    """Return the first samples by an order (T,), of those that are wanted."""
    rows = np.argsort(order, kind="stable")
    return tuple(items[int(items.rows[row])] for row in rows[wanted[rows]][:MOST_STUDIED])
