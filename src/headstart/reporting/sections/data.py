"""The section on the photos: what was read, what is odd about it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headstart.data.samples import FileStatus, LedgerEntry, Subset
from headstart.diagnostics.label_noise import LabelNoise
from headstart.diagnostics.next_commands import RelabelCommands, suggest_relabelling
from headstart.modalities.image.near_duplicates.detail import find_low_detail_note
from headstart.reporting.photos import PhotoTile, make_tile
from headstart.reporting.records import Records

MOST_FILES = 200  #: of the ledger's entries that are listed
MOST_PAIRS = 24  #: of twins and of leaks that are shown as pictures
MOST_SUSPECTS = 24
MOST_FLAWED = 8  #: photos of each flaw
STRONG = 0.5  #: share of the classifier's gain over chance that a clue alone must bring to be warned of
CLUES = {"border": "the border of the photo", "file": "the file's size and format", "mean colour": "the mean colour"}


@dataclass(frozen=True, slots=True)
class FileList:
    """Files that were not simply accepted."""

    title: str
    key: str  #: in names of figures
    n: int
    entries: tuple[LedgerEntry, ...]  #: the first of them


@dataclass(frozen=True, slots=True)
class ClassCounts:
    """A class and its photos."""

    index: int
    name: str
    train: int
    validation: int
    test: int

    @property
    def all(self) -> int:
        """In all parts."""
        return self.train + self.validation + self.test


@dataclass(frozen=True, slots=True)
class ShownPair:
    """Two photos that show the same."""

    index: int  #: in trust.json
    first: str
    second: str
    first_name: str
    second_name: str
    kind: str
    likeness: float
    other_class: bool  #: they are labelled as two classes


@dataclass(frozen=True, slots=True)
class ShownLeak:
    """A held-out photo that is in a part that was learnt from too."""

    index: int  #: in trust.json
    held_out: str
    held_out_name: str
    part: str
    seen: str
    seen_name: str
    seen_part: str
    kind: str
    likeness: float
    same_label: bool


@dataclass(frozen=True, slots=True)
class ShownLabelIssue:
    """A label that looks wrong; classes by name."""

    index: int  #: in trust.json
    id: str
    name: str
    given: str
    likely: str
    given_probability: float
    likely_probability: float


@dataclass(frozen=True, slots=True)
class ShownIssue:
    """Photos that share a flaw."""

    title: str
    key: str  #: in names of figures
    limit: str
    n: int
    photos: tuple[PhotoTile, ...]  #: the worst


@dataclass(frozen=True, slots=True)
class ShownShortcut:
    """How far a clue alone tells the classes."""

    key: str  #: in names of figures
    words: str
    accuracy: float
    low: float
    high: float
    chance: float
    share_of_gain: float
    verdict: str
    strong: bool  #: worth a warning


@dataclass(frozen=True)
class DataSection:
    """What the section shows."""

    seen: int  #: files
    counts: Mapping[FileStatus, int]  #: of them, by what became of them
    outcomes: tuple[FileList, ...]
    given: bool  #: the photos came with parts
    classes: tuple[ClassCounts, ...]
    twins: tuple[ShownPair, ...]
    poor: str  #: that photos have too little detail to be compared; empty where none has
    leaks: tuple[ShownLeak, ...]
    other_leaks: tuple[ShownLeak, ...]  #: past those that are shown
    leaked: int  #: test photos
    suspects: tuple[ShownLabelIssue, ...]
    label_errors: LabelNoise
    hint: RelabelCommands | None  #: what to type to correct labels
    flaws: tuple[ShownIssue, ...]
    shortcuts: tuple[ShownShortcut, ...]

    @property
    def largest(self) -> int:
        """Photos of the largest class."""
        return max(1, *(it.all for it in self.classes))

    def pictures(self) -> Iterator[str]:
        """Keys of the pictures that the section shows."""
        for leak in self.leaks:
            yield from (leak.held_out, leak.seen)
        for twin in self.twins:
            yield from (twin.first, twin.second)
        yield from (it.id for it in self.suspects)
        yield from (it.id for flaw in self.flaws for it in flaw.photos)


def build_data_section(records: Records) -> DataSection:
    """What the section shows."""
    trust = records.trust
    leaks = tuple(_list_leaks(records))
    suspects = trust["labels"]["issues"]
    return DataSection(
        seen=len(records.ledger.entries),
        counts=records.ledger.counts(),
        outcomes=tuple(_list_files(records.ledger.entries)),
        given=records.split.given,
        classes=tuple(_count_classes(records)),
        twins=tuple(_list_pairs(records)),
        poor=find_low_detail_note(records.run["notes"]),
        leaks=leaks[:MOST_PAIRS],
        other_leaks=leaks[MOST_PAIRS:],
        leaked=len({it.held_out for it in leaks if it.part == Subset.TEST}),
        suspects=tuple(_list_label_issues(records, suspects[:MOST_SUSPECTS])),
        label_errors=LabelNoise.from_json(trust["labels"]),
        hint=suggest_relabelling(records.run["source"], records.folder, records.run["settings"]),
        flaws=tuple(_list_issues(records)),
        shortcuts=tuple(_list_shortcuts(trust["shortcuts"])),
    )


def _count_classes(records: Records) -> Iterator[ClassCounts]:
    """What of a class is not held out is in train."""
    held_out = [Counter(records.predictions.subset(part).label.tolist()) for part in (Subset.VALIDATION, Subset.TEST)]
    for index, name in enumerate(records.classes):
        validation, test = (counts[index] for counts in held_out)
        yield ClassCounts(index, name, records.trust["issues"]["counts"][name] - validation - test, validation, test)


def _list_files(entries: Sequence[LedgerEntry]) -> Iterator[FileList]:
    for outcome, title, key in (
        (FileStatus.SKIPPED, "Skipped", "aside"),
        (FileStatus.REPAIRED, "Repaired", "repaired"),
    ):
        found = [entry for entry in entries if entry.status is outcome]
        if found:
            yield FileList(title, key, len(found), tuple(found[:MOST_FILES]))


def _list_pairs(records: Records) -> Iterator[ShownPair]:
    classes = records.trust["classes_of"]
    for index, it in enumerate(((records.trust["duplicates"] or {}).get("pairs") or ())[:MOST_PAIRS]):
        first, second = it["first"], it["second"]
        yield ShownPair(
            index,
            first,
            second,
            records.name(first),
            records.name(second),
            it["kind"],
            it["similarity"],
            classes.get(first) != classes.get(second),
        )


def _list_leaks(records: Records) -> Iterator[ShownLeak]:
    for index, it in enumerate(records.trust["leaks"]["leaks"]):
        held_out, seen = it["held_out"], it["seen"]
        part = records.split.subsets.get(seen, Subset.TRAIN)
        yield ShownLeak(
            index=index,
            held_out=held_out,
            held_out_name=records.name(held_out),
            part=it["subset"],
            seen=seen,
            seen_name=records.name(seen),
            seen_part=part.value,
            kind=it["kind"],
            likeness=it["similarity"],
            same_label=it["same_label"],
        )


def _list_label_issues(records: Records, suspects: Sequence[Mapping[str, Any]]) -> Iterator[ShownLabelIssue]:
    for index, it in enumerate(suspects):
        yield ShownLabelIssue(
            index=index,
            id=it["id"],
            name=records.name(it["id"]),
            given=records.classes[it["given"]],
            likely=records.classes[it["likely"]],
            given_probability=it["given_probability"],
            likely_probability=it["likely_probability"],
        )


def _list_issues(records: Records) -> Iterator[ShownIssue]:
    for it in records.trust["issues"]["images"]:
        if it["ids"]:
            kind, tiles = it["kind"], tuple(make_tile(records, id_) for id_ in it["ids"][:MOST_FLAWED])
            yield ShownIssue(kind[:1].upper() + kind[1:], kind.replace(" ", "-"), it["limit"], len(it["ids"]), tiles)


def is_strong(shortcut: Mapping[str, Any]) -> bool:
    """Whether a clue is to be warned of; records of before do not say whether it is only what is shown."""
    telling: bool = shortcut["significant"] and shortcut["share_of_gain"] >= STRONG
    return telling and not shortcut.get("subject_in_border", False)


def _list_shortcuts(found: Sequence[Mapping[str, Any]]) -> Iterator[ShownShortcut]:
    for it in found:
        strong = is_strong(it)
        verdict = "no better than chance" if not it["significant"] else "a strong clue" if strong else "a weak clue"
        if it["significant"] and it.get("subject_in_border", False):
            verdict = (
                "what is shown reaches into it: the middle of the photo tells more, and it adds nothing to the rest"
            )
        yield ShownShortcut(
            key=it["cue"].replace(" ", "-"),
            words=CLUES.get(it["cue"], it["cue"]),
            accuracy=it["accuracy"],
            low=it["low"],
            high=it["high"],
            chance=it["chance"],
            share_of_gain=it["share_of_gain"],
            verdict=verdict,
            strong=strong,
        )
