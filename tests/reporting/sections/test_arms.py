"""The sentence on which way was kept, and whether differences can be chance."""

import json
from dataclasses import replace

import pytest

from headstart.evaluation.comparison import PairedTest
from headstart.evaluation.intervals import Interval
from headstart.modalities.modality import Noun
from headstart.reporting.page import render_report
from headstart.reporting.records import read_records
from headstart.reporting.sections.arms import describe_choice
from headstart.selection.rule import ArmChoice, EqualCostArms
from tests.reporting.example_run import write_example_run
from tests.reporting.page_reader import PageReader

ZERO = Interval(-0.1, 0.1, 0.95)


def pair(other, *, p=1.0, exceeds=False):
    return PairedTest("best", other, 120, 0.02, ZERO, 3, 1, p, p, 0.02, 0.0, ZERO, exceeds)


def choice(winner, *pairs, too_small=False, equals=()):
    return ArmChoice(winner, "best", pairs, all(one.exceeds_one_se for one in pairs), too_small, "exact", equals)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (choice("best"), "best was the only way that was tried."),
        (
            choice("quick", pair("quick")),
            "Two ways did equally well, as far as 120 validation photos can tell; the quicker one, quick, was kept.",
        ),
        (
            choice("best", pair("a"), pair("b")),
            (
                "Three ways did equally well, as far as 120 validation photos can tell; the quickest of them, best, "
                "was kept."
            ),
        ),
        (choice("best", pair("a", p=0.001, exceeds=True)), "best did best, by more than chance."),
        (choice("best", pair("a", p=0.2, exceeds=True)), "best did best, but its lead can be chance."),
        (
            choice("best", pair("a"), equals=(EqualCostArms("best", {"best": 0.1, "a": 0.2}),)),
            "best was kept: of ways that take as long it did best in cross-validation.",
        ),
        (
            choice("best", pair("a", p=0.2, exceeds=True), too_small=True),
            "best did best, but its lead can be chance. These photos are too few to tell ways apart surely.",
        ),
    ],
)
def test_the_choice_is_said_in_a_sentence(made, said) -> None:
    assert describe_choice(made, Noun("photo", "photos")) == said


def test_the_exact_reason_is_under_a_fold(tmp_path) -> None:
    records = read_records(write_example_run(tmp_path / "run"))
    page = PageReader(render_report(records).html)
    (place,) = [it for it in page.all("p") if it.words == " ".join(records.comparison.choice.reason.split())]
    assert any(above.tag == "details" for above in place.above)


def test_a_training_that_did_not_help_is_said_to_be_so(tmp_path) -> None:
    folder = write_example_run(tmp_path / "run")
    record = json.loads((folder / "run.json").read_text("utf-8"))
    said = "Training did not help; the untrained network was kept."
    assert said not in render_report(read_records(folder)).html
    for arm in record["arms"]:
        arm["best_epoch"] = 0
    (folder / "run.json").write_text(json.dumps(record), "utf-8")
    assert said in render_report(read_records(folder)).html


def test_an_arm_that_was_skipped_stands_under_not_tried(tmp_path) -> None:
    records = read_records(write_example_run(tmp_path / "run"))
    assert "<h3>Not tried</h3>" in render_report(records).html
    none = replace(records, comparison=replace(records.comparison, left_out=()))
    assert "<h3>Not tried</h3>" not in render_report(none).html


def test_what_the_test_photos_could_show_is_no_riddle(tmp_path) -> None:
    words = PageReader(render_report(read_records(write_example_run(tmp_path / "run"))).html).all("main")[0].words
    assert "Compared photo by photo on 45 validation photos" in words
    assert "On the test photos the ways were not compared: only the one that was kept has seen them." in words
    assert "Of two ways that answer the 60 test photos, only one that is better by 5.0 points or more" in words
