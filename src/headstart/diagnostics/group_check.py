"""Record of what groups that nobody named would make of the score."""

from dataclasses import dataclass

from headstart_runtime.modalities.item import Noun
from headstart_runtime.tasks.task import Measure


@dataclass(frozen=True, slots=True)
class GroupCheck:
    """The scores with folds at random and with folds by groups that were proposed."""

    what: str  #: as ``GroupProposal`` has it
    flag: str
    groups: int
    rows: int  #: that were cross-validated
    shared: float  #: share of the test items whose group was learnt from
    random: float  #: mean score as people read it, with folds at random
    grouped: float  #: the same with folds by the groups
    error: float  #: standard error of the difference
    significant: bool  #: the groups matter

    def describe(self, noun: Noun, measure: Measure) -> str:
        """Return what was found and what to do, for a person."""
        return f"{self.describe_lead(noun)}: {self.describe_scores(noun, measure)}"

    def describe_lead(self, noun: Noun) -> str:
        """Return what test items have in common with others."""
        return f"{self.shared:.0%} of the test {noun.many} share {self.what} with {noun.many} that were learnt from"

    def describe_scores(self, noun: Noun, measure: Measure) -> str:
        """Return by how much the score may flatter therefore, and what to do."""
        random, grouped = measure.format(self.random), measure.format(self.grouped)
        found = (
            f"cross-validated on {noun.count(self.rows)}, {measure.name} is {random} with folds at random, {grouped} "
            f"with folds by these {self.groups} groups"
        )
        if not self.significant:
            return f"{found}, so that the test score was not seen to flatter"
        apart = abs(self.random - self.grouped)
        by = f"{100 * apart:.1f} points" if measure.share else measure.format(apart)
        return (
            f"{found}, so the test score flatters by about {by}. If each is one speaker, recording, person or thing, "
            f"fit again with {self.flag}"
        )
