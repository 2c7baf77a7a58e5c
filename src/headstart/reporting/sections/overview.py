"""The first screen: what it predicts, how well, how sure; what matters, and what to do next."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from headstart.data.samples import FileStatus
from headstart.diagnostics.next_commands import suggest_comparing, suggest_relabelling
from headstart.evaluation.intervals import Interval
from headstart.reporting.by_chance import ece_by_chance
from headstart.reporting.records import Records, total_seconds
from headstart.reporting.sections.arms import ArmsSection
from headstart.reporting.sections.data import ClassCounts, DataSection, ShownShortcut
from headstart.reporting.sections.rest import MoreDataSection

FEW = 20  #: training photos of a class: fewer are warned of
MOST_FEW = 4  #: of those that are named
DOUBTFUL = 0.005  #: share of labels that are wrong by estimate from which on they are warned of
SMALL = 100  #: test photos: fewer are warned of
WELL, FAIRLY = 0.01, 0.03  #: calibration errors above what chance makes, up to which the probabilities are called so
MOST_NAMES, LONGEST = 6, 60  #: names, letters: more classes are counted, not named


@dataclass(frozen=True, slots=True)
class WorstClass:
    """The class that is found least often."""

    index: int
    name: str
    recall: float
    support: int


@dataclass(frozen=True, slots=True)
class NextStep:
    """Something to do next."""

    why: str
    command: str = ""


@dataclass(frozen=True)
class Overview:
    """What the first screen shows."""

    name: str  #: of the run's folder
    date: str
    heading: str
    title: str
    commonest: str  #: the class that test has most of
    majority: float  #: its share
    worst: WorstClass | None
    calibrated: str  #: in words
    ece_by_chance: float  #: the calibration error of perfect probabilities on so few photos
    usable: int  #: photos
    seconds: float
    backbones: str
    licences: str
    warnings: tuple[str, ...]  #: keys of ``warnings.html``, the gravest first
    shortcuts: tuple[ShownShortcut, ...]  #: to be warned of
    few: tuple[ClassCounts, ...]  #: classes with few training photos, the fewest first
    more_few: bool  #: there are more of them
    advice: tuple[NextStep, ...]

    @staticmethod
    def axis(share: float) -> str:
        """A place on the axis from 0 to 100."""
        return f"{100 * share:.2f}"

    @staticmethod
    def width(interval: Interval) -> str:
        """How much of that axis an interval takes."""
        return f"{100 * (interval.high - interval.low):.2f}"


def build_overview(records: Records, data: DataSection, arms: ArmsSection, more: MoreDataSection) -> Overview:
    """What the first screen shows, from the records and from sections that were made of them."""
    run, test = records.run, records.test
    heading = f"Tells {_join_names(records.classes)} apart"
    few = sorted((it for it in data.classes if it.train < FEW), key=lambda it: it.train)
    support = [it.support for it in test.per_class]
    commonest = int(np.argmax(support))
    shortcuts = tuple(it for it in data.shortcuts if it.strong)
    by_chance = _expected_ece(records)
    return Overview(
        name=records.folder.resolve().name,
        date=_format_date(run["date"]),
        heading=heading,
        title=heading,
        commonest=records.classes[commonest],
        majority=support[commonest] / test.n,
        worst=_find_worst_class(records),
        calibrated=_describe_calibration(records.trust["calibration"]["after"]["ece"] - by_chance),
        ece_by_chance=by_chance,
        usable=sum(run["split"].values()),
        seconds=total_seconds(run),
        backbones=", ".join(it["name"] for it in run["backbones"]),
        licences=", ".join(dict.fromkeys(it["licence"] or "unknown" for it in run["backbones"])),
        warnings=tuple(_list_warnings(records, data, arms, bool(shortcuts), bool(few))),
        shortcuts=shortcuts,
        few=tuple(few[:MOST_FEW]),
        more_few=len(few) > MOST_FEW,
        advice=tuple(_list_next_steps(records, data, more)),
    )


def _join_names(classes: tuple[str, ...]) -> str:
    joined = ", ".join(classes[:-1]) + f" and {classes[-1]}"
    return joined if len(classes) <= MOST_NAMES and len(joined) <= LONGEST else f"{len(classes)} classes"


def _format_date(text: str) -> str:
    """A day for a person; what cannot be read as one is given as it is."""
    try:
        day = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{day.day} {day:%B %Y}"


def _find_worst_class(records: Records) -> WorstClass | None:
    scores = [
        WorstClass(i, it.name, it.recall, it.support)
        for i, it in enumerate(records.test.per_class)
        if it.recall is not None
    ]
    return min(scores, key=lambda it: it.recall, default=None)


def _describe_calibration(excess: float) -> str:
    return "Well calibrated" if excess <= WELL else "Fairly calibrated" if excess <= FAIRLY else "Poorly calibrated"


def _has_label_issues(data: DataSection) -> bool:
    """Whether labels are to be warned of: more than a stray one is wrong by estimate."""
    errors = data.label_errors
    return bool(errors.low) and (errors.estimate or 0) >= max(2, DOUBTFUL * errors.n)


def _expected_ece(records: Records) -> float:
    """The calibration error of perfect probabilities, of photos that belong together as those of the test part do."""
    return ece_by_chance(records.trust["calibration"]["after"]["bins"], records.test.effective_n / records.test.n)


def _list_warnings(records: Records, data: DataSection, arms: ArmsSection, shortcuts: bool, few: bool) -> Iterator[str]:
    trust, test = records.trust, records.test
    yield from _list_data_warnings(records, data)
    if shortcuts:
        yield "shortcuts"
    if trust["slices"]["worst"]:
        yield "slice"
    if trust["calibration"]["after"]["ece"] > FAIRLY + _expected_ece(records):
        yield "calibration"
    if records.sets_on_test and records.sets_on_test["high"] < trust["sets"]["coverage"]:
        yield "sets"
    if trust["novelty"] and trust["novelty"]["accepted"]["high"] < trust["novelty"]["ood_acceptance"]:
        yield "novelty"
    if few:
        yield "few"
    if test.n < SMALL:
        yield "small"
    if arms.revealed:
        yield "opened"
    if data.counts[FileStatus.SKIPPED]:
        yield "aside"


def _list_data_warnings(records: Records, data: DataSection) -> Iterator[str]:
    if data.leaked:
        yield "leaks"
    if _has_label_issues(data):
        yield "labels"
    if records.trust["labels"].get("corrected_in_test"):
        yield "corrected"


def _list_next_steps(records: Records, data: DataSection, more: MoreDataSection) -> Iterator[NextStep]:
    model = shlex.quote(str(records.folder / "model"))
    yield NextStep("Use it on new photos.", f"headstart predict {model} PHOTO")
    if _has_label_issues(data):
        hint = suggest_relabelling(records.run["source"], records.folder, records.run["settings"])
        yield NextStep(
            "Look at the suspicious labels, correct them in the table, and fit again.",
            f"{hint.check}\n{hint.fit}" if hint else "",
        )
    if not any(arm["curves"] for arm in records.run["arms"]):
        yield NextStep(
            "Training a part of the network may do better; this tries it within a time.",
            suggest_comparing(records.run["source"], records.run["settings"]),
        )
    if more.most is not None and more.most.low > 0:
        yield NextStep(f"Collect more photos of {more.most.name}: that class gains most from them.")
    if records.trust["leaks"]["leaks"]:
        yield NextStep("Take the photos that leak out of one of the parts; they are listed under Data.")
    yield NextStep("See where it looks in a photo.", f"headstart explain {model} PHOTO --out looked")
