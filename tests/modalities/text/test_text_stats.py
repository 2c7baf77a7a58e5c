"""Facts about texts, the slices and cues that are made of them."""

import unicodedata
from pathlib import Path

import numpy as np
import pytest

from headstart.diagnostics.cue_probes import probe_cues
from headstart.diagnostics.shortcuts import probe_shortcuts
from headstart.modalities.text.characters import KINDS, SCRIPTS, find_kinds, find_scripts, read_codes
from headstart.modalities.text.cues import list_text_cues
from headstart.modalities.text.statistics import TextStatistics, find_first_word, list_scripts
from headstart.modalities.text.text_stats import FACTS, TextStats, compute_text_stats, measure_repetition
from headstart.storage.store import Store
from headstart_runtime.modalities.facets import NamedProperty, NumericProperty, StatisticsFacet
from tests.modalities.texts import COMMON, draw_texts

FACET: StatisticsFacet = TextStatistics()


def make_stats(texts: list[str]) -> TextStats:
    return TextStats(compute_text_stats(texts)["facts"], texts)


def test_kinds_are_those_of_unicode() -> None:
    text = "Aa1 .$\u0301語\n\x00😀𝒜"
    kinds = [KINDS[kind] for kind in find_kinds(read_codes(text))]
    assert kinds == [
        *("capital", "small", "digit", "space", "punctuation", "symbol", "mark", "letter", "space", "control"),
        *("symbol", "capital"),
    ]
    chance = np.random.default_rng(0)
    codes = chance.integers(0x20, 0xD7FF, 2000).astype(np.uint32)
    letters = np.isin(find_kinds(codes), [KINDS.index(name) for name in ("capital", "small", "letter")])
    assert letters.tolist() == [unicodedata.category(chr(code))[0] == "L" for code in codes.tolist()]


@pytest.mark.parametrize(
    ("text", "script"),
    [
        *(("привет", "Cyrillic"), ("日本", "Han"), ("ねこ", "Kana"), ("שלום", "Hebrew"), ("مرحبا", "Arabic")),
        *(("नमस्ते", "Devanagari"), ("γειά", "Greek"), ("안녕", "Hangul"), ("สวัสดี", "Thai")),
    ],
)
def test_scripts(text: str, script: str) -> None:
    assert {SCRIPTS[found] for found in find_scripts(read_codes(text)) if found < len(SCRIPTS)} == {script}
    mixed = f"{text} {'é' * len(text)}"
    assert list_scripts(make_stats([text, "12 !", mixed, "Straße"])) == [script, "none", "several", "Latin"]


def test_facts_by_hand() -> None:
    stats = make_stats(["Ab 12! cd\nEEEEEE", "one two three one two three", "<b>x</b> &amp; Ã© \ufffd", ""])
    assert stats.get("characters").tolist() == [16, 27, 19, 0]
    assert stats.get("words").tolist()[:2] == [4, 6]
    assert stats.get("lines").tolist() == [2, 1, 1, 1]
    assert stats.get("digits")[0] == pytest.approx(2 / 13)
    assert stats.get("capitals")[0] == pytest.approx(7 / 10)
    assert stats.get("longest letter run")[0] == 6
    assert stats.get("repeated phrases")[1] == pytest.approx(1 / 4)
    assert stats.get("markup")[2] == 3
    assert stats.get("mojibake")[2] == 2
    assert stats.facts.shape == (4, len(FACTS))
    assert np.isfinite(stats.facts).all()
    taken = stats.take([2, 0])
    assert [taken.texts[0], len(taken)] == [stats.texts[2], 2]


def test_repetition() -> None:
    assert measure_repetition(["a", "b"]) == 0
    assert measure_repetition(list("abcabc")) == pytest.approx(1 - 3 / 4)


def test_stats_are_stored_and_read(tmp_path: Path) -> None:
    texts = ["one text", "another, of more words"]
    digests = ["ab" * 20, "cd" * 20]
    with Store(tmp_path) as store:
        with store.writer(FACET.space(None)) as writer:
            writer.add(digests, FACET.compute([FACET.keep(text, [], None) for text in texts]))
        stats = FACET.read(store, None, digests[::-1], texts[::-1])
    assert stats.get("words").tolist() == [4, 2]
    assert stats.texts[0] == texts[1]


