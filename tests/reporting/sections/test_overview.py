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
    trust["prediction_sets"]["test"] |= {"sizes": sizes, "coverage": 0.94}
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


def render(folder, **changes) -> PageReader:
    """The page of a run whose trust.json is changed."""
    trust = json.loads((folder / "trust.json").read_text("utf-8"))
    (folder / "trust.json").write_text(json.dumps(trust | changes), "utf-8")
    return PageReader(render_report(read_records(folder)).html)


def read_warnings(shown) -> list[str]:
    (warnings,) = [it for it in shown.all("ul") if it.attributes.get("class") == "warnings"]
    return [it.words for it in shown.all("li") if warnings in it.above]


@pytest.mark.parametrize(
    ("noise", "said"),
    [
        ({"doubted": 161, "reason": "it is weak"}, "wrong can't be told: it is weak; 161 are worth a second look"),
        ({"doubted": 16, "estimate": 1, "low": 0, "high": 3}, "at most 3 of 480 labels are wrong by estimate; 16 are"),
        ({"doubted": 0, "reason": "it is weak"}, "wrong can't be told: it is weak; none is doubted"),
        ({"doubted": 0, "estimate": 0, "low": 0, "high": 2}, None),
    ],
)
def test_nothing_is_said_to_be_well_that_was_not_looked_at_or_is_doubted(noise, said, tmp_path) -> None:
    folder = write_example_run(tmp_path / "run", classes=2, test=160, trained=False)
    (folder / "ledger.jsonl").write_text(
        "".join(
            line
            for line in (folder / "ledger.jsonl").read_text("utf-8").splitlines(keepends=True)
            if "skipped" not in line
        ),
        "utf-8",
    )
    trust = json.loads((folder / "trust.json").read_text("utf-8"))
    labels = trust["labels"] | {"noise": {"n": 480, "estimate": None, "low": None, "high": None, "reason": ""} | noise}
    slices = trust["slices"] | {"worst": None, "slices": []}
    after = trust["calibration"]["after"] | {"ece": 0.0}
    warnings = read_warnings(
        render(
            folder,
            labels=labels,
            slices=slices,
            shortcuts=[],
            calibration=trust["calibration"] | {"after": after},
            sets=None,
            novelty=None,
        )
    )
    if said is None:
        (calm,) = warnings
        assert calm.startswith("Nothing was found that calls for care. Checked: ")
        assert "labels" in calm
    else:
        doubted, calm = warnings
        assert said in doubted
        assert calm.startswith("Nothing else was found that calls for care. Checked: ")
        assert "labels" not in calm
    assert "kinds of photos" not in calm
    assert "cues" not in calm


def test_a_shortcut_is_said_to_be_counted_by_class(tmp_path) -> None:
    (said,) = [it for it in read_warnings(render(write_example_run(tmp_path / "run"))) if "alone" in it]
    assert "right, each class counting the same (by chance" in said
    assert "of photos" not in said


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (-0.16, 0.40, "Which class gains from more photos cannot be told"),
        (0.001, 0.239, "Which class gains from more photos cannot be told"),  # one of six is there by chance
        (0.06, 0.18, "helped the class “bees” by more than chance: the share of it that is found rose by +12.0"),
    ],
)
def test_only_a_gain_beyond_chance_is_claimed(low, high, said, tmp_path) -> None:
    folder = write_example_run(tmp_path / "run")
    curve = json.loads((folder / "trust.json").read_text("utf-8"))["learning_curve"]
    for gain in curve["gains"]:
        gain |= {"recall_all": 0.75, "gain": 0.0, "low": -0.1, "high": 0.1}
    curve["gains"][1] |= {"name": "bees", "recall_all": 0.87, "gain": 0.12, "low": low, "high": high}
    shown = render(folder, learning_curve=curve)
    assert said in shown.all("main")[0].words
    (chart,) = [it for it in shown.all("desc") if it.attributes["id"] == "chart-gains-0-alt"]
    sure = low > 0.05
    helped = "bees (+12.0 points)" if sure else "no class"
    assert chart.words == f"By more than chance the second half of the training photos helped {helped}."
    assert ("Collect more photos of bees" in shown.all("header")[0].words) == sure
