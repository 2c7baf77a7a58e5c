"""Records of a run's calibration, thresholds, promise and labels, for ``trust.json``."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.selection.results import Postprocessed


def record_postprocessing(fitted: Postprocessed) -> Mapping[str, Any]:
    """Return the records ``thresholds``, ``calibration`` and ``risk`` of what is saved."""
    postprocessor, held, found = fitted.model.postprocessor, fitted.calibration_set, fitted.postprocessing
    if held is None or found is None:
        return {"thresholds": [], "calibration": None, "risk": None}
    risk = postprocessor.risk
    names = {"f1": "F1", "precision": "precision", "recall": "recall"}
    return {
        "thresholds": [
            {
                "threshold": one.threshold,
                "rule": names[one.rule],
                "wanted": one.wanted,
                "n": one.n,
                "shared": one.shared,
            }
            for one in postprocessor.thresholds
        ],
        "calibration": {
            "kind": postprocessor.calibration.kind,
            "held_out": held.source,
            "n": len(held.targets),
            "tried": found.facts["log_losses"],
            "reason": found.facts["reason"],
        },
        "risk": None if risk is None else {"promised": risk.promised, "threshold": risk.threshold, "n": risk.n},
    }


def record_counts(parts: Sequence[NDArray[np.integer]]) -> Mapping[str, Any]:
    """Return ``counts`` and ``unknown``, from the targets (N, K) of train, validation and test.

    ``counts`` has for each label how many samples of each part have it, ``unknown`` of how many it is unknown; None
    where none is.
    """
    there, unknown = (np.stack([(part == value).sum(axis=0) for part in parts], axis=1) for value in (1, -1))
    return {"counts": there.tolist(), "unknown": unknown.tolist() if unknown.any() else None}
