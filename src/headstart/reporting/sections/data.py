"""The section on the samples: what was read, and what is odd about it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from headstart.data.samples import FileStatus, LedgerEntry, Subset
from headstart.diagnostics.leakage import Leak
from headstart.diagnostics.near_duplicates.search import DuplicatePair
from headstart.diagnostics.next_commands import RelabelCommands, suggest_relabelling
from headstart.diagnostics.shortcuts import Shortcut
from headstart.evaluation.label_noise import LabelNoise
from headstart.modalities.facets import ItemIssue
from headstart.modalities.item import Noun
from headstart.reporting.predicted_items import ItemTile, make_tile
from headstart.reporting.records import Records
from headstart.tasks.classification.label_issues import LabelIssue

MOST_FILES = 200  #: of the ledger's entries that are listed
MOST_PAIRS = 24  #: of near-duplicates and of leaks that are shown as previews
MOST_LABEL_ISSUES = 24
MOST_TILES = 8  #: samples of each issue
STRONG = 0.5  #: share of the classifier's gain over chance that a cue alone must bring to be warned of


@dataclass(frozen=True, slots=True)
class FileList:
    """Files that were not simply accepted."""

    title: str
    key: str  #: in names of numbers
    n: int
    entries: tuple[LedgerEntry, ...]  #: the first of them


@dataclass(frozen=True, slots=True)
class ClassCounts:
    """Samples of a class in each subset."""

    index: int
    name: str
    train: int
    validation: int
    test: int

    @property
    def all(self) -> int:
        """Samples in all subsets."""
        return self.train + self.validation + self.test


@dataclass(frozen=True, slots=True)
class ShownPair:
    """Two samples that show the same."""

    index: int  #: in trust.json
    pair: DuplicatePair
    other_class: bool  #: they are labelled as two classes


@dataclass(frozen=True, slots=True)
class ShownLeak:
    """A held-out sample that is in a subset that was learned from too."""

    index: int  #: in trust.json
    leak: Leak
    seen_in: Subset


@dataclass(frozen=True, slots=True)
class ShownLabelIssue:
    """A label that looks wrong."""

    index: int  #: in trust.json
    issue: LabelIssue
    given: str  #: the class of its label
    likely: str  #: the class that it looks like


@dataclass(frozen=True, slots=True)
class ShownIssue:
    """Samples that share an issue, such as blur."""

    issue: ItemIssue
    tiles: tuple[ItemTile, ...]  #: the worst

    @property
    def key(self) -> str:
        """The issue in names of numbers."""
        return self.issue.kind.replace(" ", "-")


@dataclass(frozen=True, slots=True)
class ShownShortcut:
    """A cue that may tell the classes by itself."""

    shortcut: Shortcut
    words: str  #: the cue
    verdict: str
    strong: bool  #: worth a warning

    @property
    def key(self) -> str:
        """The cue in names of numbers."""
        return self.shortcut.cue.replace(" ", "-")


@dataclass(frozen=True)
class DataSection:
    """The contents of the section."""

    seen: int  #: files, or rows of a table
    unit: Noun  #: the word for them
    counts: Mapping[FileStatus, int]  #: of them, by what became of them
    files: tuple[FileList, ...]
    given: bool  #: the samples came split
    grouped: bool  #: near-duplicates are kept in one subset
    classes: tuple[ClassCounts, ...]
    pairs: tuple[ShownPair, ...]
    alike: int  #: samples that are near-duplicates of others
    poor: str  #: why more near-duplicates may be there than could be found; empty where all was compared
    leaks: tuple[ShownLeak, ...]
    other_leaks: tuple[ShownLeak, ...]  #: past those that are shown
    leaked: int  #: test samples
    label_issues: tuple[ShownLabelIssue, ...]
    doubted_in_test: int  #: of the doubted labels that are recorded; they are not in the table of corrections
    all_doubted: bool  #: all doubted labels are recorded, not only the strongest
    label_noise: LabelNoise
    hint: RelabelCommands | None  #: what to type to correct labels
    quality_known: bool  #: whether issues were looked for
    issues: tuple[ShownIssue, ...]
    shortcuts: tuple[ShownShortcut, ...]

    @property
    def biggest(self) -> ClassCounts:
        """The class with the most samples."""
        return max(self.classes, key=lambda counts: counts.all)

    @property
    def smallest(self) -> ClassCounts:
        """The class with the fewest samples, but not with none."""
        return min((counts for counts in self.classes if counts.all), key=lambda counts: counts.all)

    @property
    def largest(self) -> int:
        """Samples of the largest class."""
        return max(1, self.biggest.all)

    @property
    def skipped(self) -> int:
        """Files or rows that were skipped."""
        return self.counts[FileStatus.SKIPPED]

    def previews(self) -> Iterator[str]:
        """Yield keys of the previews that the section shows."""
        for shown in self.leaks:
            yield from (shown.leak.held_out, shown.leak.seen)
        for shown_pair in self.pairs:
            yield from (shown_pair.pair.first, shown_pair.pair.second)
        yield from (shown.issue.id for shown in self.label_issues)
        yield from (tile.id for shown in self.issues for tile in shown.tiles)


def build_data_section(records: Records) -> DataSection:
    """Return what was read and what was found about it."""
    run, labels = records.run, records.trust.labels
    leaks = tuple(_list_leaks(records))
    return DataSection(
        seen=len(records.ledger.entries),
        unit=records.ledger.unit,
        counts=records.ledger.counts(),
        files=tuple(_list_files(records.ledger.entries)),
        given=records.split.given,
        grouped=run.settings["near_duplicates"] == "group",
        classes=tuple(_count_classes(records)),
        pairs=tuple(_list_pairs(records)),
        alike=sum(map(len, records.trust.duplicates.sets)),
        poor=records.trust.duplicates.note,
        leaks=leaks[:MOST_PAIRS],
        other_leaks=leaks[MOST_PAIRS:],
        leaked=len({shown.leak.held_out for shown in leaks if shown.leak.subset == Subset.TEST}),
        label_issues=tuple(_list_label_issues(records)),
        doubted_in_test=sum(records.split.subsets.get(issue.id) == Subset.TEST for issue in labels.issues),
        all_doubted=len(labels.issues) >= labels.noise.doubted,
        label_noise=labels.noise,
        hint=suggest_relabelling(run.source, records.folder, run.settings),
        quality_known=bool(records.trust.issues.items),
        issues=tuple(_list_issues(records)),
        shortcuts=tuple(_show_shortcut(shortcut, records.noun) for shortcut in records.trust.shortcuts),
    )


def _count_classes(records: Records) -> Iterator[ClassCounts]:
    """Yield the counts of each class; samples that are not held out are in train."""
    held_out = [Counter(records.predictions.subset(name).label.tolist()) for name in (Subset.VALIDATION, Subset.TEST)]
    for index, name in enumerate(records.classes):
        validation, test = (counts[index] for counts in held_out)
        yield ClassCounts(index, name, records.trust.issues.counts[name] - validation - test, validation, test)


def _list_files(entries: Sequence[LedgerEntry]) -> Iterator[FileList]:
    for status, title, key in (
        (FileStatus.SKIPPED, "Skipped", "skipped"),
        (FileStatus.REPAIRED, "Repaired", "repaired"),
    ):
        found = [entry for entry in entries if entry.status is status]
        if found:
            yield FileList(title, key, len(found), tuple(found[:MOST_FILES]))


def _list_pairs(records: Records) -> Iterator[ShownPair]:
    classes = records.trust.classes_of
    for index, pair in enumerate(records.trust.duplicates.pairs[:MOST_PAIRS]):
        yield ShownPair(index, pair, other_class=classes.get(pair.first) != classes.get(pair.second))


def _list_leaks(records: Records) -> Iterator[ShownLeak]:
    for index, leak in enumerate(records.trust.leaks.leaks):
        yield ShownLeak(index, leak, records.split.subsets.get(leak.seen, Subset.TRAIN))


def _list_label_issues(records: Records) -> Iterator[ShownLabelIssue]:
    classes = records.classes
    for index, issue in enumerate(records.trust.labels.issues[:MOST_LABEL_ISSUES]):
        yield ShownLabelIssue(index, issue, classes[issue.given], classes[issue.likely])


def _list_issues(records: Records) -> Iterator[ShownIssue]:
    for issue in records.trust.issues.items:
        if issue.ids:
            yield ShownIssue(issue, tuple(make_tile(records, id_) for id_ in issue.ids[:MOST_TILES]))


def is_strong(shortcut: Shortcut) -> bool:
    """Return whether a cue is to be warned of; not where it is only what is shown that reaches into it."""
    return shortcut.significant and shortcut.share_of_gain >= STRONG and not shortcut.reached_by_subject


def _show_shortcut(shortcut: Shortcut, noun: Noun) -> ShownShortcut:
    strong = is_strong(shortcut)
    if not shortcut.significant:
        verdict = "no better than chance"
    elif shortcut.reached_by_subject:
        verdict = f"no shortcut: the subject reaches into it, and without it the rest of the {noun.one} tells as much"
    else:
        verdict = "a strong cue" if strong else "a weak cue"
    return ShownShortcut(shortcut, shortcut.words, verdict, strong)
