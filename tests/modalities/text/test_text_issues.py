"""Issues of single texts, and that what is usual in a set is none."""

import pytest

from headstart.modalities.text.issues import find_text_issues
from headstart.modalities.text.text_stats import TextStats, compute_text_stats
from tests.modalities.texts import draw_texts

USUAL = [text for text, _ in draw_texts(60, longest=20)]


def find(texts: list[str]) -> dict[str, list[str]]:
    stats = TextStats(compute_text_stats(texts)["facts"], texts)
    found = find_text_issues([str(row) for row in range(len(texts))], stats)
    return {issue.kind: [texts[int(row)] for row in issue.ids] for issue in found if issue.ids}


ODD = {
    "empty": "?!... --",
    "very short": "owl",
    "very long": "the wave and a ship on the deck " * 200,
    "mostly symbols": "$$$ 1234 5678 +++ === 99.50 @@ 12",
    "wrongly decoded": "the cafÃ© by the harbour was it that there",
    "markup": "the <b>owl</b> was over the path &amp; the moss<br/>",
    "repeated characters": "the owl was sooooooo over it that there by the path",
    "repeats itself": "buy it now today " * 8,
}


@pytest.mark.parametrize("kind", ODD)
def test_it_is_found_among_usual_texts(kind: str) -> None:
    found = find([*USUAL, ODD[kind]])
    assert ODD[kind] in found[kind]
    assert found[kind] == [ODD[kind]]


def test_usual_texts_have_none() -> None:
    assert find(USUAL) == {}
    assert find([]) == {}


@pytest.mark.parametrize("text", ["a word", "<p>the owl &amp; the moss</p> was there", "12.50 + 99.10 = 1 1 1 ="])
def test_what_all_have_is_no_issue_of_one(text: str) -> None:
    assert find([f"{text} {number}" for number in range(40)]) == {}


def test_the_worst_comes_first() -> None:
    found = find([*USUAL, "hahaaaaaaa it was that there by", "hahaaaaaaaaaaaaaaa it was that there by"])
    assert found["repeated characters"][0].startswith("hahaaaaaaaaaaa")
