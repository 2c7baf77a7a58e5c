"""The evaluation of distributions over ranks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.display.html import html_table
from headstart.evaluation import metrics
from headstart.evaluation.evaluation import (
    Evaluation,
    ScoreTable,
    describe_more_classes,
    describe_most_mistaken,
    read_intervals,
    show_share,
)
from headstart.evaluation.grouping import Targets, effective_sample_size, number_groups
from headstart.evaluation.intervals import Interval, grouped_wilson_interval
from headstart.evaluation.paired import percentile_interval, resampled_means
from headstart_runtime.arrays import Doubles, Ints
from headstart_runtime.modalities.item import Noun
from headstart_runtime.tasks.ordinal.distribution import find_medians

DRAWS = 2000  #: resamples of groups for intervals
_SEED = 0  #: of these
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class RankScore:
    """One class of an evaluation."""

    name: str
    support: int  #: rows of the class in the part
    mae: float | None  #: mean distance in ranks of their answers; None where there are none
    recall: float | None  #: share of them that is answered rightly; likewise
    recall_interval: Interval | None  #: 95 %, likewise; by groups
    bias: float | None  #: mean of answered less true rank, likewise: above 0 where answers are too high


@dataclass(frozen=True, slots=True, kw_only=True)
class RankEvaluation(Evaluation):
    """Scores of distributions over ranks. The answer is the median, which has the least expected distance."""

    classes: tuple[str, ...]  #: from lowest to highest
    mae: float  #: mean distance in ranks between answer and truth
    mae_interval: Interval  #: bootstrapped over groups; its upper end leaves room for rarer mistakes than were seen
    quadratic_kappa: float | None  #: Cohen's, weighted by squared distance; None where all rows are of one class
    quadratic_kappa_interval: Interval | None  #: bootstrapped over groups, with the same room below
    accuracy: float
    accuracy_interval: Interval  #: Wilson's, by as many rows as the groups are worth
    within_one: float  #: share of the answers that are at most one rank off
    log_loss: float  #: nats per row
    distances: tuple[int, ...]  #: answers that are 0, 1, ..., K - 1 ranks off
    per_class: tuple[RankScore, ...]  #: in the order of ``classes``
    confusion: tuple[tuple[int, ...], ...]  #: rows true, columns answered
    coverage: float | None = None  #: share of the rows whose range holds the true class; None: no model was saved yet
    coverage_interval: Interval | None = None  #: Wilson's, as of the accuracy
    range_size: float | None = None  #: classes in a range, mean

    @property
    def score(self) -> float:
        """The mean distance in ranks."""
        return self.mae

    @property
    def score_interval(self) -> Interval:
        """The interval of the mean distance."""
        return self.mae_interval

    @property
    def loss(self) -> float:
        """The log loss."""
        return self.log_loss

    def describe_faults(self) -> str:
        """Return how many answers are wrong, and how far: "is off by one rank 3 times and by more never"."""
        one, more = self.distances[1], sum(self.distances[2:])
        if not one and not more:
            return "makes no mistake"
        return f"is off by one rank {_count_times(one)} and by more {_count_times(more)}"

    def list_more(self) -> list[str]:
        """Return accuracy, the share within one rank, quadratic kappa, log loss, and how often ranges hold."""
        kappa = [] if self.quadratic_kappa is None else [f"quadratic kappa {self.quadratic_kappa:.3f}"]
        return [
            f"accuracy {self.accuracy:.1%}",
            f"within one rank {self.within_one:.1%}",
            *kappa,
            f"log loss {self.log_loss:.3f}",
            *([] if self.coverage is None else [f"ranges hold {self.coverage:.1%}"]),
        ]

    def tabulate(self, noun: Noun, most: int) -> ScoreTable:
        """Return each class, how far its answers are off, and what it was most often taken for."""
        rows = tuple(
            (
                score.name,
                score.support,
                _show(score.mae),
                show_share(score.recall),
                describe_most_mistaken(self.confusion[index], index, self.classes),
            )
            for index, score in enumerate(self.per_class[:most])
        )
        more = len(self.per_class) - most
        note = describe_more_classes(more)
        return ScoreTable(("class", noun.many, "MAE", "right", "most often taken for"), rows, note)

    def _repr_html_(self) -> str:
        rows = [(score.name, score.support, score.mae, score.recall) for score in self.per_class]
        return html_table(("class", "samples", "MAE", "right"), rows, caption=f"{self.part}: {self.describe()}")

    @classmethod
    def _read_own(cls, fields: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "classes": tuple(fields["classes"]),
            "distances": tuple(fields["distances"]),
            "per_class": tuple(RankScore(**read_intervals(score)) for score in fields["per_class"]),
            "confusion": tuple(tuple(row) for row in fields["confusion"]),
        }


def _count_times(count: int) -> str:
    """Return how often, for a sentence."""
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count:,} times")


def _show(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def score_ranks(
    part: str, targets: Targets, probabilities: NDArray[np.floating], classes: Sequence[str]
) -> RankEvaluation:
    """Score distributions (N, K) against ranks (N,) in 0..K-1; intervals know which rows belong together.

    Args:
        part: which one.
        targets: ranks and groups of its N rows.
        probabilities: (N, K).
        classes: K names, from lowest to highest.

    Raises:
        DataError: no rows, shapes that do not belong together, probabilities that are not.
    """
    ranks = targets.values
    metrics.check_scored(part, ranks, probabilities, len(classes), "ranks")
    answers = find_medians(probabilities)
    confusion, distances = metrics.confusion_matrix(ranks, answers, len(classes)), np.abs(answers - ranks)
    right = np.asarray(distances == 0)
    means = resampled_means(_list_moments(ranks, answers), targets.groups, _SEED, DRAWS)
    kappas = _compute_kappas(means)
    kappa = float(_compute_kappas(_list_moments(ranks, answers).mean(axis=0, keepdims=True))[0])
    known = kappas[np.isfinite(kappas)]
    kappa_interval = None
    if np.isfinite(kappa) and len(known):
        kappa_interval = _widen_kappa(percentile_interval(known, LEVEL), ranks, answers, targets.groups)
    return RankEvaluation(
        task="ordinal",
        part=part,
        n=len(ranks),
        classes=tuple(classes),
        mae=float(distances.mean()),
        mae_interval=_widen(percentile_interval(means[:, 0], LEVEL), right, targets.groups),
        quadratic_kappa=kappa if np.isfinite(kappa) else None,
        quadratic_kappa_interval=kappa_interval,
        accuracy=metrics.accuracy(confusion),
        accuracy_interval=grouped_wilson_interval(right, targets.groups),
        within_one=float((distances <= 1).mean()),
        log_loss=metrics.log_loss(ranks, probabilities),
        distances=tuple(int(count) for count in np.bincount(distances, minlength=len(classes))),
        per_class=tuple(_score_classes(targets, answers, classes)),
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
        groups=int(number_groups(targets.groups).max()) + 1,
        effective_n=effective_sample_size(right, targets.groups),
    )


def _list_moments(ranks: Ints, answers: Ints) -> Doubles:
    """Return the terms (N, 6) of which a row's scores are made: distance, both ranks, their squares and product."""
    y, p = ranks.astype(np.float64), answers.astype(np.float64)
    return np.stack([np.abs(y - p), y, p, y * y, p * p, y * p], axis=1)


