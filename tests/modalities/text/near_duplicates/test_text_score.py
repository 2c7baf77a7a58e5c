"""Near-duplicates among texts: planted copies are found, others are not, and shared shingles are counted rightly."""

import runpy
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from headstart.diagnostics.near_duplicates.candidates import find_candidates
from headstart.modalities.text.near_duplicates.score import TextDuplicates, fold_shingles
from headstart.modalities.text.near_duplicates.shingles import (
    MOST_SHINGLES,
    Shingles,
    compare,
    make_shingles,
    normalise,
)
from headstart.modalities.text.text_stats import FACTS, TextStats
from headstart_runtime.modalities.facets import DuplicatesFacet

DRAWN = runpy.run_path(str(Path(__file__).parents[4] / "benchmarks" / "drawn" / "altered_texts.py"))
ALTERATIONS, plant_copies = DRAWN["ALTERATIONS"], DRAWN["plant_copies"]
FACET: DuplicatesFacet = TextDuplicates()


def draw_words(count: int, chance: np.random.Generator) -> list[str]:
    letters = np.array(list("aabcdeeefghiijklmnoopqrstuuvwxyz"))
    return ["".join(chance.choice(letters, chance.integers(3, 9))) for _ in range(count)]


def draw_sentences(count: int, seed: int = 0) -> list[str]:
    """Sentences of common and of rare words."""
    chance = np.random.default_rng(seed)
    common, rare = draw_words(40, chance), draw_words(2000, chance)
    sentences = []
    for _ in range(count):
        length = int(chance.integers(8, 18))
        words = [str(chance.choice(common if place % 2 else rare)) for place in range(length)]
        sentences.append(f"{' '.join(words).capitalize()} {chance.integers(10, 99)}.")
    return sentences


def embed(texts: list[str], width: int = 24) -> np.ndarray:
    """Features that see words, in any order: a row for each word, added."""
    rows = np.zeros((len(texts), width), np.float32)
    for row, text in enumerate(texts):
        for word in normalise(text).split():
            rows[row] += np.random.default_rng(list(word.encode())).standard_normal(width).astype(np.float32)
    return rows


def find(texts: list[str]) -> dict[tuple[int, int], float]:
    stats = TextStats(np.zeros((len(texts), len(FACTS)), np.float32), texts)
    scorer = FACET.make_scorer(embed(texts), stats, np.arange(len(texts)))
    assert scorer.note() == ""
    with ThreadPoolExecutor(1) as pool:
        described = scorer.describe()
        assert np.linalg.norm(described, axis=1) == pytest.approx(1, abs=1e-4)
        pairs = find_candidates(described, pool)
        odds = scorer.score(pairs, pool)
    return {tuple(pair): float(one) for pair, one in zip(pairs.tolist(), odds, strict=True) if one > 0}


def test_planted_copies_are_found_and_nothing_else() -> None:
    texts = draw_sentences(400)
    copies = plant_copies(texts, 140, np.random.default_rng(1))
    found = find([*texts, *(copy for _, _, copy in copies)])
    wanted = {(row, len(texts) + place) for place, (row, _, _) in enumerate(copies)}
    assert len(wanted & found.keys()) >= 0.97 * len(wanted)
    assert len(found.keys() - wanted) <= 0.02 * len(wanted)


@pytest.mark.parametrize("kind", ALTERATIONS)
def test_each_kind_of_copy(kind: str) -> None:
    texts = draw_sentences(120, seed=3)
    chance = np.random.default_rng(0)
    copies = [ALTERATIONS[kind](text, chance) for text in texts[:20]]
    assert all(copy != text for copy, text in zip(copies, texts, strict=False))
    found = find([*texts, *copies])
    assert sum((row, 120 + row) in found for row in range(20)) >= 19


def test_case_marks_and_numbers_alone_are_no_difference() -> None:
    texts = ["Call 0800 12 now!", "call 0900 34, NOW", "ＣＡＬＬ 1 5 now", "something else was here that day"]
    assert len({normalise(text) for text in texts}) == 2
    assert set(find(texts)) == {(0, 1), (0, 2), (1, 2)}
    assert find(["?!", "…", "an owl"]) == {}


def share_by_hand(one: str, other: str, weigh) -> tuple[float, float]:
    first, second = ({text[start : start + 4] for start in range(len(text) - 3)} for text in (one, other))
    shared, both = (sum(map(weigh, some)) for some in (first & second, first | second))
    return shared / both, shared / min(sum(map(weigh, first)), sum(map(weigh, second)))


def test_shares_are_those_of_sets() -> None:
    texts = [normalise(text) for text in ("the owl on the path", "an owl on a path of moss", "moss and fern and oak")]
    made = make_shingles(texts)
    counts = {}
    for text in texts:
        for shingle in {text[start : start + 4] for start in range(len(text) - 3)}:
            counts[shingle] = counts.get(shingle, 0) + 1
    resemblance, containment, _ = compare(made, np.array([[0, 1], [0, 2], [1, 2]]))
    for place, (one, other) in enumerate([(0, 1), (0, 2), (1, 2)]):
        wanted = share_by_hand(texts[one], texts[other], lambda shingle: np.log1p(3 / counts[shingle]))
        assert [resemblance[place], containment[place]] == pytest.approx(wanted, abs=1e-5)


def test_of_long_texts_some_shingles_stand_for_all() -> None:
    chance = np.random.default_rng(0)
    words = draw_words(3000, chance)
    long, other = " ".join(words[:700]), " ".join(words[350:1050])
    texts = [normalise(text) for text in (long, other, " ".join(words[1100:1110]))]
    made = make_shingles(texts)
    assert made.cut.tolist() == [True, True, False]
    assert np.diff(made.starts).max() == MOST_SHINGLES
    resemblance, _, _ = compare(made, np.array([[0, 1], [0, 2]]))
    exact, _ = share_by_hand(texts[0], texts[1], lambda _: 1)
    assert resemblance[0] == pytest.approx(exact, abs=0.07)
    assert resemblance[1] < 0.1


def test_folded_shingles_keep_cosines_nearly() -> None:
    texts = [normalise(text) for text in draw_sentences(60, seed=5)]
    texts[1] = texts[0].replace("e", "a", 1)
    made = make_shingles(texts)
    rows = fold_shingles(made, 96)
    dense = np.zeros((60, len(np.unique(made.hashes))), np.float32)
    for row in range(60):
        own = made.hashes[made.starts[row] : made.starts[row + 1]]
        dense[row, np.searchsorted(np.unique(made.hashes), own)] = made.weigh(own)
    dense /= np.linalg.norm(dense, axis=1, keepdims=True)
    assert np.abs(rows @ rows.T - dense @ dense.T).max() < 0.5
    assert np.abs(rows @ rows.T - dense @ dense.T).mean() < 0.1
    assert isinstance(made, Shingles)
