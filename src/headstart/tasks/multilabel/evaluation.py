"""The evaluation of sets of labels: by the order of probabilities, by the labels that are taken, by exact match."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.display.html import html_table
from headstart.evaluation.average_precision import (
    average_precisions,
    draw_group_weights,
    mean_over_labels,
    resample_average_precisions,
)
from headstart.evaluation.evaluation import Evaluation, ScoreTable, read_intervals, show_share
from headstart.evaluation.grouping import Targets, effective_sample_size, number_groups
from headstart.evaluation.intervals import Interval, grouped_wilson_interval
from headstart.evaluation.paired import percentile_interval
from headstart.tasks.multilabel.label_losses import average_label_losses
from headstart.tasks.multilabel.label_shares import F1Counts, count_hits, find_told_labels, measure_miss_rate
from headstart_runtime.arrays import Bools, Doubles, Floats, Ints
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.item import Noun

LEVEL = 0.95
_SEED = 0  #: of the resamples of intervals: the same rows get the same intervals


@dataclass(frozen=True, slots=True)
class LabelScore:
    """One label of an evaluation; over the rows of which it is known."""

    name: str
    known: int  #: rows of which it is known
    support: int  #: of these, rows that have it
    taken: int  #: of these, rows that it is taken to be there on
    average_precision: float | None  #: None where no row has it
    average_precision_interval: Interval | None  #: 95 %, resampled by groups; likewise
    precision: float | None  #: None where it was never taken
    precision_interval: Interval | None
    recall: float | None  #: None where no row has it
    recall_interval: Interval | None
    f1: float | None  #: likewise
    f1_interval: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSetEvaluation(Evaluation):
    """Scores of sets of labels. Labels are those that a saved model takes, or all from a probability of 0.5 on."""

    labels: tuple[str, ...]  #: names, in order
    mean_average_precision: float  #: over the labels that some row has; 0 where there is none
    mean_average_precision_interval: Interval  #: resampled by groups, as are the next two
    macro_f1: float  #: mean over the labels that some row has
    macro_f1_interval: Interval
    micro_f1: float  #: of all labels of all rows
    micro_f1_interval: Interval
    exact_match: float  #: share of rows of which every known label is right
    exact_match_interval: Interval  #: Wilson's, by as many rows as the groups are worth
    log_loss: float  #: nats, mean over known labels, then over rows
    tuned: bool  #: whether labels were taken by thresholds that were chosen for that
    miss_rate: float | None  #: of sets that promise one: share of an item's labels that is not in, mean over items
    miss_rate_interval: Interval | None
    set_size: float | None  #: mean number of labels in these sets
    per_label: tuple[LabelScore, ...]  #: in the order of ``labels``

    @property
    def score(self) -> float:
        """The mean average precision."""
        return self.mean_average_precision

    @property
    def score_interval(self) -> Interval:
        """The interval of the mean average precision."""
        return self.mean_average_precision_interval

    @property
    def loss(self) -> float:
        """The log loss."""
        return self.log_loss

    def describe_faults(self) -> str:
        """Return on how many rows a label is wrong: "has a wrong label on 3"."""
        return f"has a wrong label on {round(self.n * (1 - self.exact_match))}"

    def list_more(self) -> list[str]:
        """Return F1, exact match, log loss, and the miss rate where one is promised."""
        missed = [] if self.miss_rate is None else [f"sets miss {self.miss_rate:.1%}"]
        return [
            f"macro F1 {self.macro_f1:.3f}",
            f"micro F1 {self.micro_f1:.3f}",
            f"all labels right {self.exact_match:.1%}",
            f"log loss {self.log_loss:.3f}",
            *missed,
        ]

    def tabulate(self, noun: Noun, most: int) -> ScoreTable:
        """Return each label, how well it was told, and how often it was taken."""
        shown = self.per_label[:most]
        rows = tuple(
            (
                score.name,
                score.support,
                show_share(score.average_precision),
                show_share(score.precision),
                show_share(score.recall),
                score.taken,
            )
            for score in shown
        )
        more, absent = len(self.per_label) - most, sum(not score.support for score in self.per_label)
        note = f"\n... and {more} more label{'s' * (more > 1)}" if more > 0 else ""
        if absent:
            note += f"\nno {noun.one} here has {absent} of the labels; of these nothing is measured"
        return ScoreTable(("label", noun.many, "average precision", "precision", "recall", "taken"), rows, note)

    def _repr_html_(self) -> str:
        rows = [
            (one.name, one.support, one.average_precision, one.precision, one.recall, one.f1) for one in self.per_label
        ]
        head = ("label", "samples", "average precision", "precision", "recall", "F1")
        return html_table(head, rows, caption=f"{self.part}: {self.describe()}")

    @classmethod
    def _read_own(cls, fields: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "labels": tuple(fields["labels"]),
            "per_label": tuple(LabelScore(**read_intervals(score)) for score in fields["per_label"]),
        }


def score_label_sets(
    part: str,
    targets: Targets,
    probabilities: NDArray[np.floating],
    names: Sequence[str],
    *,
    labels: Bools | None = None,
    sets: Bools | None = None,
) -> LabelSetEvaluation:
    """Score probabilities (N, K), and labels and sets made of them, against targets (N, K); intervals know groups.

    Args:
        part: which one.
        targets: 1 there, 0 absent, -1 unknown, and groups, of its N rows.
        probabilities: (N, K).
        names: K.
        labels: whether each is taken to be there, (N, K); None: from a probability of 0.5 on.
        sets: that promise a miss rate, (N, K); None: there are none.

    Raises:
        DataError: no rows, shapes that do not belong together, probabilities that are not.
    """
    truth, groups = targets.values, targets.groups
    check_label_outputs(part, truth, probabilities, len(names))
    taken = probabilities >= 0.5 if labels is None else labels
    weights = draw_group_weights(groups, len(names), _SEED)
    areas, drawn = average_precisions(truth, probabilities), resample_average_precisions(truth, probabilities, weights)
    counts = count_hits(truth, taken)
    resampled = F1Counts(*(weights @ part.astype(np.float32) for part in counts.per_row))
    # What all rows have, or none, says nothing of how labels are told.
    told = find_told_labels(truth)
    f1, f1_drawn = counts.total.by_label(), resampled.by_label()
    means = [mean_over_labels(np.where(told, values, np.nan)) for values in (f1, f1_drawn)]
    exact = np.asarray(((taken == (truth == 1)) | (truth < 0)).all(axis=1))
    missed = None if sets is None else measure_miss_rate(truth, sets, groups)
    return LabelSetEvaluation(
        task="multilabel",
        part=part,
        n=len(truth),
        groups=int(number_groups(groups).max()) + 1,
        effective_n=effective_sample_size(exact, groups),
        labels=tuple(names),
        mean_average_precision=float(mean_over_labels(areas)),
        mean_average_precision_interval=_make_interval(mean_over_labels(drawn), groups),
        macro_f1=float(means[0]),
        macro_f1_interval=_make_interval(means[1], groups),
        micro_f1=float(counts.total.pooled()),
        micro_f1_interval=_make_interval(resampled.pooled(), groups),
        exact_match=float(exact.mean()),
        exact_match_interval=grouped_wilson_interval(exact, groups),
        log_loss=average_label_losses(truth, probabilities),
        tuned=labels is not None,
        miss_rate=None if missed is None else missed.rate,
        miss_rate_interval=None if missed is None else missed.interval,
        set_size=None if sets is None else float(sets.sum(axis=1).mean()),
        per_label=tuple(
            _score_label(name, truth[:, k], taken[:, k], groups, areas[k], drawn[:, k], f1_drawn[:, k])
            for k, name in enumerate(names)
        ),
    )


def _score_label(
    name: str, truth: Ints, taken: Bools, groups: Ints, area: float, drawn: Doubles, drawn_f1: Doubles
) -> LabelScore:
    known, there = truth >= 0, truth == 1
    found, used = there & taken, known & taken
    support, count = int(there.sum()), int(used.sum())
    f1 = 2 * int(found.sum()) / (support + count) if support else None
    return LabelScore(
        name,
        known=int(known.sum()),
        support=support,
        taken=count,
        average_precision=float(area) if np.isfinite(area) else None,
        average_precision_interval=_make_interval(drawn, groups[there]) if np.isfinite(area) else None,
        precision=int(found.sum()) / count if count else None,
        precision_interval=grouped_wilson_interval(there[used], groups[used]) if count else None,
        recall=int(found.sum()) / support if support else None,
        recall_interval=grouped_wilson_interval(taken[there], groups[there]) if support else None,
        f1=f1,
        f1_interval=_make_interval(drawn_f1, groups[there]) if support else None,
    )


def _make_interval(values: Doubles, groups: Ints) -> Interval:
    """Return the middle 95 % of resampled values that there are; all of 0 to 1 where there is none.

    Where no row was answered wrongly, resamples of these rows know of no mistake. The interval then goes down to the
    lower end of Wilson's of as many rows, all of them right.

    Args:
        values: resampled scores, NaN where there is none.
        groups: (N,) of the rows that the score is of.
    """
    known = values[np.isfinite(values)]
    if not len(known):
        return Interval(0.0, 1.0, LEVEL)
    found = percentile_interval(known, LEVEL)
    if found.low < 1:
        return found
    return Interval(grouped_wilson_interval(np.ones(len(groups), bool), groups, LEVEL).low, 1.0, LEVEL)


def check_label_outputs(part: str, truth: Ints, probabilities: NDArray[np.floating] | Floats, labels: int) -> None:
    """Raise a DataError where targets and probabilities, (N, K) each, do not belong together, or there are none."""
    if not len(truth):
        raise DataError(f"the part {part!r} has no rows to evaluate")
    if truth.shape != (len(truth), labels) or probabilities.shape != truth.shape:
        raise DataError(
            f"{part}: targets have shape {truth.shape}, probabilities {probabilities.shape}; wanted "
            f"({len(truth)}, {labels}) of both, a column for each label"
        )
    if not np.isfinite(probabilities).all():
        raise DataError(f"{part}: {np.sum(~np.isfinite(probabilities).all(axis=1))} rows of probabilities hold NaN")
