"""Two runs of any task side by side: how they are called, how they are split, what one learned of the other's test."""

from dataclasses import dataclass

from headstart.reporting.run_records import RunRecords

NOT_COMPARED = ("out", "store", "report")  #: settings that change no answer


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting or fact that the runs have otherwise."""

    name: str
    a: str
    b: str


def name_runs(a: RunRecords, b: RunRecords) -> tuple[str, str]:
    """Return the names of two runs: those of their folders, or, where these are one, their paths."""
    first, second = a.folder.resolve(), b.folder.resolve()
    return (first.name, second.name) if first.name != second.name else (str(first), str(second))


def describe_split(a: RunRecords, b: RunRecords) -> str:
    """Return whether two runs split their samples the same way, a sentence."""
    noun = a.noun
    if dict(a.split.subsets) == dict(b.split.subsets):
        return f"The {noun.many} are split the same way in both."
    both = a.split.subsets.keys() & b.split.subsets.keys()
    moved = sum(a.split.subsets[id_] is not b.split.subsets[id_] for id_ in both)
    if not both:
        return f"The runs have no {noun.one} in common."
    if not moved:
        both_have = f"{noun.heading} that both runs have are split the same way"
        return f"{both_have}; one run has {noun.many} that the other has not."
    moved_over = f"some are test {noun.many} in one run and training {noun.many} in the other"
    return f"The {noun.many} are not split the same way: {moved_over}."


def count_seen(a: RunRecords, b: RunRecords) -> int:
    """Return how many test samples of one run the other learned from."""
    return sum(
        b.split.subsets.get(str(id_), "test") != "test" for id_ in a.predictions.id[a.predictions.part == "test"]
    )
