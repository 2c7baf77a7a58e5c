"""The split: train, validation and test, decided by seed and content alone, so that no listing or folder changes it."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from headstart.data.groups import NAMED, TWINS
from headstart.data.names import count_noun, preview
from headstart.data.placement import SampleGroup, place_groups
from headstart.data.samples import Sample, Samples, Subset
from headstart.errors import DataError
from headstart.storage.atomic import replace_text
from headstart.storage.run_layout import SPLIT

SCHEMA_VERSION = 1
MOST_TOLD = 3  #: classes that a message tells of


class TooFewGroupsError(DataError):
    """Classes that have too few groups to be in every part."""

    def __init__(self, message: str, labels: Iterable[int]) -> None:
        super().__init__(message)
        self.labels = frozenset(labels)  #: of these classes


@dataclass(frozen=True, slots=True)
class Split:
    """Where each sample is."""

    subsets: Mapping[str, Subset]  #: sample id -> its part
    seed: int
    test_share: float  #: of all photos, where the split is ours
    validation_share: float  #: of all photos; of train where a test part is given
    given: bool  #: whether the photos came with parts
    notes: tuple[str, ...] = ()  #: leaks and assumptions, for a person

    def samples_in(self, samples: Samples, subset: Subset) -> list[Sample]:
        """The samples of one part, in the order of ``samples``. Samples that the split doesn't know are in none."""
        return [sample for sample in samples.samples if self.subsets.get(sample.id) is subset]

    def by_digest(self) -> dict[str, Subset]:
        """Digest -> part. A photo that leaked into several counts as seen: it is in train, else in validation."""
        known: dict[str, Subset] = {}
        for id_, part in self.subsets.items():
            digest = id_.partition(".")[0]
            known[digest] = min(part, known.get(digest, part), key=list(Subset).index)
        return known

    def save(self, path: Path) -> None:
        """Writes JSON with the ids of each part."""
        record = {
            "schema_version": SCHEMA_VERSION,
            "seed": self.seed,
            "test_share": self.test_share,
            "validation_share": self.validation_share,
            "given": self.given,
            "notes": list(self.notes),
            "subsets": {part.value: [id_ for id_, its in self.subsets.items() if its is part] for part in Subset},
        }
        replace_text(path, json.dumps(record, ensure_ascii=False, indent=1) + "\n")

    @classmethod
    def load(cls, path: Path) -> Self:
        """The inverse of ``save``.

        Raises:
            DataError: no file there, no split in it, or one of a later version.
        """
        try:
            record = json.loads(path.read_text("utf-8"))
            if record["schema_version"] > SCHEMA_VERSION:
                raise DataError(
                    f"split {str(path)!r} has schema version {record['schema_version']}, known is {SCHEMA_VERSION}; "
                    "update headstart"
                )
            parts = {id_: Subset(part) for part, ids in record["subsets"].items() for id_ in ids}
            shares = float(record["test_share"]), float(record["validation_share"])
            return cls(parts, int(record["seed"]), *shares, bool(record["given"]), tuple(record["notes"]))
        except OSError as error:
            raise DataError(
                f"split {str(path)!r} cannot be read: {error.strerror}; name a run's folder or its split.json"
            ) from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise DataError(f"{str(path)!r} is not a split; name a run's folder or its split.json") from None


def load_split(earlier: Path) -> Split:
    """Return the split of an earlier run, given its folder or the file.

    Raises:
        DataError: no file there, no split in it, or one of a later version.
    """
    earlier = earlier.expanduser()
    return Split.load(earlier / SPLIT if earlier.is_dir() else earlier)


