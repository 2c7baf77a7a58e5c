"""Choice of the calibration of labels, on samples that the model was not fitted on.

Each kind is fitted, and scored by the log loss of samples that it was not fitted on either (grouped cross-validation).
The one with the lowest loss is taken.

What is fitted is drawn towards doing nothing, for a label that is rare here has few samples to fit on: before any is
seen, log scale is taken to lie ``PRIOR`` around 0 and the bias ``BIAS_PRIOR``, one standard deviation.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from headstart.tasks.multilabel.folds import assign_label_folds
from headstart.tasks.multilabel.label_losses import average_label_losses
from headstart.tasks.multilabel.logit_lines import fit_logit_lines, smooth_targets
from headstart_runtime.arrays import Floats, Ints
from headstart_runtime.tasks.multilabel.label_calibration import (
    UNCALIBRATED_LABELS,
    LabelCalibration,
    compute_logits,
)

PRIOR, BIAS_PRIOR = 0.25, 1.0
FEWEST = 20  #: samples from which anything is tried
FOLDS = 5


@dataclass(frozen=True, slots=True)
class LabelCalibrationChoice:
    """A calibration and how it was chosen."""

    calibration: LabelCalibration
    log_losses: Mapping[str, float]  #: kind -> cross-validated log loss, nats; empty where nothing could be held out
    reason: str  #: why this kind, a plain sentence
    #: (N, K) float32 of these samples, each calibrated by a fit without the samples of its fold and so of its group;
    #: by the calibration itself where nothing could be held out.
    cross_fitted: Floats = field(compare=False, repr=False)


def choose_label_calibration(
    targets: NDArray[np.integer], probabilities: Floats, groups: Ints, *, kind: str = "auto", seed: int
) -> LabelCalibrationChoice:
    """Return a calibration fitted on samples that the model was not fitted on.

    Args:
        targets: (N, K) 1 there, 0 absent, -1 unknown.
        probabilities: (N, K) float32, uncalibrated.
        groups: (N,), samples of one group stay together.
        kind: taken as given; ``auto`` chooses among those that there are samples enough for.
        seed: of the folds.
    """
    fold = assign_label_folds(targets, groups, FOLDS, seed) if len(targets) else None
    few = len(targets) < FEWEST or fold is None
    kinds = [*FITS] if kind == "auto" and not few else list(dict.fromkeys(["none", "none" if kind == "auto" else kind]))
    if fold is None:
        only = FITS[kinds[-1]](targets, probabilities)
        return LabelCalibrationChoice(only, {}, _describe_choice(kind, only.kind, {}), only.apply(probabilities))
    tried = {name: _cross_fit_labels(name, targets, probabilities, fold) for name in kinds}
    losses = {name: average_label_losses(targets, rows) for name, rows in tried.items()}
    chosen = kinds[-1] if kind != "auto" else min(losses, key=lambda name: losses[name])
    reason = _describe_choice(kind, chosen, losses)
    return LabelCalibrationChoice(FITS[chosen](targets, probabilities), losses, reason, tried[chosen])


def fit_no_calibration(targets: NDArray[np.integer], probabilities: Floats) -> LabelCalibration:
    """Return the calibration that changes nothing."""
    return UNCALIBRATED_LABELS


def fit_label_temperature(targets: NDArray[np.integer], probabilities: Floats) -> LabelCalibration:
    """Fit one scale for all labels, from targets and probabilities (N, K)."""
    logits = compute_logits(probabilities).astype(np.float64)
    wanted, known = smooth_targets(targets)
    flat = (known.reshape(1, -1), wanted.reshape(1, -1), logits.reshape(1, -1))
    scale, _ = fit_logit_lines(*flat, prior=PRIOR, bias_prior=0.0)
    return LabelCalibration("temperature", (float(scale[0]),))


def fit_platt(targets: NDArray[np.integer], probabilities: Floats) -> LabelCalibration:
    """Fit a scale and a bias for each label, from targets and probabilities (N, K)."""
    logits = compute_logits(probabilities).astype(np.float64)
    wanted, known = smooth_targets(targets)
    scales, biases = fit_logit_lines(known.T, wanted.T, logits.T, prior=PRIOR, bias_prior=BIAS_PRIOR)
    return LabelCalibration("platt", tuple(map(float, scales)), tuple(map(float, biases)))


def _cross_fit_labels(kind: str, targets: NDArray[np.integer], probabilities: Floats, fold: Ints) -> Floats:
    """Return probabilities (N, K), each row by a fit without its fold."""
    calibrated = probabilities.copy()
    for held in range(int(fold.max()) + 1):
        out = fold == held
        calibrated[out] = FITS[kind](targets[~out], probabilities[~out]).apply(probabilities[out])
    return calibrated


def _describe_choice(asked: str, chosen: str, losses: Mapping[str, float]) -> str:
    """Return why a kind was taken, in a plain sentence."""
    if asked != "auto":
        return f"{chosen} was asked for."
    if len(losses) < 2:
        return "There was too little to hold out, so no kinds were compared."
    return f"{chosen} has the lowest cross-validated log loss."


#: fit(targets, probabilities)
FITS: dict[str, Callable[[NDArray[np.integer], Floats], LabelCalibration]] = {
    "none": fit_no_calibration,
    "temperature": fit_label_temperature,
    "platt": fit_platt,
}
