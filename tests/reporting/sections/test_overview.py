"""The first screen: how many candidates are named, and whether probabilities can be taken at their word."""

import json

import pytest

from headstart.reporting.page import render_report
from headstart.reporting.records import read_records
from headstart.reporting.sections.overview import Candidates, _count_candidates, _describe_certainty
from tests.reporting.example_run import write_example_run
from tests.reporting.page_reader import PageReader


@pytest.mark.parametrize(
    ("sizes", "candidates"),
    [
        ((100, 0, 0), Candidates(1, 1)),
        ((97, 3, 0), Candidates(1, 1)),
        ((90, 10, 0), Candidates(1, 2)),
        ((3, 90, 7), Candidates(2, 3)),
        ((0, 0, 20), Candidates(3, 3)),
        ((50, 20, 20, 10), Candidates(1, 4)),
    ],
)
def test_rare_sizes_of_sets_are_left_out(sizes, candidates) -> None:
    assert _count_candidates(sizes) == candidates


@pytest.mark.parametrize(("sizes", "said"), [((60, 0), "It names 1 candidate;"), ((40, 20), "It names 1 or 2 cand")])
def test_candidates_in_words(sizes, said, tmp_path) -> None:
    folder = write_example_run(tmp_path / "run", classes=2)
    trust = json.loads((folder / "trust.json").read_text("utf-8"))
    trust["sets"]["test"] |= {"sizes": sizes, "coverage": 0.94}
    (folder / "trust.json").write_text(json.dumps(trust), "utf-8")
    words = PageReader(render_report(read_records(folder)).html).all("header")[0].words
    assert said in words
    assert "the right one is among them in 94 of 100 photos" in words


@pytest.mark.parametrize(
    ("excess", "said"),
    [
        (0.0, "It knows how sure it is"),
        (0.02, "It knows roughly how sure it is"),
        (0.2, "It does not know how sure it is"),
    ],
)
def test_certainty_in_words(excess, said) -> None:
    assert _describe_certainty(excess) == said
