"""Models of ordered classes compared sample by sample on the same samples, by their distance in ranks."""

from collections.abc import Mapping, Sequence

import numpy as np

from headstart.evaluation.comparison import PairedTest
from headstart.evaluation.grouping import Targets
from headstart.evaluation.metrics import SMALLEST
from headstart.evaluation.paired import (
    DRAWS,
    adjust_holm,
    exceeds_one_se,
    paired_exact_test,
    percentile_interval,
    resampled_difference_interval,
    resampled_means,
    standard_error,
)
from headstart.tasks.facets import ItemScores
from headstart_runtime.arrays import Floats
from headstart_runtime.errors import DataError
from headstart_runtime.tasks.ordinal.distribution import find_medians

LEVEL = 0.95


def score_rank_arms(targets: Targets, outputs: Mapping[str, Floats]) -> dict[str, ItemScores]:
    """Return of each arm minus the distance in ranks of each row, and its log loss, nats.

    Raises:
        DataError: no arms, no samples, or arrays that do not belong together.
    """
    ranks = targets.values
    if not len(ranks) or not outputs:
        raise DataError(f"{len(outputs)} arms on {len(ranks)} samples cannot be compared; wanted one of each")
    shape = (len(ranks), next(iter(outputs.values())).shape[-1])
    for name, array in outputs.items():
        if array.shape != shape or not np.isfinite(array).all():
            raise DataError(
                f"arm {name!r} has probabilities of shape {array.shape}; wanted {shape}, a row for each label and a "
                "column for each class, without NaN"
            )
    if not 0 <= ranks.min() <= ranks.max() < shape[1]:
        raise DataError(f"ranks run from {ranks.min()} to {ranks.max()}; wanted 0 to {shape[1] - 1}")
    rows = np.arange(len(ranks))
    return {
        name: ItemScores(
            -np.abs(find_medians(array) - ranks).astype(np.float64),
            -np.log(np.clip(array[rows, ranks].astype(np.float64), SMALLEST, 1)),
        )
        for name, array in outputs.items()
    }


def run_paired_rank_tests(
    targets: Targets, scores: Mapping[str, ItemScores], pairs: Sequence[tuple[str, str]], seed: int
) -> tuple[PairedTest, ...]:
    """Test pairs of arms: were their distances in ranks swapped by chance, group by group? With Holm's correction.

    The test is exact, for distances are whole numbers; intervals are bootstrapped over groups, all pairs on the same
    resamples.
    """
    if not pairs:
        return ()
    names, groups = list(scores), targets.groups
    columns = [*(scores[name].scores for name in names), *(scores[name].losses for name in names)]
    means = resampled_means(np.stack(columns, axis=1), groups, seed, DRAWS)
    whole = {name: np.rint(scores[name].scores).astype(np.int64) for name in names}
    p_values = [paired_exact_test(whole[a], whole[b], groups) for a, b in pairs]
    tests = []
    for (a, b), p, p_holm in zip(pairs, p_values, adjust_holm(p_values), strict=True):
        first, second = names.index(a), names.index(b)
        apart = whole[a] - whole[b]
        lost = scores[a].losses - scores[b].losses
        tests.append(
            PairedTest(
                a=a,
                b=b,
                n=len(apart),
                difference=float(apart.mean()),
                interval=resampled_difference_interval(means[:, first] - means[:, second], groups, LEVEL),
                only_a=int((apart > 0).sum()),
                only_b=int((apart < 0).sum()),
                p=p,
                p_holm=p_holm,
                standard_error=standard_error(whole[a], whole[b], groups),
                loss_difference=float(lost.mean()),
                loss_interval=percentile_interval(means[:, len(names) + first] - means[:, len(names) + second], LEVEL),
                exceeds_one_se=exceeds_one_se(whole[a], whole[b], groups),
            )
        )
    return tuple(tests)
