"""The sentence on which way was kept, and whether differences can be chance."""

import json
from dataclasses import replace

from headstart.reporting.page import render_report
from headstart.reporting.records import read_records
from tests.reporting.example_run import write_example_run
from tests.reporting.page_reader import PageReader


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
