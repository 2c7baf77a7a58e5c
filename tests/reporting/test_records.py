"""A run's folder comes back as one record, and one that cannot be reported on says why."""

import io
import json
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from headstart.reporting.records import read_records
from headstart.reporting.run_records import total_seconds
from headstart.runs.predictions import to_plain
from headstart.storage.run_layout import SCHEMA_VERSION
from headstart.verbs.report import report
from headstart_runtime.errors import UserError
from tests.reporting.example_run import write_example_run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_example_run(tmp_path_factory.mktemp("records") / "run", classes=4, test=24)


@pytest.fixture
def own(tmp_path):
    """A run that a test may damage."""
    return write_example_run(tmp_path / "run", classes=3, test=12, trained=False)


def test_everything_that_was_written_is_read(folder):
    records = read_records(folder)
    run, trust, comparison = (
        json.loads((folder / f"{name}.json").read_text("utf-8")) for name in ("run", "trust", "comparison")
    )
    for record, written in ((records.run, run), (records.trust, trust), (records.comparison, comparison)):
        found = to_plain(record)
        assert found == only_keys(written, found)
    assert records.classes == tuple(run["classes"])
    assert Counter(subset.value for subset in records.split.subsets.values()) == run["split"]
    assert len(records.ledger.entries) == sum(run["files"].values())
    with np.load(folder / "predictions.npz") as arrays:
        for name in arrays.files:
            np.testing.assert_array_equal(getattr(records.predictions, name), arrays[name])


def only_keys(written, read):
    """Return what was written, without what no report needs; keys with a default need not have been written."""
    if isinstance(read, dict):
        return {key: only_keys(written[key], value) if key in written else value for key, value in read.items()}
    if isinstance(read, list):
        return [only_keys(one, other) for one, other in zip(written, read, strict=True)]
    return written


def test_the_rows_of_a_part_are_those_of_its_photos_in_order(folder):
    every = read_records(folder).predictions
    test = every.subset("test")
    assert len(test) == 24
    assert set(test.part) == {"test"}
    assert list(test.id) == [id_ for id_, part in zip(every.id, every.part, strict=True) if part == "test"]
    said = [max(range(4), key=lambda k, row=row: row[k]) for row in test.probabilities.tolist()]
    assert test.predicted.tolist() == said
    assert test.right.tolist() == [a == b for a, b in zip(said, test.label, strict=True)]
    assert test.confidence.tolist() == [max(row) for row in test.probabilities.tolist()]


def test_the_records_agree_with_the_predictions(folder):
    records = read_records(folder)
    test = records.predictions.subset("test")
    assert records.test.accuracy == test.right.mean()
    assert sum(map(sum, records.test.confusion)) == len(test)


def test_previews_are_unpacked_when_asked_for(folder):
    records = read_records(folder)
    known = next(iter(records.predictions.id.tolist()))
    assert Image.open(io.BytesIO(records.previews[known].content)).size == (128, 96)
    assert f"heat/{records.trust.explained.ids[0]}" in records.previews
    assert "no such photo" not in records.previews
    assert len(records.previews) == len(list(records.previews))
    assert records.previews["sheet"].content.startswith(b"\xff\xd8\xff")


def test_a_run_without_pictures_has_none(tmp_path):
    assert dict(read_records(write_example_run(tmp_path / "bare", classes=2, test=12, bare=True)).previews) == {}


def test_a_photo_is_called_by_its_name(folder):
    records = read_records(folder)
    id_ = str(records.predictions.id[0])
    assert records.name(id_) == records.trust.names[id_]
    assert records.name("unheard of") == "unheard of"


@pytest.mark.parametrize("name", ["trust.json", "predictions.npz"])
def test_a_run_that_was_made_without_the_report_says_what_to_do(own, name):
    (own / name).unlink()
    with pytest.raises(UserError, match=rf"has no {name}.* fit again with report on"):
        read_records(own)


def test_what_is_no_run_is_not_read(tmp_path):
    with pytest.raises(UserError, match="no finished run in it; give the folder"):
        read_records(tmp_path)
    with pytest.raises(UserError, match="there is no such folder"):
        read_records(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["trust.json", "comparison.json", "run.json"])
