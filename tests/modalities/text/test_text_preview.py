"""Beginnings of texts, and texts with the words that spoke for an answer, in which nothing can act."""

import re

import numpy as np
import pytest

from headstart.display.marked_text import format_marked
from headstart_runtime.modalities.explanation_facet import RemovalFacet
from headstart_runtime.modalities.facets import PreviewFacet
from headstart_runtime.modalities.item import is_drawn
from headstart_runtime.modalities.marked_text import decode_marked
from headstart_runtime.modalities.text.explanation import MOST_PIECES, SHOWN, TextExplanation
from headstart_runtime.modalities.text.preview import CLOSE_MOST, LONGEST_WORD, MOST, TextPreview

PREVIEW: PreviewFacet = TextPreview("spec")
FACET: RemovalFacet = TextExplanation()
EVIL = "<script>alert(1)</script> \u202eabc\u2066 \x1b[31mred\x07 " + "w" * 500


def show(text: str, *, close: bool = False) -> str:
    made = PREVIEW.make_thumbnail(text, close=close)
    assert made.media_type == "text/plain"
    return made.content.decode()


def test_a_short_text_stays_as_it_is() -> None:
    assert show("An owl,  on\nthe path. 日本 שלום 👩‍🚀") == "An owl, on the path. 日本 שלום 👩‍🚀"
    assert PREVIEW.make_spec(None) == "spec"
    assert PREVIEW.make_spec("other") == "other"


def test_a_long_one_is_cut_between_words() -> None:
    text = "the owl was over the path " * 100
    assert show(text).endswith("…")
    assert len(show(text)) <= MOST < len(show(text, close=True)) <= CLOSE_MOST
    assert text.startswith(show(text)[:-1])
    assert show(" " * 5000 + "owl").endswith("…")


def test_nothing_in_it_turns_or_breaks_a_page() -> None:
    shown = show(EVIL)
    assert not re.search("[\x00-\x1f\u202a-\u202e\u2066-\u2069]", shown)
    assert max(map(len, shown.split())) <= LONGEST_WORD


@pytest.mark.parametrize("text", ["It isn't 3.5, no!", "ねこ is 猫", "one", "", "…?!", "a " * (MOST_PIECES + 5)])
def test_a_text_is_split_and_its_words_taken_out(text: str) -> None:
    pieces = FACET.split(text)
    words = [text[start:end] for start, end in pieces.spans]
    assert [one.text for one in FACET.list_marked(text, np.zeros((1, len(pieces)), np.float32), pieces)] != [""]
    assert len(words) <= MOST_PIECES
    for place in range(min(len(words), 8)):
        removed = np.arange(len(words)) == place
        left = FACET.remove(text, pieces, removed)
        kept = [left[start:end] for start, end in FACET.split(left).spans]
        if len(words) > 1 and len(words) < MOST_PIECES:
            assert kept == words[:place] + words[place + 1 :]


def test_pieces_by_hand() -> None:
    text = "It isn't 3.5, no!"
    assert [text[start:end] for start, end in FACET.split(text).spans] == ["It", "isn't", "3.5", ",", "no", "!"]
    assert FACET.remove(text, FACET.split(text), np.array([0, 1, 0, 0, 0, 1], bool)) == "It 3.5, no"
    assert FACET.remove("owl", FACET.split("owl"), np.array([True])) == "."


def test_the_marked_text_is_shown_around_what_spoke() -> None:
    text = "the path " * 200 + "owl " + "the path " * 200
    pieces = FACET.split(text)
    weights = np.zeros((1, len(pieces)), np.float32)
    weights[0, 400] = 1
    shown = decode_marked(FACET.overlay(text, weights, pieces))
    assert [one.text for one in shown if one.weight] == ["owl"]
    assert sum(len(one.text) for one in shown) < SHOWN + 100
    assert shown[0].text == "… "
    assert shown[-1].text == " …"
    short = decode_marked(FACET.overlay("an owl", np.array([[0, 1]], np.float32), FACET.split("an owl")))
    assert [(one.text, one.weight) for one in short] == [("an", 0), (" ", 0), ("owl", 1)]


def test_the_page_of_its_own_runs_nothing() -> None:
    pieces = FACET.split(EVIL)
    made = FACET.illustrate(EVIL, np.ones((1, len(pieces)), np.float32), pieces)
    page = made.content.decode()
    assert [made.media_type, made.suffix] == ["text/html", ".html"]
    assert "<script" not in page
    assert "&lt;" in page
    assert "default-src 'none'" in page
    assert is_drawn(made.content)


def test_in_a_terminal() -> None:
    pieces = FACET.split(EVIL)
    marked = FACET.list_marked(EVIL, np.ones((1, len(pieces)), np.float32), pieces)
    assert not re.search("[\x00-\x1f\u202a-\u202e\u2066-\u2069]", format_marked(marked, colours=False))
    assert "\x1b[1;30;43mscript\x1b[0m" in format_marked(marked, colours=True)
    owl = FACET.list_marked("an owl", np.array([[0.3, 1]], np.float32), FACET.split("an owl"))
    assert format_marked(owl, colours=False) == "*an* **owl**"
