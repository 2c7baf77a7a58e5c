"""The split into train, validation and test: it follows from seed and content alone, not from order or place."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from headstart.data.groups import describe_torn_groups, find_torn_groups
from headstart.data.label_placement import place_label_groups
from headstart.data.names import count_noun, preview
from headstart.data.placement import GroupCounts, place_groups
from headstart.data.samples import Sample, SampleGroup, Samples, Subset
from headstart.storage.atomic import replace_text
from headstart.storage.run_layout import SPLIT
from headstart.tasks.facets import Strata
from headstart_runtime.errors import DataError, describe_schema_mismatch
from headstart_runtime.modalities.item import GROUP, Noun
from headstart_runtime.parsing import parse_json

SPLIT_SCHEMA = 1
MOST_CLASSES_SHOWN = 3  #: in a message


class TooFewGroupsError(DataError):
    """Strata, such as classes, have too few groups to be in every subset."""

    def __init__(self, message: str, strata: Iterable[int]) -> None:
        super().__init__(message)
        self.strata = frozenset(strata)  #: numbers of these


@dataclass(frozen=True, slots=True)
class Split:
    """The subset of each sample."""

    subsets: Mapping[str, Subset]  #: sample id -> its subset
    seed: int
    test_share: float  #: of all samples, where no split was given
    validation_share: float  #: of all samples; of train where a test subset is given
    given: bool  #: whether the samples came with subsets
    notes: tuple[str, ...] = ()  #: leaks and assumptions, for a person
    copies: Mapping[str, str] = field(default_factory=dict)  #: id -> digest, of samples that are further copies

    def samples_in(self, samples: Samples, subset: Subset) -> list[Sample]:
        """Return the samples of a subset, in the order of ``samples``; samples that the split lacks are in none."""
        return [sample for sample in samples.samples if self.subsets.get(sample.id) is subset]

    def by_digest(self) -> dict[str, Subset]:
        """Return digest -> subset. A sample that is in several counts as seen: it is in train, else in validation."""
        known: dict[str, Subset] = {}
        for id_, subset in self.subsets.items():
            digest = self.copies.get(id_, id_)
            known[digest] = min(subset, known.get(digest, subset), key=list(Subset).index)
        return known

    def save(self, path: Path) -> None:
        """Write JSON with the ids of each subset."""
        record = {
            "schema_version": SPLIT_SCHEMA,
            "seed": self.seed,
            "test_share": self.test_share,
            "validation_share": self.validation_share,
            "given": self.given,
            "notes": list(self.notes),
            "subsets": {subset.value: [it for it, its in self.subsets.items() if its is subset] for subset in Subset},
            "copies": dict(self.copies),
        }
        replace_text(path, json.dumps(record, ensure_ascii=False, indent=1) + "\n")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what ``save`` wrote.

        Raises:
            DataError: no file there, no split in it, or one of another schema.
        """
        try:
            record = parse_json(path.read_text("utf-8"))
            if record["schema_version"] != SPLIT_SCHEMA:
                raise DataError(describe_schema_mismatch(str(path), record["schema_version"], SPLIT_SCHEMA))
            subsets = {id_: Subset(subset) for subset, ids in record["subsets"].items() for id_ in ids}
            shares = float(record["test_share"]), float(record["validation_share"])
            copies = {str(id_): str(digest) for id_, digest in record["copies"].items()}
            return cls(subsets, int(record["seed"]), *shares, bool(record["given"]), tuple(record["notes"]), copies)
        except OSError as error:
            raise DataError(
                f"split {str(path)!r} cannot be read: {error.strerror}; name a run's folder or its split.json"
            ) from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise DataError(f"{str(path)!r} is not a split; name a run's folder or its split.json") from None


def load_split(earlier: Path) -> Split:
    """Return the split of an earlier run, given its folder or the file.

    Raises:
        DataError: no file there, no split in it, or one of another schema.
    """
    earlier = earlier.expanduser()
    return Split.load(earlier / SPLIT if earlier.is_dir() else earlier)


