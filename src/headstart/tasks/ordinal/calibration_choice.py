"""Choice of a calibration of ranks on samples that the model was not fitted on.

Each kind is scored by the log loss of samples that it was not fitted on either (grouped cross-validation). ``mixture``,
which bounds what a sure mistake costs, is taken unless another kind is better by more than one standard error of their
difference, by groups (the one-standard-error rule: Breiman, Friedman, Olshen & Stone, 1984, Classification and
Regression Trees, section 3.4.3).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from headstart.evaluation.grouping import group_sums, number_groups
from headstart.heads.folds import assign_folds, count_folds
from headstart.tasks.ordinal.calibration_fits import RANK_FITS
from headstart_runtime.arrays import Doubles, Floats, Ints
from headstart_runtime.tasks.ordinal.calibration import RankCalibration, RankCalibrationKind
from headstart_runtime.tasks.ordinal.distribution import SMALLEST

FEWEST = 20  #: samples from which anything is tried
FOLDS = 5
PREFERRED: tuple[RankCalibrationKind, ...] = ("mixture", "temperature", "none")  #: among kinds that are as good


@dataclass(frozen=True, slots=True)
class RankCalibrationChoice:
    """A calibration and how it was chosen."""

    calibration: RankCalibration
    log_losses: dict[str, float]  #: kind -> cross-validated log loss, nats; empty where nothing could be held out
    #: (N, K) float32, each row calibrated by a fit without its fold; by the calibration itself where none is left out
    cross_fitted: Floats = field(compare=False, repr=False)
    reason: str = ""  #: why this kind, a plain sentence


def choose_rank_calibration(
    ranks: Ints,
    probabilities: Floats,
    groups: Ints,
    *,
    kind: Literal["auto", "none", "temperature", "mixture"] = "auto",
    seed: int,
) -> RankCalibrationChoice:
    """Return a calibration fitted on samples that the model was not fitted on.

    Args:
        ranks: (N,) in 0..K-1.
        probabilities: (N, K) float32, uncalibrated.
        groups: (N,), samples of one group stay together.
        kind: taken as given; ``auto`` chooses.
        seed: of the folds.
    """
    tried: tuple[RankCalibrationKind, ...] = (
        (kind,) if kind != "auto" else ("none",) if len(ranks) < FEWEST else tuple(RANK_FITS)
    )
    folds = count_folds(ranks, groups, FOLDS) if len(ranks) else 0
    if not folds:
        only = RANK_FITS[tried[0]](ranks, probabilities)
        reason = "There was too little to hold out, so no kinds were compared."
        return RankCalibrationChoice(only, {}, only.apply(probabilities), reason)
    fold = assign_folds(ranks, groups, folds, seed)
    held_out = {name: _cross_fit(name, ranks, probabilities, fold) for name in tried}
    losses = {name: _compute_losses(ranks, calibrated) for name, calibrated in held_out.items()}
    chosen = _choose_kind(losses, groups)
    means = {str(name): float(loss.mean()) for name, loss in losses.items()}
    fitted = RANK_FITS[chosen](ranks, probabilities)
    return RankCalibrationChoice(fitted, means, held_out[chosen], _describe_choice(kind, chosen, means))


def _cross_fit(kind: RankCalibrationKind, ranks: Ints, probabilities: Floats, fold: Ints) -> Floats:
    """Return probabilities (N, K), each row calibrated by a fit without its fold."""
    calibrated = probabilities.copy()
    for held in np.unique(fold):
        out = fold == held
        calibrated[out] = RANK_FITS[kind](ranks[~out], probabilities[~out]).apply(probabilities[out])
    return calibrated


def _compute_losses(ranks: Ints, probabilities: Floats) -> Doubles:
    own = probabilities[np.arange(len(ranks)), ranks].astype(np.float64)
    return -np.log(np.maximum(own, SMALLEST))


def _choose_kind(losses: Mapping[RankCalibrationKind, Doubles], groups: Ints) -> RankCalibrationKind:
    """Return the first kind in order of preference that is within one standard error of the best."""
    best = min(losses, key=lambda kind: float(losses[kind].sum()))
    numbers = number_groups(groups)
    for kind in PREFERRED:
        if kind in losses:
            worse = group_sums(losses[kind] - losses[best], numbers)
            if worse.sum() <= np.sqrt(len(worse) * worse.var()):
                return kind
    raise AssertionError("the best is within any error of itself")


def _describe_choice(asked: str, chosen: RankCalibrationKind, means: Mapping[str, float]) -> str:
    """Return why a kind was taken, in a plain sentence without numbers."""
    if asked != "auto":
        return f"{chosen} was asked for."
    if len(means) < 2:
        return "There was too little to hold out, so no kinds were compared."
    lowest = min(means, key=lambda kind: means[kind])
    if chosen == lowest:
        return f"{chosen} has the lowest cross-validated log loss."
    why = "it bounds what a sure mistake costs" if chosen == "mixture" else "it comes first among equals"
    return f"{lowest} does better, but by less than a standard error, which can be chance; {chosen} was kept: {why}."