def make_split(
    samples: Samples, *, seed: int, test_share: float, validation_share: float, split_from: Split | None = None
) -> Split:
    """A part for every sample: as given where parts are given, else stratified by class, groups kept together.

    Classes are those of the source, and photos that a correction left out take part: correcting labels moves no photo
    to another part, so that the test photos before and after are the same. Where that leaves a class without a photo to
    learn from, the split is made by the corrected labels.

    Args:
        samples: what is to be split.
        seed: another seed, another split.
        test_share: of all photos, for the test part.
        validation_share: of all photos; of train where a test part is given without a validation part.
        split_from: an earlier split: photos that it knows stay where they were.

    Raises:
        TooFewGroupsError: a class has too few groups to be in every part.
        DataError: only some samples have a part given.
    """
    given = {sample.id: sample.subset for sample in samples.samples if sample.subset}
    if given and len(given) < len(samples):
        raise DataError(
            f"{len(samples) - len(given)} of {len(samples)} photos have no part given; give all of them one, or none"
        )
    shares = {Subset.TEST: test_share, Subset.VALIDATION: validation_share}
    earlier = split_from.by_digest() if split_from else {}

    def parted(before: Sequence[Sample]) -> tuple[dict[str, Subset], list[str]]:
        if given:
            parts, notes = _as_given(samples, before, given, seed, validation_share, earlier)
        else:
            known, notes = _known(samples, earlier)
            parts = _placed(before, samples.classes, shares, seed, known)
        return {sample.id: parts[sample.id] for sample in samples.samples}, notes

    parts, notes = parted(samples.as_given())
    if samples.relabels and _unlearnt(samples, parts):
        parts, notes = parted(samples.samples)
        notes.append("corrected labels left a class without a training photo, so the split was made by them")
    notes.extend(_absences(samples, parts))
    return Split(parts, seed, test_share, validation_share, bool(given), tuple(notes))


def _unlearnt(samples: Samples, parts: Mapping[str, Subset]) -> bool:
    """Whether a class has no photo in train."""
    return len({it.label for it in samples.samples if parts[it.id] is Subset.TRAIN}) < len(samples.classes)


def _as_given(
    samples: Samples,
    before: Sequence[Sample],
    given: Mapping[str, Subset],
    seed: int,
    validation_share: float,
    earlier: Mapping[str, Subset],
) -> tuple[dict[str, Subset], list[str]]:
    """The given parts, and validation carved out of train where none is given, as an earlier split carved it."""
    parts = dict(given)
    notes = _leaks(samples, given)
    if Subset.VALIDATION not in parts.values():
        train = [sample for sample in before if sample.subset is Subset.TRAIN]
        known = {
            sample.id: earlier[sample.digest]
            for sample in train
            if earlier.get(sample.digest, Subset.TEST) != Subset.TEST
        }
        parts.update(_placed(train, samples.classes, {Subset.VALIDATION: validation_share}, seed, known))
        if known:
            notes.append(f"{len(known)} of {len(train)} training photos stay where the earlier split had them")
    elif earlier:
        notes.append("the parts are given, so the earlier split was not used")
    return parts, notes


def _absences(samples: Samples, parts: Mapping[str, Subset]) -> Iterator[str]:
    """Classes that a part knows nothing of; only parts that were given, now or earlier, can be like that."""
    for part in (Subset.VALIDATION, Subset.TEST):
        there = {sample.label for sample in samples.samples if parts[sample.id] is part}
        absent = [name for label, name in enumerate(samples.classes) if label not in there]
        if absent:
            yield f"the {part} part has no photo of {preview(absent)}"


def _leaks(samples: Samples, given: Mapping[str, Subset]) -> list[str]:
    """What straddles the given parts: equal bytes, and groups of the user's; near-duplicates are told of as leaks."""
    notes = []
    straddling = [same for same in samples.copies if len({given[sample.id] for sample in same}) > 1]
    if straddling:
        names = [" = ".join(f"{sample.name} ({given[sample.id]})" for sample in same) for same in straddling]
        notes.append(
            f"leak: {count_noun(len(straddling), 'photo', 'are')} in more than one given part, so its score flatters: "
            f"{preview(names, show=str)}"
        )
    by_group = defaultdict(set)
    for sample in samples.samples:
        by_group[sample.group].add(given[sample.id])
    torn = [
        group.removeprefix(NAMED) for group, parts in by_group.items() if len(parts) > 1 and group.startswith(NAMED)
    ]
    if torn:
        notes.append(
            f"leak: {count_noun(len(torn), 'group', 'are')} in more than one given part: {preview(sorted(torn))}"
        )
    return notes