def make_split(
    samples: Samples, *, seed: int, test_share: float, validation_share: float, split_from: Split | None = None
) -> Split:
    """Return a subset for every sample: the given ones, else by the task's strata with groups kept together.

    Labels are those of the source, and samples that a correction left out take part: correcting labels moves none
    to another subset, so that the test samples before and after are the same. Where that leaves a class without one
    to learn from, the split is made by the corrected labels.

    Args:
        samples: the samples to split.
        seed: another seed, another split.
        test_share: of all samples, for the test subset.
        validation_share: of all samples; of train where a test subset is given without a validation subset.
        split_from: an earlier split: samples that it knows stay where they were.

    Raises:
        TooFewGroupsError: a stratum that each subset must have has too few groups to be in every subset.
        DataError: only some samples have a subset given.
    """
    noun = samples.noun
    given = {sample.id: sample.subset for sample in samples.samples if sample.subset}
    if given and len(given) < len(samples):
        raise DataError(
            f"{len(samples) - len(given)} of {len(samples)} {noun.many} have no part given; give all of them one, or "
            "none"
        )
    shares = {Subset.TEST: test_share, Subset.VALIDATION: validation_share}
    earlier = split_from.by_digest() if split_from else {}

    def assign(labelled: Sequence[Sample]) -> tuple[dict[str, Subset], list[str]]:
        if given:
            subsets, notes = _keep_given(samples, labelled, given, seed, validation_share, earlier)
        else:
            known, notes = _find_known(samples, earlier)
            subsets = _place(samples, labelled, shares, seed, known)
        return {sample.id: subsets[sample.id] for sample in samples.samples}, notes

    subsets, notes = assign(samples.with_given_labels())
    if samples.relabels and _find_absent(samples, subsets, Subset.TRAIN):
        subsets, notes = assign(samples.samples)
        notes.append(f"corrected labels left a class without a training {noun.one}, so the split was made by them")
    notes.extend(_note_absent_classes(samples, subsets))
    copies = {sample.id: sample.digest for sample in samples.samples if sample.copy}
    return Split(subsets, seed, test_share, validation_share, bool(given), tuple(notes), copies)


def _find_absent(samples: Samples, subsets: Mapping[str, Subset], subset: Subset) -> list[str]:
    """Return the strata that a subset should have and of which it has none; of samples of several strata all are."""
    strata = samples.stratify()
    if not strata.required and strata.members is None:
        return []
    inside = [subsets[sample.id] is subset for sample in samples.samples]
    counts, everywhere = strata.membership[inside].sum(axis=0), strata.membership.sum(axis=0)
    # Of none of the labels there may be no sample at all.
    wanted = [strata.members is None or count > 0 for count in everywhere.tolist()]
    return [name for name, count, one in zip(strata.names, counts.tolist(), wanted, strict=True) if one and not count]


def _keep_given(
    samples: Samples,
    labelled: Sequence[Sample],
    given: Mapping[str, Subset],
    seed: int,
    validation_share: float,
    earlier: Mapping[str, Subset],
) -> tuple[dict[str, Subset], list[str]]:
    """Return the given subsets; validation is carved out of train where none is given, as an earlier split did."""
    subsets = dict(given)
    notes = _note_leaks(samples, given)
    if Subset.VALIDATION not in subsets.values():
        train = [sample for sample in labelled if sample.subset is Subset.TRAIN]
        known = {
            sample.id: earlier[sample.digest]
            for sample in train
            if earlier.get(sample.digest, Subset.TEST) != Subset.TEST
        }
        subsets.update(_place(samples, train, {Subset.VALIDATION: validation_share}, seed, known))
        if known:
            notes.append(
                f"{len(known)} of {len(train)} training {samples.noun.many} stay where the earlier split had them"
            )
    elif earlier:
        notes.append("the parts are given, so the earlier split was not used")
    return subsets, notes


def _note_absent_classes(samples: Samples, subsets: Mapping[str, Subset]) -> Iterator[str]:
    """Yield a note on classes that validation or test lack, where a sample may be of several train too."""
    several = samples.stratify().members is not None
    for subset in Subset if several else (Subset.VALIDATION, Subset.TEST):
        if absent := _find_absent(samples, subsets, subset):
            means = ": nothing can be learnt of that" if subset is Subset.TRAIN else ""
            yield f"the {subset} part has no {samples.noun.one} of {preview(absent)}{means}"


def _note_leaks(samples: Samples, given: Mapping[str, Subset]) -> list[str]:
    """Return notes on equal bytes and named groups in several given subsets; near-duplicates are reported as leaks."""
    notes = []
    leaked = [same for same in samples.copies if len({given[sample.id] for sample in same}) > 1]
    if leaked:
        names = [" = ".join(f"{sample.name} ({given[sample.id]})" for sample in same) for same in leaked]
        notes.append(
            f"leak: {count_noun(len(leaked), samples.noun, 'are')} in more than one given part, so its score flatters: "
            f"{preview(names, show=str)}"
        )
    torn = find_torn_groups((sample.group, given[sample.id]) for sample in samples.samples)
    return [*notes, describe_torn_groups(torn)] if torn else notes


