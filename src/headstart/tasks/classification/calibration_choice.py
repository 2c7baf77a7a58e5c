"""Choice of a classifier's calibration on samples that it was not fitted on.

Each kind is fitted, and scored by the log loss of samples that it was not fitted on either (grouped cross-validation),
and of half a sample more that gets the least probability of all: samples to which a head gives 1e-23 are too rare to be
among those held out, and too dear to be forgotten. ``mixture``, which bounds what they cost, is taken unless another
kind is better by more than one standard error of their difference (the one-standard-error rule: Breiman, Friedman,
Olshen & Stone, 1984, Classification and Regression Trees, section 3.4.3).

Figures: ``benchmarks/calibration.json``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from headstart.evaluation.metrics import SMALLEST as LEAST
from headstart.heads.folds import assign_folds, count_folds
from headstart.tasks.classification.calibration_fits import FITS, HALF
from headstart_runtime.arrays import Bools, Doubles, Floats, Ints
from headstart_runtime.errors import DataError
from headstart_runtime.tasks.classification.calibration import NONE, Calibration, CalibrationKind

FEWEST = 20  #: samples from which anything is tried
FEWEST_FOR_CURVES, FEWEST_FOR_A_CURVE = 100, 20  #: samples in all, and of each class, from which isotonic is tried
FOLDS = 5
MANY = 300_000  #: probabilities (rows x classes) from which a third is held out once, for the sake of time
PREFERRED: tuple[CalibrationKind, ...] = ("mixture", "temperature", "none", "isotonic")  #: among kinds that are as good


@dataclass(frozen=True, slots=True)
class CalibrationChoice:
    """A calibration and how it was chosen."""

    calibration: Calibration
    log_losses: dict[str, float]  #: kind -> cross-validated log loss, nats; empty where nothing could be held out
    n: int  #: samples that it was fitted on
    #: (N, C) float32 of these samples, each calibrated by a fit without the samples of its fold and so of its group;
    #: by the calibration itself where nothing could be held out.
    cross_fitted: Floats = field(compare=False, repr=False)
    reason: str = ""  #: why this kind, a plain sentence


def choose_calibration(
    labels: Ints,
    probabilities: Floats,
    groups: Ints,
    *,
    kind: Literal["auto", "none", "temperature", "mixture", "isotonic"] = "auto",
    seed: int,
) -> CalibrationChoice:
    """Return a calibration fitted on samples that the classifier was not fitted on.

    Args:
        labels: (N,) in 0..C-1.
        probabilities: (N, C) float32, uncalibrated.
        groups: (N,), samples of one group stay together.
        kind: taken as given; ``auto`` chooses among those that there are samples enough for.
        seed: of the folds.

    Raises:
        DataError: shapes that do not belong together.
    """
    if probabilities.ndim != 2 or not len(labels) == len(groups) == len(probabilities):
        raise DataError(
            f"labels {labels.shape}, probabilities {probabilities.shape} and groups {groups.shape} do not belong "
            "together; wanted (N,), (N, C) and (N,)"
        )
    kinds = _list_kinds(labels, probabilities.shape[1]) if kind == "auto" else tuple({"none": 0, kind: 0})
    fitted = {name: FITS[name](labels, probabilities, NONE) for name in kinds} if len(labels) else {}
    many = probabilities.size > MANY
    fold = _assign_folds(labels, groups, 3 if many else FOLDS, seed)
    if fold is None:
        only = fitted.get("none" if kind == "auto" else kind, NONE)
        reason = _describe_choice(kind, only.kind, {}, {})
        return CalibrationChoice(only, {}, len(labels), only.apply(probabilities), reason)
    rows = fold == 0 if many else fold >= 0
    tried = {name: _cross_fit(name, labels, probabilities, fold, fitted[name], rows)[rows] for name in kinds}
    losses = {name: _compute_losses(labels[rows], calibrated) for name, calibrated in tried.items()}
    least = {name: float(calibrated.min()) for name, calibrated in tried.items()}
    totals = _add_sure_mistake(losses, least)
    chosen = _choose_kind(losses, totals, groups[rows]) if kind == "auto" else kind
    cross_fitted = _cross_fit(chosen, labels, probabilities, fold, fitted[chosen]) if many else tried[chosen]
    means: dict[str, float] = {name: float(loss.mean()) for name, loss in losses.items()}
    reason = _describe_choice(kind, chosen, means, totals)
    return CalibrationChoice(fitted[chosen], means, len(labels), cross_fitted, reason)


def _describe_choice(
    asked: str, chosen: CalibrationKind, means: Mapping[str, float], totals: Mapping[CalibrationKind, float]
) -> str:
    """Return why a kind was taken, in a plain sentence without numbers.

    Args:
        asked: the setting.
        chosen: the kind that was taken.
        means: kind -> cross-validated log loss; empty where nothing could be held out.
        totals: kind -> the same in all, with half a sure mistake.
    """
    if asked != "auto":
        return f"{chosen} was asked for."
    if len(means) < 2:
        return "There was too little to hold out, so no kinds were compared."
    lowest, best = min(means, key=lambda kind: means[kind]), min(totals, key=lambda kind: totals[kind])
    if chosen == lowest:
        return f"{chosen} has the lowest cross-validated log loss."
    if chosen == best:
        return (
            f"{lowest} has a lower log loss on what was held out, but it gives probabilities so close to 0 that a sure "
            f"mistake, rarer than these show, would cost more than that; {chosen} was kept for that."
        )
    why = "it bounds what a sure mistake costs" if chosen == "mixture" else "it comes first among equals"
    return f"{best} does better, but by less than a standard error, which can be chance; {chosen} was kept: {why}."


def _list_kinds(labels: Ints, classes: int) -> tuple[CalibrationKind, ...]:
    """Return the kinds that there are samples enough for, simple to rich."""
    n, rarest = len(labels), int(np.bincount(labels, minlength=classes).min())
    enough: dict[CalibrationKind, bool] = {
        "none": True,
        "temperature": n >= FEWEST,
        "mixture": n >= FEWEST,
        "isotonic": n >= FEWEST_FOR_CURVES and rarest >= FEWEST_FOR_A_CURVE,
    }
    return tuple(kind for kind in FITS if enough[kind])


def _assign_folds(labels: Ints, groups: Ints, wanted: int, seed: int) -> Ints | None:
    """Return the fold of each sample, (N,); None where nothing can be held out."""
    folds = count_folds(labels, groups, wanted) if len(labels) else 0
    return assign_folds(labels, groups, folds, seed) if folds else None


def _cross_fit(
    kind: CalibrationKind,
    labels: Ints,
    probabilities: Floats,
    fold: Ints,
    start: Calibration,
    rows: Bools | None = None,
) -> Floats:
    """Return probabilities (N, C), each row by a fit without its fold; those not in ``rows`` may stay as they are."""
    if kind == "none":
        return probabilities
    calibrated = probabilities.copy()
    for held in np.unique(fold if rows is None else fold[rows]):
        out = fold == held
        calibrated[out] = FITS[kind](labels[~out], probabilities[~out], start).apply(probabilities[out])
    return calibrated


def _compute_losses(labels: Ints, probabilities: Floats) -> Doubles:
    own = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return -np.log(np.maximum(own, LEAST))


def _add_sure_mistake(
    losses: Mapping[CalibrationKind, Doubles], least: Mapping[CalibrationKind, float]
) -> dict[CalibrationKind, float]:
    """Return the log loss of all samples held out, and of half a sample more that gets the least probability of all.

    Args:
        losses: of the samples held out, (M,) each.
        least: the smallest probability that each kind gave any class of any of them.
    """
    return {kind: float(loss.sum() - HALF * np.log(max(least[kind], LEAST))) for kind, loss in losses.items()}


def _choose_kind(
    losses: Mapping[CalibrationKind, Doubles], totals: Mapping[CalibrationKind, float], groups: Ints
) -> CalibrationKind:
    """Return the first kind in order of preference that is within one standard error of the best; errors are of groups.

    Args:
        losses: of the samples held out, (M,) each.
        totals: of ``_add_sure_mistake``.
        groups: (M,).
    """
    best = min(totals, key=lambda kind: totals[kind])
    group = np.unique(groups, return_inverse=True)[1]
    for kind in PREFERRED:
        if kind in losses:
            worse = np.bincount(group, losses[kind] - losses[best])
            if totals[kind] - totals[best] <= np.sqrt(len(worse) * worse.var()):
                return kind
    raise AssertionError("the best is within any error of itself")
