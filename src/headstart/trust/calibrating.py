"""Which calibration suits a classifier, found on photos that it was not fitted on.

Each kind is fitted, and judged by the log loss of photos that it was not fitted on either (grouped cross-validation).
The simplest kind that is not worse than the best by more than one standard error of their difference is taken (the
one-standard-error rule: Breiman, Friedman, Olshen & Stone, 1984, Classification and Regression Trees, section 3.4.3).
``none`` is the simplest, so probabilities are left alone where nothing is sure to be gained.

Figures: ``benchmarks/calibration.json``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from headstart.errors import DataError
from headstart.evaluation.metrics import SMALLEST as LEAST
from headstart.heads.folds import assign_folds, count_folds
from headstart.runtime.calibration import NONE, Calibration, Kind
from headstart.trust.calibration_fits import FITS, Double, Float, Ints

FEWEST = 20  #: photos from which a temperature is tried
FEWEST_FOR_SHIFTS, FEWEST_OF_A_CLASS = 200, 30  #: photos in all, and for each class, from which vector is tried
FEWEST_FOR_CURVES, FEWEST_FOR_A_CURVE = 1000, 100  #: photos in all, and of each class, from which isotonic is tried
FOLDS = 5
MANY = 300_000  #: probabilities (rows x classes) from which a third is held out once, for the sake of time


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A calibration and how it was chosen."""

    calibration: Calibration
    tried: dict[str, float]  #: kind -> cross-validated log loss, nats; empty where nothing could be held out
    n: int  #: photos that it was fitted on


def calibrate(
    labels: Ints,
    probabilities: Float,
    groups: Ints,
    *,
    wanted: Literal["auto", "none", "temperature", "vector", "isotonic"] = "auto",
    seed: int,
) -> Calibrated:
    """Fits a calibration on photos that the classifier was not fitted on.

    Args:
        labels: (N,) in 0..C-1.
        probabilities: (N, C) float32, uncalibrated.
        groups: (N,), photos of one group stay together.
        wanted: the kind, taken as given; ``auto`` chooses among those that there are photos enough for.
        seed: of the folds.

    Raises:
        DataError: shapes that do not belong together.
    """
    if probabilities.ndim != 2 or not len(labels) == len(groups) == len(probabilities):
        raise DataError(
            f"labels {labels.shape}, probabilities {probabilities.shape} and groups {groups.shape} do not belong "
            "together; wanted (N,), (N, C) and (N,)"
        )
    kinds = _worth_trying(labels, probabilities.shape[1]) if wanted == "auto" else tuple({"none": 0, wanted: 0})
    wholes = {kind: FITS[kind](labels, probabilities, NONE) for kind in kinds} if len(labels) else {}
    losses, blocks = _held_out_losses(labels, probabilities, groups, wholes, seed)
    tried: dict[str, float] = {kind: float(loss.mean()) for kind, loss in losses.items()}
    chosen = _simplest(losses, blocks) if wanted == "auto" else wanted
    return Calibrated(wholes.get(chosen, NONE), tried, len(labels))


def _worth_trying(labels: Ints, classes: int) -> tuple[Kind, ...]:
    """The kinds that there are photos enough for, simple to rich."""
    n, rarest = len(labels), int(np.bincount(labels, minlength=classes).min())
    enough: dict[Kind, bool] = {
        "none": True,
        "temperature": n >= FEWEST,
        "vector": n >= max(FEWEST_FOR_SHIFTS, FEWEST_OF_A_CLASS * classes),
        "isotonic": n >= FEWEST_FOR_CURVES and rarest >= FEWEST_FOR_A_CURVE,
    }
    return tuple(kind for kind in get_args(Kind) if enough[kind])


def _held_out_losses(
    labels: Ints, probabilities: Float, groups: Ints, wholes: Mapping[Kind, Calibration], seed: int
) -> tuple[dict[Kind, Double], Ints]:
    """For each kind the log loss of each held-out photo, and these photos' groups; nothing where there is one group."""
    many = probabilities.size > MANY
    folds = count_folds(labels, groups, FOLDS) if len(labels) else 0
    if not folds:
        return {}, groups[:0]
    fold = assign_folds(labels, groups, 3 if many else folds, seed)
    asked = [0] if many else list(np.unique(fold))
    losses: dict[Kind, Double] = {}
    for kind, whole in wholes.items():
        parts = []
        for held in asked:
            out = fold == held
            fitted = FITS[kind](labels[~out], probabilities[~out], whole)
            parts.append(_losses(labels[out], fitted.apply(probabilities[out])))
        losses[kind] = np.concatenate(parts)
    return losses, np.concatenate([groups[fold == held] for held in asked])


def _losses(labels: Ints, probabilities: Float) -> Double:
    own = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return -np.log(np.maximum(own, LEAST))


def _simplest(losses: Mapping[Kind, Double], groups: Ints) -> Kind:
    """The first kind that is within one standard error, photos of a group counted as one, of the best."""
    if not losses:
        return "none"
    best = min(losses.values(), key=np.mean)
    group = np.unique(groups, return_inverse=True)[1]
    for kind, loss in losses.items():
        worse = np.bincount(group, loss - best)
        if worse.sum() <= np.sqrt(len(worse) * worse.var()):
            return kind
    raise AssertionError("the best is within any error of itself")
