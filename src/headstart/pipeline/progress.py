"""What a fit tells while it works, and what of that its record keeps."""

from collections.abc import Sequence

from headstart.data.samples import FileStatus, Samples
from headstart.diagnostics.near_duplicates.search import DuplicatePair
from headstart.engines.choose import EngineChoice
from headstart.export import FittedModel
from headstart.extraction.extract import Extraction
from headstart.inference.classifier import Classifier
from headstart.selection.arm import Arm
from headstart.selection.compare import Comparison
from headstart.selection.ensembles import ENSEMBLES


def read_in_words(samples: Samples) -> str:
    """How many photos there are."""
    counts = samples.ledger.counts()
    aside = f", {counts[FileStatus.SKIPPED]} skipped" if counts[FileStatus.SKIPPED] else ""
    return f"{len(samples)} photos in {len(samples.classes)} classes{aside}"


def engine_in_words(chosen: EngineChoice) -> str:
    """What runs the network."""
    return f"{chosen.engine.name}, {chosen.engine.precision}"


def extraction_in_words(it: Extraction) -> str:
    """How many rows were computed, how fast."""
    broken = sum(finding.broken for finding in it.issues.values())
    rate = f" at {it.computed / it.seconds:.0f} photos/s" if it.computed else ""
    return (
        f"{it.computed} photos computed{rate}, {it.asked - it.computed} known{f', {broken} broken' if broken else ''}"
    )


def twins_in_words(twins: Sequence[DuplicatePair]) -> str:
    """How many photos show the same."""
    if not twins:
        return "no photos that show the same"
    near = sum(it.kind == "near" for it in twins)
    pairs = f"{len(twins)} pair{'s' * (len(twins) != 1)}"
    return f"{pairs} of photos that show the same, {len(twins) - near} of them with equal bytes"


def comparison_in_words(it: Comparison) -> str:
    """How many arms there are, and which wins."""
    return f"{len(it.arms)} arm{'s' * (len(it.arms) != 1)}; {it.choice.winner} wins"


def refit_in_words(winner: Arm, saved: FittedModel, photos: int) -> str:
    """What the winner was fitted on in the end."""
    if saved is winner.model:
        return f"{winner.name} stays as it was validated, fitted on train alone"
    what = f"the members of {winner.name}, as far as time allows," if winner.strategy in ENSEMBLES else winner.name
    return f"{what} once more, on all {photos} photos of train and validation"


def parity_in_words(classifier: Classifier) -> str:
    """How the saved file answers."""
    parity = classifier.record.parity
    return f"{parity.same_answers:.1%} same answers from the saved file on {parity.photos} photos"
