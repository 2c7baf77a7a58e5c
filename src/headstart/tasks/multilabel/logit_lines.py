"""Lines from scores of labels to their logits: a scale and a bias for each label, by penalised log loss."""

import numpy as np
from numpy.typing import NDArray

from headstart_runtime.arrays import Doubles

_STEPS, _SETTLED, _LONGEST = 60, 1e-6, 1.0  #: of Newton's method: most steps, the smallest worth another, the longest


def smooth_targets(targets: NDArray[np.integer]) -> tuple[Doubles, Doubles]:
    """Return the share that each label counts as there, and 1 where it is known, (N, K) each; targets (N, K).

    That a label is there counts as (n + 1) / (n + 2) of the n rows that have it, that it is absent as 1 / (m + 2) of
    the m others (Platt, 1999, Advances in Large Margin Classifiers, section 2.2), so that no scale runs away.
    """
    there, absent = (targets == 1).sum(axis=0), (targets == 0).sum(axis=0)
    wanted = np.where(targets == 1, (there + 1) / (there + 2), 1 / (absent + 2))
    return wanted, (targets >= 0).astype(np.float64)


def fit_logit_lines(
    weights: Doubles, wanted: Doubles, scores: Doubles, *, prior: float, bias_prior: float
) -> tuple[Doubles, Doubles]:
    """Return the scales and biases (P,) of least log loss plus what the priors cost, by Newton's method.

    The problems are solved side by side; a step is a 2 x 2 system of each, in log scale and bias.

    Args:
        weights: (P, N).
        wanted: (P, N) shares in 0..1.
        scores: (P, N).
        prior: standard deviation of the log scale around 0, before any row was seen.
        bias_prior: the same of the bias; 0 leaves all biases at 0.
    """
    position, bias = np.zeros(len(scores)), np.zeros(len(scores))
    for _ in range(_STEPS):
        scaled = np.exp(position)[:, None] * scores
        chance = 1 / (1 + np.exp(-np.clip(scaled + bias[:, None], -80, 80)))
        missed, bend = weights * (chance - wanted), weights * chance * (1 - chance)
        slope = (missed * scaled).sum(axis=1) + position / prior**2
        # Gauss-Newton: what the curve of the exponential adds is left out, so that every step leads down.
        bend_scale = (bend * scaled**2).sum(axis=1) + prior**-2
        if bias_prior:
            slope_bias = missed.sum(axis=1) + bias / bias_prior**2
            bend_bias, both = bend.sum(axis=1) + bias_prior**-2, (bend * scaled).sum(axis=1)
            determinant = bend_scale * bend_bias - both**2
            step = (bend_bias * slope - both * slope_bias) / determinant
            step_bias = (bend_scale * slope_bias - both * slope) / determinant
        else:
            step, step_bias = slope / bend_scale, np.zeros_like(bias)
        position -= np.clip(step, -_LONGEST, _LONGEST)
        bias -= np.clip(step_bias, -_LONGEST, _LONGEST)
        if max(np.abs(step).max(), np.abs(step_bias).max()) < _SETTLED:
            break
    return np.exp(position), bias
