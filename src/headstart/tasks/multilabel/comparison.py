"""Models of labels compared on the same rows: by mean average precision, of whole groups drawn again together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from headstart.evaluation.average_precision import (
    draw_group_weights,
    mean_average_precision,
    mean_over_labels,
    resample_average_precisions,
    score_rows_by_influence,
)
from headstart.evaluation.comparison import PairedTest
from headstart.evaluation.grouping import Targets
from headstart.evaluation.paired import adjust_holm, percentile_interval, resampled_difference_interval
from headstart.tasks.facets import ItemScores
from headstart.tasks.multilabel.evaluation import LEVEL, check_label_outputs
from headstart.tasks.multilabel.label_losses import compute_row_losses
from headstart_runtime.arrays import Doubles, Floats
from headstart_runtime.errors import DataError


@dataclass(frozen=True, slots=True)
class LabelSetScores(ItemScores):
    """Scores of rows whose mean is the mean average precision of all, and what they were made of."""

    outputs: Floats  #: (N, K) probabilities


def score_label_arms(targets: Targets, outputs: Mapping[str, Floats]) -> dict[str, LabelSetScores]:
    """Return the scores and log losses of rows by each arm's probabilities, (N, K).

    Raises:
        DataError: no arms, no rows, or arrays that do not belong together.
    """
    if not outputs or not len(targets):
        raise DataError(f"{len(outputs)} arms on {len(targets)} samples cannot be compared; wanted one of each")
    truth = targets.values
    for name, rows in outputs.items():
        check_label_outputs(f"arm {name!r}", truth, rows, truth.shape[1])
    return {
        name: LabelSetScores(score_rows_by_influence(truth, rows), compute_row_losses(truth, rows), rows)
        for name, rows in outputs.items()
    }


def compare_label_arms(
    targets: Targets, scores: Mapping[str, ItemScores], pairs: Sequence[tuple[str, str]], seed: int
) -> tuple[PairedTest, ...]:
    """Return tests of pairs of arms: the mean average precision is computed anew on each resample of whole groups.

    All arms see the same resamples (the paired bootstrap: Efron & Tibshirani, 1993, An Introduction to the Bootstrap,
    chapters 6 and 16). p is twice the share of resamples in which the better arm is no better, one added to both.
    """
    if not pairs:
        return ()
    truth = targets.values
    named = list(dict.fromkeys(name for pair in pairs for name in pair))
    weights = draw_group_weights(targets.groups, truth.shape[1] * len(named), seed)
    outputs = {name: _get_outputs(scores[name]) for name in named}
    drawn = {name: mean_over_labels(resample_average_precisions(truth, outputs[name], weights)) for name in named}
    whole = {name: mean_average_precision(truth, outputs[name]) for name in named}
    sizes = np.maximum(weights.sum(axis=1), 1).astype(np.float64)
    losses = {name: (weights @ scores[name].losses) / sizes for name in named}
    wrong = {name: _count_wrong(truth, outputs[name]) for name in named}
    differences = [drawn[a] - drawn[b] for a, b in pairs]
    p_values = [
        _estimate_p(difference, whole[a] - whole[b]) for difference, (a, b) in zip(differences, pairs, strict=True)
    ]
    return tuple(
        PairedTest(
            a=a,
            b=b,
            n=len(truth),
            difference=whole[a] - whole[b],
            interval=resampled_difference_interval(difference, targets.groups, LEVEL),
            only_a=int((wrong[a] < wrong[b]).sum()),
            only_b=int((wrong[b] < wrong[a]).sum()),
            p=p,
            p_holm=p_holm,
            standard_error=float(difference.std(ddof=1)),
            loss_difference=float((scores[a].losses - scores[b].losses).mean()),
            loss_interval=percentile_interval(losses[a] - losses[b], LEVEL),
            exceeds_one_se=bool(abs(whole[a] - whole[b]) > difference.std(ddof=1)),
        )
        for (a, b), difference, p, p_holm in zip(pairs, differences, p_values, adjust_holm(p_values), strict=True)
    )


def _get_outputs(items: ItemScores) -> Floats:
    assert isinstance(items, LabelSetScores)  # of score_label_arms
    return items.outputs


def _count_wrong(truth: Floats, probabilities: Floats) -> Doubles:
    """Return how many known labels of each row are wrong, (N,), taken from a probability of 0.5 on."""
    return np.asarray((((probabilities >= 0.5) != (truth == 1)) & (truth >= 0)).sum(axis=1), np.float64)


def _estimate_p(drawn: Doubles, difference: float) -> float:
    """Return the two-sided p of a difference from its resamples."""
    if difference == 0:
        return 1.0
    against = int((np.sign(difference) * drawn <= 0).sum())
    return min(1.0, 2 * (against + 1) / (len(drawn) + 1))
