"""Two runs side by side: how they differ in settings, split and scores, and which samples changed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.evaluation.intervals import Interval, Proportion, estimate_proportion
from headstart.evaluation.paired import SIGNIFICANT, accuracy_interval, paired_exact_test
from headstart.reporting.embedded_previews import EmbeddedPreviews
from headstart.reporting.page import Page, render_page
from headstart.reporting.predicted_items import PredictedItem, PredictedItems
from headstart.reporting.records import Records
from headstart.reporting.run_pairs import NOT_COMPARED, Difference, count_seen, describe_split, name_runs
from headstart.reporting.sections.repeat import format_setting
from headstart_runtime.arrays import Bools, Ints
from headstart_runtime.modalities.item import Noun

MOST_CHANGED = 48  #: samples of each kind of change that are shown


@dataclass(frozen=True, slots=True)
class ScorePair:
    """A score of both runs, each on its own test samples."""

    name: str
    key: str  #: in names of numbers
    form: str
    a: float | None
    b: float | None
    term: str = ""  #: of the glossary, that the name links to
    a_interval: Interval | None = None
    b_interval: Interval | None = None


@dataclass(frozen=True, slots=True)
class SharedItems:
    """Test samples that both runs have, sample by sample; differences are b - a, the second run less the first."""

    n: int
    a: Proportion
    b: Proportion
    difference: float  #: of accuracy
    interval: Interval  #: of ``difference``, by groups of samples
    only_a: int  #: samples that a alone has right
    only_b: int
    p: float  #: McNemar's exact test, by groups, two-sided
    verdict: str


@dataclass(frozen=True, slots=True)
class ClassChange:
    """A class on the shared samples."""

    index: int
    name: str
    n: int
    a: float  #: share found
    b: float
    difference: float  #: b - a


@dataclass(frozen=True, slots=True)
class ChangedItem:
    """A sample and its prediction by each run."""

    a: PredictedItem
    b: PredictedItem


@dataclass(frozen=True, slots=True)
class ChangedItems:
    """Samples that changed alike."""

    title: str
    key: str  #: in names of numbers
    n: int
    items: tuple[ChangedItem, ...]


@dataclass(frozen=True)
class RunComparison:
    """The contents of the page."""

    a: str  #: name of the first run
    b: str
    differences: tuple[Difference, ...]
    split: str  #: a sentence
    scores: tuple[ScorePair, ...]
    left_out: int  #: shared samples that the runs label otherwise
    seen: int  #: test samples of a that b learned from, and the other way round
    shared: SharedItems | None  #: None where no test sample is in both
    classes: tuple[ClassChange, ...]
    changes: tuple[ChangedItems, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _ItemPairs:
    """The M test samples that both runs have, with the same label."""

    a_rows: Ints  #: (M,) rows of a's predictions
    b_rows: Ints  #: (M,) of b's
    names: NDArray[np.object_]  #: (M,) of the true class
    a_right: Bools  #: (M,)
    b_right: Bools
    a_said: NDArray[np.object_]  #: (M,) predicted names
    b_said: NDArray[np.object_]
    groups: Ints  #: (M,) a number for each group of samples that belong together, as the second run has them
    left_out: int


def render_comparison(a: Records, b: Records) -> Page:
    """Return the page of two runs."""
    items = _pair_items(a, b)
    names = name_runs(a, b)
    changes = tuple(_list_changes(a, b, items, names))
    comparison = RunComparison(
        a=names[0],
        b=names[1],
        differences=tuple(_list_differences(a, b)),
        split=describe_split(a, b),
        scores=tuple(_list_scores(a, b)),
        left_out=items.left_out,
        seen=count_seen(a, b) + count_seen(b, a),
        shared=_compare_shared(items, names, a.noun) if len(items.a_rows) else None,
        classes=tuple(_compare_classes(items)),
        changes=changes,
    )
    wanted = [change.a.id for kind in changes for change in kind.items]
    stored = {key: run.previews[key] for run in (b, a) for key in wanted if key in run.previews}
    previews, absent = EmbeddedPreviews(stored, wanted), a.absent_modality
    return render_page("compare_runs.html", previews, a.noun, absent=absent, comparison=comparison, runs=(a, b))


def _list_differences(a: Records, b: Records) -> Iterator[Difference]:
    """Yield settings that differ, then facts."""
    noun = a.noun
    ours, theirs = a.run.settings, b.run.settings
    for name in dict.fromkeys([*ours, *theirs]):
        if name not in NOT_COMPARED and ours.get(name) != theirs.get(name):
            yield Difference(name, format_setting(ours.get(name)), format_setting(theirs.get(name)))
    facts: dict[str, tuple[Any, Any]] = {
        noun.many: (a.run.source, b.run.source),
        "classes": (", ".join(a.classes), ", ".join(b.classes)),
        "winner": (a.run.winner, b.run.winner),
        "calibration chosen": (a.trust.calibration.kind, b.trust.calibration.kind),
        "headstart": (a.run.headstart, b.run.headstart),
    }
    yield from (Difference(name, str(one), str(other)) for name, (one, other) in facts.items() if one != other)


def _list_scores(a: Records, b: Records) -> Iterator[ScorePair]:
    noun = a.noun

    def pair(name: str, key: str, form: str, score: Callable[[Records], float | None], term: str = "") -> ScorePair:
        return ScorePair(name, key, form, score(a), score(b), term)

    accuracy = pair("accuracy", "accuracy", "percent", lambda run: run.test.accuracy, "accuracy")
    yield replace(accuracy, a_interval=a.test.accuracy_interval, b_interval=b.test.accuracy_interval)
    yield pair(f"test {noun.many}", "n", "count", lambda run: run.test.n)
    term = "balanced accuracy"
    yield pair(term, "balanced_accuracy", "percent", lambda run: run.test.balanced_accuracy, term)
    yield pair("F1, mean over classes", "macro_f1", "three", lambda run: run.test.macro_f1, "F1")
    yield pair("log loss, nats", "log_loss", "three", lambda run: run.test.log_loss, "log loss")
    name = "stated probabilities are off by (ECE)"
    yield pair(name, "ece", "percent", lambda run: run.trust.calibration.after.ece, "calibration error")
    yield pair("Brier score", "brier", "three", lambda run: run.trust.calibration.after.brier, "Brier score")
    name = "the right class is among its candidates"
    yield pair(
        name,
        "coverage",
        "percent",
        lambda run: run.trust.prediction_sets.test.coverage if run.trust.prediction_sets else None,
        "prediction set",
    )
    yield pair(
        "candidates, mean",
        "mean_size",
        "two",
        lambda run: run.trust.prediction_sets.test.mean_size if run.trust.prediction_sets else None,
    )
    name, term = f"unlike the training {noun.many}", "unfamiliar"
    yield pair(
        name, term, "percent", lambda run: float(run.predictions.subset("test").out_of_distribution.mean()), term
    )
    yield pair("time", "seconds", "time", lambda run: run.seconds)
    yield pair("size of the run's folder", "disk", "size", lambda run: run.trust.disk.run)


def _pair_items(a: Records, b: Records) -> _ItemPairs:
    ours, theirs = (
        {str(records.predictions.id[row]): row for row in PredictedItems(records).rows.tolist()} for records in (a, b)
    )
    both = [id_ for id_ in ours if id_ in theirs]
    a_rows, b_rows = (np.array([rows[id_] for id_ in both], np.int64) for rows in (ours, theirs))
    a_classes, b_classes = (np.array(records.classes, dtype=object) for records in (a, b))
    names = a_classes[a.predictions.label[a_rows]]
    alike = names == b_classes[b.predictions.label[b_rows]]
    a_rows, b_rows, names = a_rows[alike], b_rows[alike], names[alike]
    a_said, b_said = a_classes[a.predictions.predicted[a_rows]], b_classes[b.predictions.predicted[b_rows]]
    return _ItemPairs(
        a_rows,
        b_rows,
        names,
        a_said == names,
        b_said == names,
        a_said,
        b_said,
        groups=b.predictions.group[b_rows],
        left_out=len(both) - int(alike.sum()),
    )


def _compare_shared(items: _ItemPairs, names: tuple[str, str], noun: Noun) -> SharedItems:
    ours, theirs, groups = items.a_right, items.b_right, items.groups
    a, b = estimate_proportion(ours, groups), estimate_proportion(theirs, groups)
    assert a is not None
    assert b is not None
    p = paired_exact_test(theirs, ours, groups)
    difference = (b.right - a.right) / len(ours)
    better = names[1] if difference > 0 else names[0]
    if p < SIGNIFICANT:
        verdict = f"{better} is better, by more than chance."
    elif difference:
        verdict = f"{better} has more {noun.many} right, but this difference can be chance."
    else:
        verdict = f"Both have as many {noun.many} right."
    return SharedItems(
        n=len(ours),
        a=a,
        b=b,
        difference=difference,
        interval=accuracy_interval(theirs, ours, groups),
        only_a=int((ours & ~theirs).sum()),
        only_b=int((theirs & ~ours).sum()),
        p=p,
        verdict=verdict,
    )


def _compare_classes(items: _ItemPairs) -> Iterator[ClassChange]:
    for index, name in enumerate(dict.fromkeys(sorted(items.names.tolist()))):
        own = items.names == name
        a, b = float(items.a_right[own].mean()), float(items.b_right[own].mean())
        yield ClassChange(index, name, int(own.sum()), a, b, b - a)


def _list_changes(a: Records, b: Records, items: _ItemPairs, names: tuple[str, str]) -> Iterator[ChangedItems]:
    ours, theirs = PredictedItems(a), PredictedItems(b)
    both_wrong = ~items.a_right & (items.a_said != items.b_said) & ~items.b_right
    kinds = (
        (f"Right in {names[0]} only", "only_a", items.a_right & ~items.b_right),
        (f"Right in {names[1]} only", "only_b", items.b_right & ~items.a_right),
        ("Wrong in both, each in its own way", "both_wrong", both_wrong),
    )
    for title, key, changed in kinds:
        rows = np.flatnonzero(changed)
        shown = tuple(
            ChangedItem(ours[int(items.a_rows[row])], theirs[int(items.b_rows[row])]) for row in rows[:MOST_CHANGED]
        )
        yield ChangedItems(title, key, len(rows), shown)