def test_another_schema_is_not_read(own, name):
    record = json.loads((own / name).read_text("utf-8"))
    (own / name).write_text(json.dumps({**record, "schema_version": 99}), "utf-8")
    with pytest.raises(UserError, match=rf"{name}.*schema version 99, this headstart reads {SCHEMA_VERSION}"):
        read_records(own)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("trust.json", b"{"),
        ("trust.json", b"[]"),
        ("evaluation.json", b'{"schema_version": %d, "parts": {}}' % SCHEMA_VERSION),
        ("trust.json", b'{"schema_version": %d, "names": {}}' % SCHEMA_VERSION),
        ("predictions.npz", b"PK\x03\x04 half"),
        ("previews.npz", b"nothing of the kind"),
    ],
)
def test_a_damaged_file_is_named(own, name, content):
    (own / name).write_bytes(content)
    with pytest.raises(UserError, match=rf"{name}.*cannot be read: .*; restore the file or fit again"):
        len(read_records(own).previews)


def test_arrays_that_do_not_belong_together_are_not_read(own):
    with np.load(own / "predictions.npz") as arrays:
        found = dict(arrays)
    np.savez(own / "predictions.npz", **{**found, "probabilities": found["probabilities"][:, :2]})
    with pytest.raises(UserError, match=r"probabilities has shape \(\d+, 2\), wanted \(\d+, 3\)"):
        read_records(own)


@pytest.mark.parametrize(
    ("name", "key", "value", "problem"),
    [
        ("comparison.json", "arms", [], "no arm has won"),
        ("trust.json", "classes_of", {"a": 10**30}, "is none of 3"),
        (
            "trust.json",
            "issues",
            {"items": [], "counts": {"x": 1}, "imbalance": 1.0, "confusable": []},
            "other classes",
        ),
    ],
)
def test_files_that_contradict_each_other_are_named(own, name, key, value, problem):
    record = json.loads((own / name).read_text("utf-8"))
    (own / name).write_text(json.dumps({**record, key: value}), "utf-8")
    with pytest.raises(UserError, match=rf"{name}.*cannot be read: .*{problem}"):
        read_records(own)


def test_predictions_of_other_samples_are_not_read(own):
    with np.load(own / "predictions.npz") as arrays:
        found = dict(arrays)
    for key, value, problem in (("part", "train", "0 samples of the part 'validation'"), ("label", 3, "none of 3")):
        np.savez(own / "predictions.npz", **{**found, key: np.full_like(found[key], value)})
        with pytest.raises(UserError, match=rf"predictions.npz.*cannot be read: .*{problem}"):
            read_records(own)


def test_scores_of_no_samples_are_not_read(own):
    record = json.loads((own / "evaluation.json").read_text("utf-8"))
    record["parts"]["test"]["n"] = 0
    (own / "evaluation.json").write_text(json.dumps(record), "utf-8")
    with pytest.raises(UserError, match=r"evaluation.json.*the part 'test' has no samples"):
        read_records(own)


def test_a_page_of_records_that_do_not_fit_together_is_one_line(own):
    record = json.loads((own / "evaluation.json").read_text("utf-8"))
    record["parts"]["test"]["confusion"] = []
    (own / "evaluation.json").write_text(json.dumps(record), "utf-8")
    with pytest.raises(UserError, match=r"cannot be shown: .* does not fit together"):
        report(own)


def test_a_name_that_no_system_can_hold_is_no_run():
    with pytest.raises(UserError, match="is not a run: there is no such folder"):
        report("x" * 300)


def test_pickles_are_not_read(own):
    with np.load(own / "predictions.npz") as arrays:
        found = dict(arrays)
    np.savez(own / "predictions.npz", **{**found, "id": np.array(found["id"], dtype=object)})
    with pytest.raises(UserError, match=r"predictions.npz.*cannot be read"):
        read_records(own)


def test_a_run_has_one_time(folder):
    record = json.loads((folder / "run.json").read_text("utf-8"))
    assert read_records(folder).seconds == total_seconds(record) == 5.75
    assert total_seconds({"seconds": {"read": 1.0, "fit": 2.5, "report": 9.0}}) == 3.5, "not finished by a fit"
