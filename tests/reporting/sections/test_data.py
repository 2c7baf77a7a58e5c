"""The section on the photos: what is said of photos that show the same."""

import json

import pytest

from headstart.reporting.page import render_report
from headstart.reporting.records import read_records
from tests.reporting.example_run import write_example_run
from tests.reporting.page_reader import PageReader


@pytest.mark.parametrize(
    ("near_duplicates", "given", "said"),
    [
        ("group", False, "No group is split: all its photos are in training, in validation or in test."),
        ("ignore", False, 'Groups were not kept together (<code>near_duplicates = "ignore"</code>).'),
        ("group", True, "The photos came split, so groups could not be kept together."),
    ],
)
def test_whether_sets_are_kept_together(near_duplicates, given, said, tmp_path) -> None:
    folder = write_example_run(tmp_path / "run", given=given)
    record = json.loads((folder / "run.json").read_text("utf-8"))
    record["settings"]["near_duplicates"] = near_duplicates
    (folder / "run.json").write_text(json.dumps(record), "utf-8")
    assert said in render_report(read_records(folder)).html


def test_sets_that_had_to_be_split_are_said_to_be_so(tmp_path) -> None:
    folder = write_example_run(tmp_path / "run")
    parts = json.loads((folder / "split.json").read_text("utf-8"))["subsets"]
    words = render(folder, lambda trust: trust["duplicates"]["sets"].append([parts["train"][0], parts["test"][0]]))
    assert "1 lies in several of training, validation and test." in words
    assert "No group is split" not in words
    assert "kept together" not in words


def render(folder, change) -> str:
    """The words of a page, once trust.json is changed."""
    trust = json.loads((folder / "trust.json").read_text("utf-8"))
    change(trust)
    (folder / "trust.json").write_text(json.dumps(trust), "utf-8")
    return PageReader(render_report(read_records(folder)).html).all("main")[0].words


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (1.0, "All classes have about the same number of photos."),
        (1.3, "has 1.3 times as many photos as the smallest, "),
    ],
)
def test_classes_of_one_size_are_said_to_be_so(times, said, tmp_path) -> None:
    words = render(write_example_run(tmp_path / "run"), lambda trust: trust["issues"].update(imbalance=times))
    assert said in words
    assert "1.0 times" not in words


@pytest.mark.parametrize(
    ("in_test", "doubted", "said"),
    [
        (0, 8, None),
        (1, 8, "1 of these is of the test part and not in that table: correcting"),
        (3, 8, "3 of these are of the test part and not in that table: correcting"),
        (3, 90, "Photos of the test part are not in that table: correcting"),
    ],
)
def test_doubted_labels_of_test_are_said_to_be_left_out(in_test, doubted, said, tmp_path) -> None:
    folder = write_example_run(tmp_path / "run")
    tested = json.loads((folder / "split.json").read_text("utf-8"))["subsets"]["test"]

    def change(trust) -> None:
        trust["labels"]["noise"]["doubted"] = doubted
        for issue, id_ in zip(trust["labels"]["issues"], tested[:in_test], strict=False):
            issue["id"] = id_

    words = render(folder, change)
    assert ("of the test part" in words) == (said is not None)
    assert said is None or said in words
