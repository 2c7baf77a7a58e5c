"""How far the answers of a way of running are from the saved classifier's."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from headstart.deployment.margins import find_differing, measure_margins
from headstart_runtime.inference.classifier import Classifier
from running.ways import Answer, Outputs


def measure_differences(classifier: Classifier, saved: Sequence[Outputs | None], answer: Answer) -> dict[str, Any]:
    """Return how many items are answered otherwise, the largest margin among these, and how far numbers are apart.

    Args:
        classifier: as saved.
        saved: of each item what the saved classifier answers; None where it cannot.
        answer: of another way of running it.
    """
    found = [answer(number) for number in range(len(saved))]
    both = [(one, other) for one, other in zip(saved, found, strict=True) if one is not None and other is not None]
    refusals = sum((one is None) != (other is None) for one, other in zip(saved, found, strict=True))
    if not both:
        return {"items": 0, "refused_otherwise": refusals}
    wanted, told = ({name: np.stack([pair[side][name] for pair in both]) for name in both[0][side]} for side in (0, 1))
    given = {**wanted, **told}  # what an answer does not tell of is not compared
    task = classifier.task
    scale = next(one.scale for one in task.graph.list_compared(wanted) if one.name == task.answer)
    apart = np.abs(given[task.answer].astype(np.float64) - wanted[task.answer]) / scale
    differing = find_differing(task, wanted, given)
    margins = measure_margins(task, wanted, given, apart.reshape(len(both), -1), differing)
    return {
        "items": len(both),
        "refused_otherwise": refusals,
        "differing": int(differing.sum()),
        "largest_margin": float(f"{margins.max(initial=0.0):.2g}"),
        "mean_difference": float(f"{apart.mean():.2g}"),
        "largest_difference": float(f"{apart.max():.2g}"),
    }
