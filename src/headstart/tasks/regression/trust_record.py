"""Records of the intervals of numbers, as they stand in ``trust.json``."""

from collections.abc import Mapping
from typing import Any

from headstart.selection.results import Postprocessed


def record_intervals(fitted: Postprocessed) -> Mapping[str, Any]:
    """Return ``intervals``, how they were fitted, None without, and ``baseline``, the median of each number."""
    model, held, found = fitted.model, fitted.calibration_set, fitted.postprocessing
    rule = model.postprocessor.intervals
    record = {"baseline": list(model.space.facts.get("median", ()))}
    if rule is None or held is None or found is None:
        return {**record, "intervals": None}
    return {
        **record,
        "intervals": {
            "kind": rule.kind,
            "coverage": rule.coverage,
            "held_out": held.source,
            "n": found.facts["n"],
            "reason": found.facts["reason"],
            "interval_scores": found.facts["interval_scores"],
            "knots": rule.knots,
            "half_widths": [
                [factor * one for one in own] for factor, own in zip(rule.factors, rule.scales, strict=True)
            ],
        },
    }
