"""Records of a run's calibration, thresholds, promise and labels, for ``trust.json``."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.evaluation.reliability import Reliability, describe_calibration_error, measure_reliability
from headstart.selection.results import Postprocessed, TestResult
from headstart_runtime.inference.model_format import PROBABILITIES, UNCALIBRATED
from headstart_runtime.modalities.item import Noun

MOST_PAIRS = 2  #: of labels that are taken together too often, in a summary


def record_postprocessing(fitted: Postprocessed, test: TestResult) -> Mapping[str, Any]:
    """Return the records ``thresholds``, ``calibration`` and ``risk`` of what is saved.

    The reliability of probabilities is that on test, before calibration and after, of all known labels together: each
    is a question of yes or no, and those of one sample belong together.
    """
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
            "before": _measure_reliability(test, UNCALIBRATED),
            "after": _measure_reliability(test, PROBABILITIES),
        },
        "risk": None
        if risk is None
        else {"promised": risk.promised, "threshold": risk.threshold, "n": risk.n, "test": _record_misses(test)},
    }


def _measure_reliability(test: TestResult, output: str) -> Reliability | None:
    """Return the reliability of an output on test; None where no label is known."""
    targets = test.targets
    known = targets.values >= 0
    if not known.any():
        return None
    there = test.answers.outputs[output][known]
    rows = np.broadcast_to(targets.groups[:, None], known.shape)[known]
    return measure_reliability(targets.values[known].astype(np.int64), np.stack([1 - there, there], 1), groups=rows)


def _record_misses(test: TestResult) -> Mapping[str, float] | None:
    """Return the share of labels that sets missed on test, its 95 % interval, and how many labels a set has."""
    seen = test.evaluation
    if seen.miss_rate is None:
        return None
    low, high = seen.miss_rate_interval.low, seen.miss_rate_interval.high
    return {"rate": seen.miss_rate, "low": low, "high": high, "set_size": seen.set_size}


def describe_trust(record: Mapping[str, Any], noun: Noun) -> list[str]:
    """Return how far answers can be trusted, a sentence each, from the records of ``trust.json``."""
    lines = []
    calibration, risk = record.get("calibration"), record.get("risk")
    if calibration and calibration["after"]:
        lines.append(describe_calibration_error(calibration["before"]["ece"], calibration["after"]["ece"]))
    if risk and risk["test"]:
        seen = risk["test"]
        promised = f"{risk['promised']:.0%} promised"
        missed = f"prediction sets miss {seen['rate']:.1%} of the labels of test {noun.many} ({promised})"
        lines.append(f"{missed}; they name {seen['set_size']:.1f} labels on average")
    for pair in record.get("label_pairs", [])[:MOST_PAIRS]:
        taken = f"{pair['first']} and {pair['second']} are taken together on {pair['taken']} test {noun.many}"
        lines.append(f"{taken}; {pair['wrong']} of these do not have both")
    return lines


def record_counts(parts: Sequence[NDArray[np.integer]]) -> Mapping[str, Any]:
    """Return ``counts`` and ``unknown``, from the targets (N, K) of train, validation and test.

    ``counts`` has for each label how many samples of each part have it, ``unknown`` of how many it is unknown; None
    where none is.
    """
    there, unknown = (np.stack([(part == value).sum(axis=0) for part in parts], axis=1) for value in (1, -1))
    return {"counts": there.tolist(), "unknown": unknown.tolist() if unknown.any() else None}
