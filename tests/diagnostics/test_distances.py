"""Near-duplicates with other labels, of any task: contradictions are found by how far the labels are apart."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from headstart.data.samples import Ledger, Sample, Samples, Subset
from headstart.data.sources import ArraySource
from headstart.data.split import Split
from headstart.diagnostics.distances import TargetDistances
from headstart.diagnostics.issues import find_item_issues
from headstart.diagnostics.leakage import find_leaks, score_means_without_leaks
from headstart.diagnostics.near_duplicates.search import DuplicatePair
from headstart.evaluation.means import estimate_mean
from headstart.tasks.facets import LabelSource
from headstart_runtime.tasks.task import get_task
from tests.groups import by_content

SOURCE = ArraySource(np.zeros((1, 1, 1), np.uint8), 0)
PAIRS = ((0, 1), (0, 2), (3, 4))
#: Of each task the labels of six photos: those of the first pair say the same, those of the second do not.
LABELS: Mapping[str, tuple[LabelSource, list[str]]] = {
    "classification": (LabelSource(("a", "b")), ["a", "a", "b", "b", "b", "a"]),
    "multilabel": (LabelSource(("a", "b", "c"), "several"), ["a;b", "b;a", "a;b;c", "c", "c", "a"]),
    "regression": (LabelSource(), ["10.0", "10.01", "14.5", "3.5", "3.5", "20.25"]),
    "ordinal": (LabelSource(("1", "2", "3")), ["2", "2", "3", "1", "1", "3"]),
}


def make_samples(task: str) -> Samples:
    source, labels = LABELS[task]
    reading = get_task(task).targets
    space = reading.read_space({str(place): label for place, label in enumerate(labels)}, source)
    samples = tuple(
        Sample(f"{place}.png", str(place), reading.parse(space, label), by_content(str(place)), None, SOURCE)
        for place, label in enumerate(labels)
    )
    return Samples(space, samples, Ledger(()), "here", "image")


def pair_up() -> list[DuplicatePair]:
    return [DuplicatePair(str(first), str(second), "near", 0.9) for first, second in PAIRS]


@pytest.mark.parametrize("task", LABELS)
def test_labels_that_say_the_same_are_near(task: str) -> None:
    distances = TargetDistances(make_samples(task))
    named = [(str(first), str(second)) for first, second in PAIRS]
    found = distances.measure(named)
    assert ((found >= 0) & (found <= 1)).all()
    assert distances.are_same(named).tolist() == [True, False, True]
    assert distances.measure([]).shape == (0,)


@pytest.mark.parametrize("task", LABELS)
def test_copies_with_another_label_contradict_each_other(task: str) -> None:
    found: dict[str, Any] = {issue.kind: issue.ids for issue in find_item_issues(make_samples(task), (), pair_up())}
    assert found == {"repeated": ("1", "4"), "contradicting": ("0", "2")}


@pytest.mark.parametrize("task", LABELS)
def test_leaks_say_whether_the_labels_agree(task: str) -> None:
    subsets = {"0": Subset.TRAIN, "1": Subset.TEST, "2": Subset.TEST, "3": Subset.TRAIN, "4": Subset.VALIDATION}
    leaks = find_leaks(make_samples(task), Split(subsets, 0, 0.2, 0.15, given=True), pair_up())
    assert [(leak.held_out, leak.seen, leak.same_label) for leak in leaks] == [
        ("1", "0", True),
        ("2", "0", False),
        ("4", "3", True),
    ]


def test_errors_with_leaks_and_without() -> None:
    chance = np.random.default_rng(0)
    errors, leaked = chance.gamma(2.0, 1.0, 50), np.arange(50) < 12
    errors[3] = np.nan
    found = score_means_without_leaks(-errors, np.arange(50), leaked, greater=False)
    assert found is not None
    assert found.without_leaks is not None
    assert found.leaked == 11
    assert (found.with_leaks.score, found.with_leaks.n) == (pytest.approx(np.nanmean(errors)), 49)
    alone = estimate_mean(errors[12:], np.arange(38))
    assert alone is not None
    assert found.without_leaks.low == pytest.approx(alone.low)
    assert found.without_leaks.high == pytest.approx(alone.high)
    everything = score_means_without_leaks(errors[:2], np.arange(2), np.ones(2, bool))
    assert everything is not None
    assert everything.without_leaks is None
    assert score_means_without_leaks(np.full(3, np.nan), np.arange(3), leaked[:3]) is None
