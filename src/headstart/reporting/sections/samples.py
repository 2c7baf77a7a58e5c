"""The part of the section on the samples that every task has: what was read, and what is odd about it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from headstart.data.samples import FileStatus, LedgerEntry, Subset
from headstart.diagnostics.leakage import Leak
from headstart.diagnostics.near_duplicates.search import DuplicatePair
from headstart.reporting.item_tiles import ItemTile, make_tile
from headstart.reporting.run_records import RunRecords
from headstart_runtime.errors import UserError
from headstart_runtime.modalities.facets import ItemIssue
from headstart_runtime.modalities.item import Noun
from headstart_runtime.modalities.modality import get_modality

MOST_FILES = 200  #: of the ledger's entries that are listed
MOST_SHOWN_PAIRS = 24  #: of near-duplicates and of leaks that are shown as previews
MOST_TILES = 8  #: samples of each issue


@dataclass(frozen=True, slots=True)
class FileList:
    """Files that were not simply accepted."""

    title: str
    key: str  #: in names of numbers
    n: int
    entries: tuple[LedgerEntry, ...]  #: the first of them


@dataclass(frozen=True, slots=True)
class ShownPair:
    """Two samples that show the same."""

    index: int  #: in trust.json
    pair: DuplicatePair
    other_class: bool  #: they have two labels


@dataclass(frozen=True, slots=True)
class ShownLeak:
    """A held-out sample that is in a subset that was learned from too."""

    index: int  #: in trust.json
    leak: Leak
    seen_in: Subset


@dataclass(frozen=True, slots=True)
class ShownIssue:
    """Samples that share an issue, such as blur."""

    issue: ItemIssue
    tiles: tuple[ItemTile, ...]  #: the worst

    @property
    def key(self) -> str:
        """The issue in names of numbers."""
        return self.issue.kind.replace(" ", "-")


@dataclass(frozen=True, kw_only=True)
class SamplesSection:
    """The contents that every task's section on the samples has."""

    seen: int  #: files, or rows of a table
    unit: Noun  #: the word for them
    counts: Mapping[FileStatus, int]  #: of them, by what became of them
    files: tuple[FileList, ...]
    given: bool  #: the samples came split
    grouped: bool  #: near-duplicates are kept in one subset, all of them
    torn: int  #: sets of near-duplicates that lie in several subsets, for there were too few to keep each in one
    pairs: tuple[ShownPair, ...]
    alike: int  #: samples that are near-duplicates of others
    poor: str  #: why more near-duplicates may be there than could be found; empty where all was compared
    leaks: tuple[ShownLeak, ...]
    other_leaks: tuple[ShownLeak, ...]  #: past those that are shown
    leaked: int  #: test samples
    quality_known: bool  #: whether issues were looked for
    issues: tuple[ShownIssue, ...]

    @property
    def skipped(self) -> int:
        """Files or rows that were skipped."""
        return self.counts[FileStatus.SKIPPED]

    def pair_previews(self) -> Iterator[str]:
        """Yield keys of the previews of leaks and near-duplicates."""
        for shown in self.leaks:
            yield from (shown.leak.held_out, shown.leak.seen)
        for shown_pair in self.pairs:
            yield from (shown_pair.pair.first, shown_pair.pair.second)

    def issue_previews(self) -> Iterator[str]:
        """Yield keys of the previews of samples that stand out."""
        yield from (tile.id for shown in self.issues for tile in shown.tiles)


def build_samples_section(records: RunRecords, issues: Sequence[ItemIssue] | None) -> SamplesSection:
    """Return what was read and what was found about it.

    Args:
        records: of the run.
        issues: samples that stand out, by what they stand out by; None where it was not looked into.
    """
    leaks = tuple(_list_leaks(records))
    wanted = records.run.settings["near_duplicates"] == "group"
    torn = _count_torn(records) if wanted and not records.split.given else 0
    return SamplesSection(
        seen=len(records.ledger.entries),
        unit=records.ledger.unit,
        counts=records.ledger.counts(),
        files=tuple(_list_files(records.ledger.entries)),
        given=records.split.given,
        grouped=wanted and not torn,
        torn=torn,
        pairs=tuple(_list_pairs(records, issues)),
        alike=sum(map(len, records.trust.duplicates.sets)),
        poor=records.trust.duplicates.note,
        leaks=leaks[:MOST_SHOWN_PAIRS],
        other_leaks=leaks[MOST_SHOWN_PAIRS:],
        leaked=len({shown.leak.held_out for shown in leaks if shown.leak.subset == Subset.TEST}),
        quality_known=bool(issues) or (issues is not None and _has_statistics(records)),
        issues=tuple(_list_issues(records, issues or ())),
    )


def _count_torn(records: RunRecords) -> int:
    """Return how many sets of near-duplicates lie in more than one subset."""
    subsets = records.split.subsets
    return sum(len({subsets[id_] for id_ in alike if id_ in subsets}) > 1 for alike in records.trust.duplicates.sets)


def _has_statistics(records: RunRecords) -> bool:
    """Return whether facts about samples that need no network are known of such data."""
    try:
        return get_modality(records.run.modality).stats is not None
    except UserError:  # it is not installed any more
        return False


def _list_files(entries: Sequence[LedgerEntry]) -> Iterator[FileList]:
    for status, title, key in (
        (FileStatus.SKIPPED, "Skipped", "skipped"),
        (FileStatus.REPAIRED, "Repaired", "repaired"),
    ):
        found = [entry for entry in entries if entry.status is status]
        if found:
            yield FileList(title, key, len(found), tuple(found[:MOST_FILES]))


def _list_pairs(records: RunRecords, issues: Sequence[ItemIssue] | None) -> Iterator[ShownPair]:
    """Yield near-duplicates; they have two labels where these contradict each other, as far as it was looked into."""
    classes = records.trust.classes_of
    contradicting = {id_ for issue in issues or () if issue.kind == "contradicting" for id_ in issue.ids}
    for index, pair in enumerate(records.trust.duplicates.pairs[:MOST_SHOWN_PAIRS]):
        unlike = classes.get(pair.first) != classes.get(pair.second)
        told = issues is None or {pair.first, pair.second} <= contradicting
        yield ShownPair(index, pair, other_class=unlike and told)


def _list_leaks(records: RunRecords) -> Iterator[ShownLeak]:
    for index, leak in enumerate(records.trust.leaks.leaks):
        yield ShownLeak(index, leak, records.split.subsets.get(leak.seen, Subset.TRAIN))


def _list_issues(records: RunRecords, issues: Sequence[ItemIssue]) -> Iterator[ShownIssue]:
    for issue in issues:
        if issue.ids:
            yield ShownIssue(issue, tuple(make_tile(records, id_) for id_ in issue.ids[:MOST_TILES]))