def _known(samples: Samples, earlier: Mapping[str, Subset]) -> tuple[dict[str, Subset], list[str]]:
    """Sample id -> part, for photos of an earlier split and for new ones in a group with such a photo."""
    by_group: defaultdict[str, Counter[Subset]] = defaultdict(Counter)
    for sample in samples.samples:
        if sample.digest in earlier:
            by_group[sample.group][earlier[sample.digest]] += 1
    known = {}
    for sample in samples.samples:
        if sample.digest in earlier:
            known[sample.id] = earlier[sample.digest]
        elif sample.group in by_group:
            seen = by_group[sample.group]
            known[sample.id] = max(Subset, key=lambda part, seen=seen: seen[part])  # type: ignore[misc]
    torn = [_for_people(group, samples) for group, seen in by_group.items() if len(seen) > 1]
    notes = (
        [f"{count_noun(len(torn), 'group', 'straddle')} the earlier split, and so this one: {preview(torn)}"]
        if torn
        else []
    )
    if earlier:
        stay = sum(sample.digest in earlier for sample in samples.samples)
        notes.append(f"{stay} of {len(samples)} photos stay where the earlier split had them")
    return known, notes


def _for_people(group: str, samples: Samples) -> str:
    """The user's name of a group; of photos that were found to be alike, the name of the first."""
    if group.startswith((NAMED, TWINS)):
        return group.removeprefix(NAMED).removeprefix(TWINS)
    first = next(sample for sample in samples.samples if sample.group == group)
    return f"{first.name} and its near-duplicates"


def _placed(
    samples: Sequence[Sample],
    classes: Sequence[str],
    shares: Mapping[Subset, float],
    seed: int,
    known: Mapping[str, Subset],
) -> dict[str, Subset]:
    """Sample id -> part; groups that have no part yet are placed."""
    held: dict[Subset, Counter[int]] = {part: Counter() for part in Subset}
    for sample in samples:
        if sample.id in known:
            held[known[sample.id]][sample.label] += 1
    free = [sample for sample in samples if sample.id not in known]
    groups = _groups(free)
    placement = place_groups(list(groups.values()), shares, seed=seed, held=held)
    lacking = {label: parts for label, parts in placement.lacking.items() if not known or Subset.TRAIN in parts}
    if lacking:
        told = [_too_few(samples, classes[label], label, parts) for label, parts in list(lacking.items())[:MOST_TOLD]]
        more = f" (and {len(lacking) - len(told)} more classes like these)" if len(lacking) > len(told) else ""
        raise TooFewGroupsError(f"{'; also: '.join(told)}{more}", lacking)
    return {**known, **{sample.id: placement.subsets[groups[sample.group].key] for sample in free}}


def _groups(samples: Iterable[Sample]) -> dict[str, SampleGroup]:
    digests: dict[str, str] = {}
    counts: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for sample in samples:
        digests[sample.group] = min(sample.digest, digests.get(sample.group, sample.digest))
        counts[sample.group][sample.label] += 1
    return {group: SampleGroup(digests[group], counts[group]) for group in counts}


def _too_few(samples: Sequence[Sample], name: str, label: int, parts: Sequence[Subset]) -> str:
    groups = len({sample.group for sample in samples if sample.label == label})
    return (
        f"class {name!r} has {groups} group{'s' * (groups != 1)} of photos that must stay together, and none for "
        f"{' and '.join(parts)}; wanted one group at least in each part; add photos or name smaller groups"
    )
