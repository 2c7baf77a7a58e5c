"""The first screen: what it predicts, how well, how sure; what matters, and what to do next."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from headstart.data.samples import FileStatus
from headstart.diagnostics.next_commands import suggest_comparing, suggest_relabelling
from headstart.evaluation.intervals import Interval
from headstart.evaluation.label_noise import LabelNoise
from headstart.reporting.by_chance import ece_by_chance
from headstart.reporting.records import Records
from headstart.reporting.sections.arms import ArmsSection
from headstart.reporting.sections.data import ClassCounts, DataSection, ShownShortcut
from headstart.reporting.sections.more_data import MoreDataSection
from headstart.tasks.classification.screening import Screening
from headstart_runtime.errors import format_install_command

FEW = 20  #: training samples of a class: fewer are warned of
MOST_FEW = 4  #: of those that are named
DOUBTFUL = 0.005  #: share of labels that are wrong by estimate from which on they are warned of
SMALL = 100  #: test samples: fewer are warned of
WELL, FAIRLY = 0.01, 0.03  #: calibration errors above what chance makes, up to which the probabilities are called so
MOST_NAMES, LONGEST = 6, 60  #: names, letters: more classes are counted, not named
RARE = 0.05  #: share of the samples with the fewest candidates, and of those with the most, that "1 or 2" leaves out


@dataclass(frozen=True, slots=True)
class WorstClass:
    """The class that is found least often."""

    index: int
    name: str
    recall: float
    support: int


@dataclass(frozen=True, slots=True)
class Candidates:
    """The number of classes that a prediction set names for most samples."""

    fewest: int
    most: int


@dataclass(frozen=True, slots=True)
class NextStep:
    """Something to do next."""

    why: str
    command: str = ""


@dataclass(frozen=True)
class Overview:
    """The contents of the first screen."""

    name: str  #: of the run's folder
    date: str
    heading: str
    screening: Screening | None  #: where a threshold predicts the positive class, which is then what is told first
    commonest: str  #: the class that test has most of
    majority: float  #: its share
    worst: WorstClass | None
    certainty: str  #: whether probabilities can be taken at their word
    ece_by_chance: float  #: the calibration error of perfect probabilities on so few samples
    candidates: Candidates | None  #: None without prediction sets
    usable: int  #: samples
    seconds: float
    backbones: str
    licences: str
    warnings: tuple[str, ...]  #: keys of ``warnings.html``, the gravest first
    calm: str  #: that nothing, or nothing else, was found, and where it was looked; empty where there are warnings
    shortcuts: tuple[ShownShortcut, ...]  #: to be warned of
    few: tuple[ClassCounts, ...]  #: classes with few training samples, the fewest first
    more_few: bool  #: there are more of them
    next_steps: tuple[NextStep, ...]

    @staticmethod
    def axis(share: float) -> str:
        """Return a place on the axis from 0 to 100."""
        return f"{100 * share:.2f}"

    @staticmethod
    def width(interval: Interval) -> str:
        """Return how much of that axis an interval takes."""
        return f"{100 * (interval.high - interval.low):.2f}"


def build_overview(records: Records, data: DataSection, arms: ArmsSection, more: MoreDataSection) -> Overview:
    """Return the contents of the first screen, from the records and from sections that were made of them."""
    run, test, trust = records.run, records.test, records.trust
    few = sorted((counts for counts in data.classes if counts.train < FEW), key=lambda counts: counts.train)
    support, screening = [score.support for score in test.per_class], _find_screening(records)
    commonest = int(np.argmax(support))
    shortcuts = tuple(shown for shown in data.shortcuts if shown.strong)
    expected_ece = _expected_ece(records)
    warnings = tuple(_list_warnings(records, data, arms, shortcuts=bool(shortcuts), few=bool(few)))
    return Overview(
        name=records.folder.resolve().name,
        date=format_date(run.date),
        heading=f"Looks for {screening.positive}" if screening else f"Tells {_join_names(records.classes)} apart",
        screening=screening,
        commonest=records.classes[commonest],
        majority=support[commonest] / test.n,
        worst=_find_worst_class(records),
        certainty=_describe_certainty(trust.calibration.after.ece - expected_ece),
        ece_by_chance=expected_ece,
        candidates=_count_candidates(trust.prediction_sets.test.sizes) if trust.prediction_sets else None,
        usable=run.split.total,
        seconds=records.seconds,
        backbones=", ".join(backbone.name for backbone in run.backbones),
        licences=", ".join(dict.fromkeys(backbone.licence or "unknown" for backbone in run.backbones)),
        warnings=warnings,
        calm=_describe_calm(records, data, warnings),
        shortcuts=shortcuts,
        few=tuple(few[:MOST_FEW]),
        more_few=len(few) > MOST_FEW,
        next_steps=tuple(_list_next_steps(records, data, more)),
    )


def _find_screening(records: Records) -> Screening | None:
    """Return the scores of the positive class, where a threshold predicts it and test has samples of it."""
    found = records.test.screening
    return found if found is not None and found.threshold is not None and found.sensitivity is not None else None


def _join_names(classes: tuple[str, ...]) -> str:
    joined = ", ".join(classes[:-1]) + f" and {classes[-1]}"
    return joined if len(classes) <= MOST_NAMES and len(joined) <= LONGEST else f"{len(classes)} classes"


def format_date(text: str) -> str:
    """Return a day for a person; a text that cannot be read as one is returned as it is."""
    try:
        day = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{day.day} {day:%B %Y}"


def _find_worst_class(records: Records) -> WorstClass | None:
    scores = [
        WorstClass(index, score.name, score.recall, score.support)
        for index, score in enumerate(records.test.per_class)
        if score.recall is not None
    ]
    return min(scores, key=lambda worst: worst.recall, default=None)


def _describe_certainty(excess: float) -> str:
    """Return whether probabilities can be taken at their word, from their error above what chance makes."""
    if excess <= WELL:
        return "It knows how sure it is"
    return "It knows roughly how sure it is" if excess <= FAIRLY else "It does not know how sure it is"


def _count_candidates(sizes: Sequence[int]) -> Candidates:
    """Return the sizes of most prediction sets: without the smallest and the largest 5 %.

    Args:
        sizes: how many sets have 1, 2, ... classes.
    """
    reached, items = np.cumsum(sizes), sum(sizes)
    fewest = int(np.argmax(reached > RARE * items)) + 1
    most = int(np.argmax(reached >= (1 - RARE) * items)) + 1
    return Candidates(fewest, max(fewest, most))


def has_wrong_labels(noise: LabelNoise) -> bool:
    """Return whether labels are to be warned of: more than a stray one is wrong by estimate."""
    return bool(noise.low) and (noise.estimate or 0) >= max(2, DOUBTFUL * noise.n)


def _expected_ece(records: Records) -> float:
    """Return the calibration error of perfect probabilities, for samples that belong together as those of test do."""
    return ece_by_chance(records.trust.calibration.after.bins, records.test.effective_n / records.test.n)


def _list_warnings(
    records: Records, data: DataSection, arms: ArmsSection, *, shortcuts: bool, few: bool
) -> Iterator[str]:
    trust = records.trust
    wrong_labels, sets, novelty = trust.labels, trust.prediction_sets, trust.novelty
    support = [score.support for score in records.test.per_class]
    screening = _find_screening(records)
    useless = records.test.accuracy_interval.low <= max(support) / records.test.n
    reasons = {
        "useless": screening is None and useless,  # a threshold gives up right answers for finds
        "untold": screening is not None and (screening.roc_area is None or screening.roc_area.interval.low <= 0.5),
        "leaks": data.leaked > 0,
        "groups": trust.groups is not None and trust.groups.significant,
        "labels": has_wrong_labels(data.label_noise),
        "doubted": not has_wrong_labels(data.label_noise)
        and (data.label_noise.doubted > 0 or data.label_noise.estimate is None),
        "corrected": wrong_labels.corrected_in_test > 0,
        "shortcuts": shortcuts,
        "slice": trust.slices.worst is not None,
        "calibration": trust.calibration.after.ece > FAIRLY + _expected_ece(records),
        "sets": sets is not None and sets.test.high < sets.coverage,
        "novelty": novelty is not None and novelty.accepted.high < novelty.ood_acceptance,
        "few": few,
        "small": records.test.n < SMALL,
        "opened": arms.opened_test,
        "skipped": data.counts[FileStatus.SKIPPED] > 0,
    }
    yield from (key for key, holds in reasons.items() if holds)


def _describe_calm(records: Records, data: DataSection, warnings: Sequence[str]) -> str:
    """Return that nothing calls for care, and what was looked at; empty where more than doubted labels does."""
    noun = records.noun
    if set(warnings) - {"doubted"}:
        return ""
    looked_at = {
        f"test {noun.many} that were learned from": True,
        "labels": "doubted" not in warnings,
        f"kinds of {noun.many}": bool(records.trust.slices.slices),
        "cues that give the classes away": bool(data.shortcuts),
        f"classes with few {noun.many}": True,
    }
    names = [name for name, looked in looked_at.items() if looked]
    if data.poor:
        names[0] += " (as far as could be told)"
    return f"Nothing {'else ' * bool(warnings)}was found that calls for care. Checked: {', '.join(names)}."


def _list_next_steps(records: Records, data: DataSection, more: MoreDataSection) -> Iterator[NextStep]:
    noun = records.noun
    run, model = records.run, shlex.quote(str(records.folder / "model"))
    yield NextStep(f"Use it on new {noun.many}.", f"headstart predict {model} {noun.phrases.given}")
    if has_wrong_labels(data.label_noise):
        hint = suggest_relabelling(run.source, records.folder, run.settings)
        yield NextStep(
            "Look at the suspicious labels, correct them in the table, and fit again.",
            f"{hint.check}\n{hint.fit}" if hint else "",
        )
    if (run.training_extra or not run.training_obstacle) and not any(arm.curves for arm in run.arms):
        install = f"{format_install_command(run.training_extra)}\n" if run.training_extra else ""
        yield NextStep(
            "Training a part of the network may do better; this tries it within a time limit.",
            f"{install}{suggest_comparing(run.source, run.settings)}",
        )
    if more.most is not None:
        yield NextStep(f"Collect more {noun.many} of {more.most.name}: more helped that class, by more than chance.")
    if records.trust.leaks.leaks:
        yield NextStep(
            f"Some held-out {noun.many} {noun.phrases.same_many} as training {noun.many}, which flatters the scores: "
            f"take them out of one of the two parts. They are listed under “{noun.heading}”."
        )
    if records.trust.explained.ids:
        yield NextStep(
            f"See what its answer for {noun.a_one} goes by.",
            f"headstart explain {model} {noun.phrases.given} --out looked",
        )
