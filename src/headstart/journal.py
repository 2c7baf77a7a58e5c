"""What a fit tells while it works, and what of that its record keeps."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from headstart import events
from headstart.data.samples import Outcome, Samples
from headstart.engines.choose import Chosen
from headstart.features.extract import Extraction
from headstart.runtime.classifier import Classifier
from headstart.saving import Parts
from headstart.strategies.comparing import Comparison
from headstart.strategies.ensembles import ENSEMBLES
from headstart.strategies.material import Clock
from headstart.strategies.strategy import Arm
from headstart.trust.duplicates import Twins

T = TypeVar("T")


@dataclass
class Journal:
    """Passes events on and keeps what the run's record needs of them."""

    listener: events.Listener
    notes: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    took: float | None = None  #: seconds by the clock up to the last result

    def __call__(self, event: events.Event) -> None:
        """Hears an event: itself a listener."""
        if isinstance(event, events.Note):
            self.notes.append(event.text)
        self.listener(event)

    def stage(
        self,
        name: str,
        work: Callable[[], T],
        in_words: Callable[[T], str],
        apart: Callable[[T], float] = lambda _: 0.0,
    ) -> T:
        """Does a stage's work, times it and reports it; ``apart``: seconds of it that are another stage's."""
        began = time.perf_counter()
        result = work()
        self.seconds[name] = time.perf_counter() - began - apart(result)
        self(events.Finished(name, self.seconds[name], in_words(result)))
        return result

    def finished(self, name: str, seconds: float, summary: str) -> None:
        """Reports a stage whose work was done inside another."""
        self.seconds[name] = seconds
        self(events.Finished(name, seconds, summary))

    def end(self, clock: Clock) -> None:
        """Keeps what all of it took, and notes a budget that was not kept."""
        self.took = clock.elapsed
        if clock.budget is not None and self.took > clock.budget:
            self(events.Note(f"took {self.took:.0f} s, more than the budget of {clock.budget:.0f} s"))


def read_in_words(samples: Samples) -> str:
    """How many photos there are."""
    counts = samples.ledger.counts()
    aside = f", {counts[Outcome.SET_ASIDE]} set aside" if counts[Outcome.SET_ASIDE] else ""
    return f"{len(samples)} photos in {len(samples.classes)} classes{aside}"


def engine_in_words(chosen: Chosen) -> str:
    """What runs the network."""
    return f"{chosen.engine.name}, {chosen.engine.precision}"


def extraction_in_words(it: Extraction) -> str:
    """How many rows were computed, how fast."""
    broken = sum(finding.broken for finding in it.findings.values())
    rate = f" at {it.computed / it.seconds:.0f} photos/s" if it.computed else ""
    return (
        f"{it.computed} photos computed{rate}, {it.asked - it.computed} known{f', {broken} broken' if broken else ''}"
    )


def twins_in_words(twins: Sequence[Twins]) -> str:
    """How many photos show the same."""
    if not twins:
        return "no photos that show the same"
    near = sum(it.kind == "near" for it in twins)
    pairs = f"{len(twins)} pair{'s' * (len(twins) != 1)}"
    return f"{pairs} of photos that show the same, {len(twins) - near} of them with equal bytes"


def comparison_in_words(it: Comparison) -> str:
    """How many arms there are, and which wins."""
    return f"{len(it.arms)} arm{'s' * (len(it.arms) != 1)}; {it.choice.winner} wins"


def refit_in_words(winner: Arm, saved: Parts, photos: int) -> str:
    """What the winner was fitted on in the end."""
    if saved is winner.parts:
        return f"{winner.name} stays as it was validated, fitted on train alone"
    what = f"the members of {winner.name}, as far as time allows," if winner.strategy in ENSEMBLES else winner.name
    return f"{what} once more, on all {photos} photos of train and validation"


def parity_in_words(classifier: Classifier) -> str:
    """How the saved file answers."""
    parity = classifier.record.parity
    return f"{parity.same_answers:.1%} same answers from the saved file on {parity.photos} photos"