def _find_known(samples: Samples, earlier: Mapping[str, Subset]) -> tuple[dict[str, Subset], list[str]]:
    """Return sample id -> subset for samples of an earlier split and others of their groups, and notes."""
    by_group: defaultdict[SampleGroup, Counter[Subset]] = defaultdict(Counter)
    for sample in samples.samples:
        if sample.digest in earlier:
            by_group[sample.group][earlier[sample.digest]] += 1
    known = {}
    for sample in samples.samples:
        if sample.digest in earlier:
            known[sample.id] = earlier[sample.digest]
        elif sample.group in by_group:
            seen = by_group[sample.group]
            known[sample.id] = max(Subset, key=lambda subset, seen=seen: seen[subset])  # type: ignore[misc]
    separated = [_describe_group(group, samples) for group, seen in by_group.items() if len(seen) > 1]
    notes = []
    if separated:
        groups = count_noun(len(separated), GROUP, "straddle")
        notes.append(f"{groups} the earlier split, and so this one: {preview(separated)}")
    if earlier:
        stay = sum(sample.digest in earlier for sample in samples.samples)
        notes.append(f"{stay} of {len(samples)} {samples.noun.many} stay where the earlier split had them")
    return known, notes


def _describe_group(group: SampleGroup, samples: Samples) -> str:
    """Return the user's name of a group; of near-duplicates the name of the first sample."""
    if group.given_name:
        return group.given_name
    first = next(sample for sample in samples.samples if sample.group == group)
    return f"{first.name} and its near-duplicates"


def _place(
    samples: Samples,
    labelled: Sequence[Sample],
    shares: Mapping[Subset, float],
    seed: int,
    known: Mapping[str, Subset],
) -> dict[str, Subset]:
    """Return sample id -> subset of those in ``labelled``; groups without a known subset are placed."""
    reading = samples.task.targets
    strata = reading.stratify(samples.space, reading.stack([sample.target for sample in labelled]))
    strata_of = dict(zip((sample.id for sample in labelled), strata.list_each(), strict=True))
    held: dict[Subset, Counter[int]] = {subset: Counter() for subset in Subset}
    for sample in labelled:
        if sample.id in known:
            held[known[sample.id]].update(strata_of[sample.id])
    free = [sample for sample in labelled if sample.id not in known]
    counts = _count_groups(free, strata_of)
    groups = list(counts.values())
    if strata.members is None:
        placement = place_groups(groups, shares, seed=seed, held=held)
    else:
        sizes = Counter(known[sample.id] for sample in labelled if sample.id in known)
        placement = place_label_groups(groups, shares, seed=seed, held=held, sizes=sizes)
    lacking = {label: subsets for label, subsets in placement.lacking.items() if not known or Subset.TRAIN in subsets}
    if lacking and strata.required:
        shown = list(lacking.items())[:MOST_CLASSES_SHOWN]
        messages = [_describe_lack(labelled, strata, number, subsets, samples.noun) for number, subsets in shown]
        rest = len(lacking) - len(shown)
        more = f" (and {rest} more like these)" if rest else ""
        raise TooFewGroupsError(f"{'; also: '.join(messages)}{more}", lacking)
    return {**known, **{sample.id: placement.subsets[counts[sample.group].key] for sample in free}}


def _count_groups(samples: Iterable[Sample], strata_of: Mapping[str, Sequence[int]]) -> dict[SampleGroup, GroupCounts]:
    members: defaultdict[SampleGroup, list[Sample]] = defaultdict(list)
    for sample in samples:
        members[sample.group].append(sample)
    known, found = dict[object, Counter[int]](), dict[SampleGroup, GroupCounts]()  # equal counts are one in memory
    for group, own in members.items():
        numbers = Counter(number for sample in own for number in strata_of[sample.id])
        numbers = known.setdefault(tuple(numbers.items()), numbers)
        found[group] = GroupCounts(min(sample.digest for sample in own), numbers, len(own))
    return found


def _describe_lack(
    samples: Sequence[Sample], strata: Strata, number: int, subsets: Sequence[Subset], noun: Noun
) -> str:
    groups = len({sample.group for sample, own in zip(samples, strata.numbers, strict=True) if own == number})
    return (
        f"{strata.noun} {strata.names[number]!r} has {groups} group{'s' * (groups != 1)} of {noun.many} that must stay "
        f"together, and none for {' and '.join(subsets)}; wanted one group at least in each part; add {noun.many} or "
        "name smaller groups"
    )