def test_slices_have_a_value_for_each_text() -> None:
    texts = ["Who is it?", "WHO ARE YOU", "нет", "a\nb", "", "12"]
    found = {one.name: one for one in FACET.list_properties([{}] * 6, make_stats(texts))}
    assert {len(one.values) for one in found.values()} == {6}
    named = {name: [value[0] for value in one.values] for name, one in found.items() if isinstance(one, NamedProperty)}
    assert named["first word"] == ["who", "who", "нет", "a", "none", "12"]
    assert named["script"] == ["Latin", "Latin", "Cyrillic", "Latin", "none", "none"]
    assert named["capitals"][1] == "mostly"
    assert named["lines"][3] == "several"
    assert isinstance(found["length"], NumericProperty)
    assert find_first_word("…  ‘Tis so") == "tis"


def draw_labelled(count: int, seed: int = 0) -> tuple[list[str], np.ndarray]:
    """Texts of words that say nothing about their class."""
    chance = np.random.default_rng(seed)
    texts = [" ".join(chance.choice(COMMON, chance.integers(6, 14))) for _ in range(count)]
    return texts, np.arange(count) % 3


def probe(texts: list[str], labels: np.ndarray) -> dict[str, object]:
    found = probe_shortcuts(list_text_cues(make_stats(texts)), labels, np.arange(len(labels)), 0.9, 0, ["a", "b", "c"])
    return {shortcut.cue: shortcut for shortcut in found}


def test_a_planted_word_is_named_and_others_are_not() -> None:
    texts, labels = draw_labelled(300)
    assert not [name for name, one in probe(texts, labels).items() if one.significant]
    planted = [
        f"{text} Zorblatt" if label == 1 and row % 5 else text
        for row, (text, label) in enumerate(zip(texts, labels, strict=True))
    ]
    found = probe(planted, labels)["single word"]
    assert found.words == "the word “zorblatt” (for b)"
    assert found.significant
    assert found.share_of_gain > 0.8
    assert found.chance == 0.5


@pytest.mark.parametrize(
    ("cue", "change"),
    [
        ("length", lambda text: f"{text} {text} {text}"),
        ("punctuation", lambda text: f"{text}!!!"),
        ("first words", lambda text: f"dear sir {text}"),
    ],
)
def test_other_cues(cue: str, change) -> None:
    texts, labels = draw_labelled(240, seed=1)
    found = probe([change(text) if label == 2 else text for text, label in zip(texts, labels, strict=True)], labels)
    assert found[cue].significant
    assert found[cue].accuracy > 0.6


def test_a_word_foretells_a_number() -> None:
    texts, _ = draw_labelled(200, seed=2)
    chance = np.random.default_rng(0)
    targets = np.stack([chance.normal(size=200), chance.normal(size=200)], axis=1)
    planted = [f"{text} zorblatt" if value > 0 else text for text, value in zip(texts, targets[:, 1], strict=True)]
    found = probe_cues(list_text_cues(make_stats(planted)), targets, np.arange(200), np.array([0.9, 0.9]), 0)
    word = next(one for one in found if one.cue == "single word")
    assert [word.words, word.output] == ["the word “zorblatt”", 1]
    assert word.explained == pytest.approx(2 / np.pi, abs=0.1)  # of a normal number by its sign


def test_of_few_texts_no_word_is_known() -> None:
    stats = make_stats(["one", "two", "three", "four"])
    assert [cue.make_rows().shape[0] for cue in list_text_cues(stats)] == [4] * 4
    assert "single word" not in probe(["one", "two", "three", "four", "five", "six"], np.array([0, 1, 2, 0, 1, 2]))


def test_drawn_texts_tell_their_class_by_words() -> None:
    texts, labels = zip(*draw_texts(200), strict=True)
    found = probe(list(texts), (np.array(labels) == "sea").astype(np.int64))
    assert found["single word"].accuracy < 0.9