def _compute_kappas(means: Doubles) -> Doubles:
    """Return quadratic kappa (M,) of the means (M, 6) of ``_list_moments``."""
    _, y, p, yy, pp, yp = means.T
    expected, found = yy + pp - 2 * y * p, yy + pp - 2 * yp
    kappas: Doubles = np.full(len(means), np.nan)
    np.divide(expected - found, expected, out=kappas, where=expected > 1e-12)
    return kappas


def _widen(interval: Interval, right: NDArray[np.bool_], groups: Ints) -> Interval:
    """Return the interval with at least as much room above as mistakes of one rank have that were not seen."""
    wrong = grouped_wilson_interval(~right, groups, interval.level)
    return Interval(interval.low, max(interval.high, wrong.high), interval.level)


def _score_classes(targets: Targets, answers: Ints, classes: Sequence[str]) -> Iterator[RankScore]:
    for k, name in enumerate(classes):
        own = targets.values == k
        off = answers[own] - k
        if not len(off):
            yield RankScore(name, 0, None, None, None, None)
            continue
        interval = grouped_wilson_interval(off == 0, targets.groups[own])
        mae, recall, bias = float(np.abs(off).mean()), float((off == 0).mean()), float(off.mean())
        yield RankScore(name, len(off), mae, recall, interval, bias)


def _widen_kappa(interval: Interval, ranks: Ints, answers: Ints, groups: Ints) -> Interval:
    """Return the interval of kappa with at least as much room below as mistakes of one rank have that were not seen."""
    wrong = grouped_wilson_interval(ranks != answers, groups, interval.level)
    _, y, p, yy, pp, _ = _list_moments(ranks, answers).mean(axis=0)
    by_chance = yy + pp - 2 * y * p
    return Interval(max(-1.0, min(interval.low, 1 - wrong.high / by_chance)), interval.high, interval.level)
