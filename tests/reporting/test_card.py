"""The model card: its sections, and that its numbers are the report's."""

import json
import re
import shutil

import pytest

from headstart.reporting.card import escape_markdown, render_card
from headstart.reporting.page import render_report
from headstart.reporting.records import read_records
from tests.reporting.example_run import write_example_run
from tests.reporting.recomputed import Files, again

SECTIONS = [  # of Mitchell et al. 2019, and how to run it
    "Model details",
    "Intended use",
    "Factors",
    "Metrics",
    "Evaluation data",
    "Training data",
    "Quantitative analyses",
    "Ethical considerations",
    "Caveats and recommendations",
    "How to run it",
]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return write_example_run(tmp_path_factory.mktemp("card") / "run", given=True, test=80)


@pytest.fixture(scope="module")
def card(run):
    return render_card(read_records(run))


def test_the_sections_are_those_of_the_paper(card) -> None:
    assert re.findall(r"^## (.*)$", card, re.MULTILINE) == SECTIONS
    assert len(re.findall(r"^# ", card, re.MULTILINE)) == 1


def test_metrics(run, card) -> None:
    files = Files(run)
    rows = dict(re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", card, re.MULTILINE))
    accuracy, low, high = (f"{100 * again(files, f'test.accuracy{end}'):.1f} %" for end in ("", ".low", ".high"))
    assert rows["accuracy"] == f"{accuracy} (95 % interval {low} to {high})"
    assert rows["log loss"] == f"{again(files, 'test.log_loss'):.3f} nats"
    assert rows["always the commonest class"] == f"{100 * again(files, 'test.majority'):.1f} %"
    assert f"{100 * again(files, 'leaks.without'):.1f} %" in next(rows[key] for key in rows if "3 test photos" in key)
    errors = (f"{100 * again(files, f'calibration.{when}.ece'):.1f} %" for when in ("before", "after"))
    assert rows["stated probabilities are off on average (ECE), before and after calibration"] == ", ".join(errors)


def test_classes(run, card) -> None:
    files = Files(run)
    counts = card.partition("| class | train |")[2].partition("\n\n")[0].splitlines()[2:]
    assert len(counts) == 6
    for label, line in enumerate(counts):
        numbers = [int(again(files, f"count.{part}.{label}")) for part in ("train", "validation", "test")]
        assert line.endswith(f"| {numbers[0]} | {numbers[1]} | {numbers[2]} |")
    recalls = card.partition("| class | test photos |")[2].partition("\n\n")[0].splitlines()[2:]
    for label, line in enumerate(recalls):
        assert f"| {100 * again(files, f'class.{label}.recall'):.1f} % |" in line


def test_licence_and_limits(card) -> None:
    assert "licence **apache-2.0**" in card
    assert "Worse by more than chance: brightness" in card
    assert "show the same as photos that were learned from" in card
    assert "The classes can be told from the border of the photo alone" in card


def test_without_prediction_sets_the_page_and_the_card_say_so(run, tmp_path) -> None:
    """The record says null where a classifier makes none."""
    bare = shutil.copytree(run, tmp_path / "run")
    trust = json.loads((bare / "trust.json").read_text("utf-8"))
    (bare / "trust.json").write_text(json.dumps(trust | {"prediction_sets": None}), "utf-8")
    records = read_records(bare)
    card = render_card(records)
    assert "**Prediction sets:** none." in card
    assert "the right class is among the candidates" not in card
    page = render_report(records)
    assert "This classifier names no further candidates" in page.html
    assert not [name for name in page.numbers if name.startswith("sets.")]


def test_an_optimistic_validation_score_is_said_to_be_so(run, tmp_path) -> None:
    chosen = shutil.copytree(run, tmp_path / "run")
    record = json.loads((chosen / "evaluation.json").read_text("utf-8"))
    record["parts"]["validation"]["chosen_on"] = ["epoch", "winner"]
    (chosen / "evaluation.json").write_text(json.dumps(record), "utf-8")
    said = "is optimistic: it also decided when to end the training and the winner."
    assert said in render_card(read_records(chosen))
    assert said not in render_card(read_records(run))


def test_what_may_be_missing_is_missing(tmp_path) -> None:
    card = render_card(read_records(write_example_run(tmp_path / "run", bare=True, trained=False, test=12)))
    assert "**Photos unlike the training photos:** not marked" in card
    assert "There are only 12 test photos" in card
    assert re.findall(r"^## (.*)$", card, re.MULTILINE) == SECTIONS


def test_the_examples_load_this_run(run, card) -> None:
    assert f'headstart.load("{run / "model"}")' in card
    assert f"headstart predict {run / 'model'} PHOTO" in card
    compile(card.partition("```python\n")[2].partition("```")[0], "card", "exec")


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a|b", r"a\|b"), ("*b*_c_", r"\*b\*\_c\_"), ("<b>&", "&lt;b&gt;&amp;"), ("[x](y)\n# z", r"\[x\](y) \# z")],
)
def test_no_text_becomes_markup(text, shown) -> None:
    assert escape_markdown(text) == shown
