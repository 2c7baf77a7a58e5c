"""Net benefit of acting on a probability: Vickers & Elkin, 2006, Decision curve analysis, Medical Decision Making 26.

Who acts from a probability p on says by it that a missed one is worth (1 - p) / p false alarms. The net benefit at p is
what that makes of the rows: (found - false alarms * p / (1 - p)) / rows. It is held against acting on all rows and on
none; where a model is below either, who would act from p on does better without it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headstart_runtime.arrays import Bools, Doubles


@dataclass(frozen=True, slots=True, eq=False)
class DecisionCurve:
    """Net benefit over the probability from which on is acted; T thresholds. Acting on none has 0."""

    thresholds: Doubles  #: (T,) rising, in 0..1, 1 excluded
    model: Doubles  #: (T,) acting where the model says as much or more
    all: Doubles  #: (T,) acting on every row


def compute_decision_curve(scores: NDArray[np.floating], wanted: Bools, thresholds: Doubles) -> DecisionCurve:
    """Return the net benefit of probabilities (N,) of being wanted (N,), at thresholds (T,) below 1."""
    n, order = len(scores), np.argsort(scores, kind="stable")
    ordered, hits = scores[order].astype(np.float64), wanted[order]
    below = np.searchsorted(ordered, thresholds.astype(np.float64), side="left")
    found = hits.sum() - np.r_[0, hits.cumsum()][below]
    odds = thresholds / (1 - thresholds)
    model = (found - (n - below - found) * odds) / n
    share = float(hits.mean())
    return DecisionCurve(thresholds, model, share - (1 - share) * odds)
