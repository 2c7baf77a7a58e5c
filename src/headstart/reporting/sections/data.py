"""The section on the samples: what was read, and what is odd about it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields

from headstart.data.samples import Subset
from headstart.diagnostics.next_commands import RelabelCommands, suggest_relabelling
from headstart.diagnostics.shortcuts import Shortcut
from headstart.evaluation.label_noise import LabelNoise
from headstart.reporting.records import Records
from headstart.reporting.sections.samples import SamplesSection, build_samples_section
from headstart.tasks.classification.label_issues import LabelIssue
from headstart_runtime.modalities.item import Noun

MOST_LABEL_ISSUES = 24
STRONG = 0.5  #: share of the classifier's gain over chance that a cue alone must bring to be warned of


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
class ShownLabelIssue:
    """A label that looks wrong."""

    index: int  #: in trust.json
    issue: LabelIssue
    given: str  #: the class of its label
    likely: str  #: the class that it looks like


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


@dataclass(frozen=True, kw_only=True)
class DataSection(SamplesSection):
    """The contents of the section for a classifier."""

    classes: tuple[ClassCounts, ...]
    label_issues: tuple[ShownLabelIssue, ...]
    doubted_in_test: int  #: of the doubted labels that are recorded; they are not in the table of corrections
    all_doubted: bool  #: all doubted labels are recorded, not only the strongest
    label_noise: LabelNoise
    hint: RelabelCommands | None  #: what to type to correct labels
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

    def previews(self) -> Iterator[str]:
        """Yield keys of the previews that the section shows."""
        yield from self.pair_previews()
        yield from (shown.issue.id for shown in self.label_issues)
        yield from self.issue_previews()


def build_data_section(records: Records) -> DataSection:
    """Return what was read and what was found about it."""
    run, labels = records.run, records.trust.labels
    common = build_samples_section(records, records.trust.issues.items)
    return DataSection(
        **{field.name: getattr(common, field.name) for field in fields(SamplesSection)},
        classes=tuple(_count_classes(records)),
        label_issues=tuple(_list_label_issues(records)),
        doubted_in_test=sum(records.split.subsets.get(issue.id) == Subset.TEST for issue in labels.issues),
        all_doubted=len(labels.issues) >= labels.noise.doubted,
        label_noise=labels.noise,
        hint=suggest_relabelling(run.source, records.folder, run.settings),
        shortcuts=tuple(_show_shortcut(shortcut, records.noun) for shortcut in records.trust.shortcuts),
    )


def _count_classes(records: Records) -> Iterator[ClassCounts]:
    """Yield the counts of each class; samples that are not held out are in train."""
    held_out = [Counter(records.predictions.subset(name).label.tolist()) for name in (Subset.VALIDATION, Subset.TEST)]
    for index, name in enumerate(records.classes):
        validation, test = (counts[index] for counts in held_out)
        yield ClassCounts(index, name, records.trust.issues.counts[name] - validation - test, validation, test)


def _list_label_issues(records: Records) -> Iterator[ShownLabelIssue]:
    classes = records.classes
    for index, issue in enumerate(records.trust.labels.issues[:MOST_LABEL_ISSUES]):
        yield ShownLabelIssue(index, issue, classes[issue.given], classes[issue.likely])


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
