"""What arms score on test: the winner always, the others only when asked, and then the record says so."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from headstart import events
from headstart.data.samples import Part
from headstart.evaluation.comparison import Pair, compare_pairs, smallest_difference
from headstart.evaluation.evaluation import Evaluation, evaluate
from headstart.strategies.comparing import Comparison
from headstart.strategies.material import Material
from headstart.strategies.strategy import final_parts


@dataclass(frozen=True, slots=True)
class Revealed:
    """The test part, as far as it was opened."""

    opened: bool  #: whether losing arms were scored on it
    tests: Mapping[str, Evaluation]  #: by the arm's name; the winner's is of the saved classifier
    pairs: tuple[Pair, ...]  #: every arm against every dearer one, on test; none where it stayed shut
    n: int  #: test photos
    smallest: float | None  #: difference in accuracy that so many photos can show; None where they can show none


def reveal(material: Material, comparison: Comparison, winner: Evaluation) -> Revealed:
    """Scores the losing arms on test, if the settings ask for it.

    Args:
        material: of the first backbone.
        comparison: whose arms.
        winner: what the saved classifier scored on test.
    """
    rate = 1 - winner.accuracy
    smallest = smallest_difference(winner.n, rate)
    shown = smallest if np.isfinite(smallest) else None
    own = {comparison.winner.name: winner}
    if not material.settings.reveal_test:
        return Revealed(opened=False, tests=own, pairs=(), n=winner.n, smallest=shown)
    names = ", ".join(arm.name for arm in comparison.arms)
    material.listener(events.Note(f"test was opened for all arms: {names}"))
    samples, labels = material.of(Part.TEST), material.labels(Part.TEST)
    said = {arm.name: material.probabilities(final_parts(material, arm), samples) for arm in comparison.arms}
    classes = material.samples.classes
    tests = {name: evaluate("test", labels, probabilities, classes) for name, probabilities in said.items()}
    pairs = compare_pairs(labels, said, material.settings.seed)
    return Revealed(opened=True, tests={**tests, **own}, pairs=pairs, n=winner.n, smallest=shown)
