"""The section on the photos: what is said of photos that show the same."""

import json

import pytest

from headstart.reporting.page import render_report
from headstart.reporting.records import read_records
from tests.reporting.example_run import write_example_run


@pytest.mark.parametrize(
    ("near_duplicates", "given", "said"),
    [
        ("group", False, "No set is split: all its photos are in training, in validation or in test."),
        ("ignore", False, 'Sets were not kept together (<code>near_duplicates = "ignore"</code>).'),
        ("group", True, "The photos came split, so sets could not be kept together."),
    ],
)
def test_whether_sets_are_kept_together(near_duplicates, given, said, tmp_path) -> None:
    folder = write_example_run(tmp_path / "run", given=given)
    record = json.loads((folder / "run.json").read_text("utf-8"))
    record["settings"]["near_duplicates"] = near_duplicates
    (folder / "run.json").write_text(json.dumps(record), "utf-8")
    assert said in render_report(read_records(folder)).html
