import numpy as np
import pytest

from headstart.data.samples import Ledger, Sample, Samples, Subset
from headstart.data.sources import ArraySource
from headstart.data.split import Split
from headstart.diagnostics.leakage import find_leaks, score_without_leaks
from headstart.diagnostics.near_duplicates.search import DuplicatePair
from headstart.evaluation.grouping import Targets
from headstart.evaluation.intervals import wilson_interval
from headstart.tasks.classification.targets import make_class_space
from tests.groups import by_content

SOURCE = ArraySource(np.zeros((1, 2, 2), np.uint8), 0)


def name(letter: str) -> str:
    return letter * 40


def draw(*photos: tuple[str, int, Subset]) -> tuple[Samples, Split]:
    """Photos as (letter of the digest, label, subset); a repeated letter is a copy."""
    seen: dict[str, int] = {}
    samples = []
    for letter, label, subset in photos:
        number = seen[letter] = seen.get(letter, -1) + 1
        group = by_content(name(letter))
        samples.append(Sample(f"{letter}{number}", name(letter), label, group, subset, SOURCE, copy=number))
    subsets = {sample.id: sample.subset for sample in samples if sample.subset}
    return Samples(make_class_space(("a", "b")), tuple(samples), Ledger(()), "drawn", "image"), Split(
        subsets, 0, 0.2, 0.15, given=True
    )


def near(first: str, second: str, similarity: float = 0.9) -> DuplicatePair:
    return DuplicatePair(
        first if len(first) > 1 else name(first), second if len(second) > 1 else name(second), "near", similarity
    )


def test_every_direction_that_counts_and_no_other() -> None:
    samples, split = draw(
        ("a", 0, Subset.TRAIN),
        ("b", 0, Subset.TEST),
        ("c", 1, Subset.VALIDATION),
        ("d", 1, Subset.TEST),
        ("e", 0, Subset.TEST),
    )
    duplicates = [near("a", "b"), near("a", "c", 0.7), near("c", "d"), near("d", "e")]
    found = find_leaks(samples, split, duplicates)
    assert [(it.held_out[0], it.subset, it.seen[0], it.same_label) for it in found] == [
        ("b", Subset.TEST, "a", True),
        ("d", Subset.TEST, "c", True),
        ("c", Subset.VALIDATION, "a", False),
    ]
    assert [it.similarity for it in found] == [0.9, 0.9, 0.7]


def test_the_best_duplicate_is_given() -> None:
    samples, split = draw(
        ("a", 0, Subset.TRAIN), ("b", 0, Subset.VALIDATION), ("c", 0, Subset.TRAIN), ("d", 0, Subset.TEST)
    )
    duplicates = [near("a", "d", 0.6), near("b", "d", 0.99), near("c", "d", 0.8)]
    assert [(it.held_out[0], it.seen[0]) for it in find_leaks(samples, split, duplicates)] == [("d", "b")]


def test_equal_bytes_leak_without_being_listed_as_duplicates() -> None:
    samples, split = draw(("a", 0, Subset.TEST), ("a", 0, Subset.TEST), ("a", 1, Subset.TRAIN))
    found = find_leaks(samples, split, [DuplicatePair(name("a"), f"{name('a')}.1", "same bytes", 1.0)])
    assert [(it.held_out, it.seen, it.kind, it.similarity, it.same_label) for it in found] == [
        (name("a"), f"{name('a')}.2", "same bytes", 1.0, False),
        (f"{name('a')}.1", f"{name('a')}.2", "same bytes", 1.0, False),
    ]


def test_copies_of_a_duplicate_leak_too() -> None:
    samples, split = draw(("a", 0, Subset.TEST), ("b", 0, Subset.TEST), ("b", 0, Subset.TRAIN))
    found = find_leaks(samples, split, [near("a", "b")])
    assert [(it.held_out, it.seen, it.kind) for it in found] == [
        (name("a"), f"{name('b')}.1", "near"),
        (name("b"), f"{name('b')}.1", "same bytes"),
    ]


def test_photos_without_a_subset_are_left_out() -> None:
    samples, split = draw(("a", 0, Subset.TRAIN), ("b", 0, Subset.TEST))
    alone = Split({name("b"): Subset.TEST}, 0, 0.2, 0.15, given=True)
    assert len(find_leaks(samples, split, [near("a", "b")])) == 1
    assert find_leaks(samples, alone, [near("a", "b")]) == ()


def test_scores_with_and_without_leaks() -> None:
    chance = np.random.default_rng(0)
    labels, predicted, leaked = chance.integers(0, 3, 100), chance.integers(0, 3, 100), chance.random(100) < 0.2
    scores = score_without_leaks(Targets.independent(labels), predicted, leaked)
    assert scores is not None
    assert scores.without_leaks is not None
    rows = [(a == b, c) for a, b, c in zip(labels.tolist(), predicted.tolist(), leaked.tolist(), strict=True)]
    right, new = sum(ok for ok, _ in rows), [ok for ok, seen in rows if not seen]
    assert (scores.leaked, scores.with_leaks.right, scores.with_leaks.n) == (100 - len(new), right, 100)
    assert (scores.without_leaks.right, scores.without_leaks.n) == (sum(new), len(new))
    assert scores.without_leaks.share == pytest.approx(sum(new) / len(new))
    interval = wilson_interval(sum(new), len(new))
    assert (scores.without_leaks.low, scores.without_leaks.high) == (interval.low, interval.high)
    bursts = score_without_leaks(
        Targets(labels, np.arange(100) // 10), np.where(np.arange(100) < 50, labels, -1), leaked
    )
    assert bursts is not None
    assert bursts.with_leaks.high - bursts.with_leaks.low > 1.5 * (scores.with_leaks.high - scores.with_leaks.low)


def test_a_test_part_that_leaked_whole_has_no_score_without() -> None:
    ones = np.ones(4, np.int64)
    scores = score_without_leaks(Targets.independent(ones), ones, np.ones(4, bool))
    assert scores is not None
    assert (scores.leaked, scores.without_leaks) == (4, None)
    assert score_without_leaks(Targets.independent(ones[:0]), ones[:0], np.ones(0, bool)) is None
