"""A split where near-duplicates leave too few groups: classes that need it are separated, and it is said.

Items from a fixed camera, or of one object, all show nearly the same. Kept in one part they could not be split at all;
split, they flatter the test score. A user is better off with a score that says so than with none.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from headstart.data.groups import merge_groups
from headstart.data.names import preview
from headstart.data.samples import Samples
from headstart.data.split import Split, TooFewGroupsError


@dataclass(frozen=True)
class RelaxedSplit:
    """Samples and their split, and the classes whose near-duplicates it separates."""

    samples: Samples  #: near-duplicates in one group, but those of ``classes``
    split: Split  #: its first note tells of these
    classes: tuple[str, ...]  #: whose near-duplicates are separated, by name; none where nothing had to be


def make_relaxed_split(
    samples: Samples, pairs: Iterable[tuple[str, str]], make: Callable[[Samples], Split]
) -> RelaxedSplit:
    """Split samples with near-duplicates kept together, as far as each class still has groups for each subset.

    Args:
        samples: near-duplicates not merged yet.
        pairs: ids of two samples that show the same.
        make: returns the split of samples.

    Raises:
        DataError: there are too few groups, or samples, without near-duplicates too.
    """
    strata = samples.stratify()
    stratum_of = dict(zip((sample.id for sample in samples.samples), strata.numbers.tolist(), strict=True))
    kept, separated = list(pairs), set[int]()
    found = len(kept)
    while True:
        grouped = merge_groups(samples, kept)
        try:
            split = make(grouped)
        except TooFewGroupsError as error:
            separated |= error.strata
            left = [pair for pair in kept if not separated & {stratum_of[id_] for id_ in pair}]
            if len(left) == len(kept):  # it is not for near-duplicates that groups are few
                raise
            kept = left
            continue
        names = tuple(strata.names[number] for number in sorted(separated))
        if not names:
            return RelaxedSplit(grouped, split, ())
        note = (
            f"the score flatters: with near-duplicates kept in one part there were too few groups of {preview(names)}, "
            f"so {found - len(kept)} pairs of them may lie in unlike parts; how well {samples.noun.many} of another "
            "day or place are told is not known: take some, and give them as a test part of their own"
        )
        return RelaxedSplit(grouped, replace(split, notes=(note, *split.notes)), names)
