"""Records as JSON, predictions as arrays and as a table."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from headstart.data.samples import Sample, Subset
from headstart.data.sources import ArraySource
from headstart.runs.predictions import save_predictions, save_trust, to_plain
from headstart.tasks.classification.targets import make_class_space
from headstart_runtime.inference.postprocess import BatchPredictions
from headstart_runtime.tasks.classification.postprocessor import make_batch
from tests.groups import by_content


def sample(number: int, label: int) -> Sample:
    source = ArraySource(np.zeros((1, 2, 2), np.uint8), 0)
    return Sample(f"a,b/{number}.jpg", f"{number:040x}", label, by_content(""), None, source)


def answers(photos: int, seed: int, classes: int = 3) -> BatchPredictions:
    chance = np.random.default_rng(seed)
    rows = chance.dirichlet(np.ones(classes), photos).astype(np.float32)
    novelty = chance.uniform(0, 2, photos).astype(np.float32)
    novelty[0] = np.nan
    return make_batch(rows, rows[:, ::-1].copy(), rows > 0.3, novelty)


@dataclass(frozen=True)
class Inner:
    """A record in a record."""

    part: Subset
    value: float


@dataclass(frozen=True)
class Outer:
    """A record."""

    inner: tuple[Inner, ...]
    array: np.ndarray


def test_records_become_plain_values_and_what_is_no_number_becomes_none() -> None:
    value = Outer((Inner(Subset.TEST, float("nan")), Inner(Subset.TRAIN, 0.5)), np.array([[1.0, np.inf]], np.float32))
    assert to_plain({"a": value, 3: np.int64(4), "b": (True, None, "x")}) == {
        "a": {"inner": [{"part": "test", "value": None}, {"part": "train", "value": 0.5}], "array": [[1.0, None]]},
        "3": 4,
        "b": [True, None, "x"],
    }


def test_the_record_has_a_schema_version_and_reads_back(tmp_path) -> None:
    save_trust({"worst": float("-inf"), "name": "Käfer"}, tmp_path / "trust.json")
    text = (tmp_path / "trust.json").read_text("utf-8")
    assert json.loads(text) == {"schema_version": 1, "worst": None, "name": "Käfer"}
    assert "Infinity" not in text


def test_predictions_read_back_without_pickle(tmp_path) -> None:
    first, second = answers(2, 1), answers(3, 2)
    held_out, test = [sample(1, 0), sample(2, 1)], [sample(3, 2), sample(4, 2), sample(5, 0)]
    save_predictions(tmp_path, [("validation", held_out, first), ("test", test, second)], make_class_space("xyz"))
    with np.load(tmp_path / "predictions.npz", allow_pickle=False) as kept:
        assert kept["id"].tolist() == [it.id for it in [*held_out, *test]]
        assert kept["part"].tolist() == ["validation"] * 2 + ["test"] * 3
        assert kept["label"].tolist() == [0, 1, 2, 2, 0]
        np.testing.assert_array_equal(
            kept["probabilities"], np.concatenate([first.probabilities, second.probabilities])
        )
        np.testing.assert_array_equal(kept["uncalibrated"][2:], second.uncalibrated)
        np.testing.assert_array_equal(kept["prediction_set"][:2], first.prediction_set)
        np.testing.assert_array_equal(kept["out_of_distribution"], [*(first.novelty > 1), *(second.novelty > 1)])
        assert np.isnan(kept["novelty"][0])


def test_the_table_says_the_same(tmp_path) -> None:
    given = answers(4, 3)
    save_predictions(
        tmp_path,
        [("test", [sample(it, label) for it, label in enumerate([2, 1, 0, 1])], given)],
        make_class_space("xyz"),
    )
    with (tmp_path / "predictions.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["sample"] for row in rows] == [f"a,b/{number}.jpg" for number in range(4)]
    assert [row["label"] for row in rows] == ["z", "y", "x", "y"]
    for row, probabilities, inside, novelty in zip(
        rows, given.probabilities, given.prediction_set, given.novelty, strict=True
    ):
        assert row["predicted"] == "xyz"[probabilities.argmax()]
        assert float(row["probability"]) == pytest.approx(probabilities.max(), abs=1e-6)
        assert sorted(row["prediction_set"]) == sorted(
            "".join(np.array(list("xyz"))[inside]) + "|" * (inside.sum() - 1)
        )
        assert row["novelty"] == ("" if np.isnan(novelty) else f"{novelty:.4f}")
        assert row["out_of_distribution"] == ("" if np.isnan(novelty) else "yes" if novelty > 1 else "no")


def test_a_set_is_named_likeliest_first(tmp_path: Path) -> None:
    rows = np.array([[0.2, 0.5, 0.3]], np.float32)
    given = make_batch(rows, rows, np.array([[True, True, True]]), np.array([0.5], np.float32))
    save_predictions(tmp_path, [("test", [sample(1, 1)], given)], make_class_space("abc"))
    assert "b|c|a" in (tmp_path / "predictions.csv").read_text()


def test_a_classifier_without_sets_and_novelty_names_the_likeliest_class_and_declines_nothing(tmp_path) -> None:
    rows = np.array([[0.2, 0.5, 0.3], [0.4, 0.3, 0.3]], np.float32)
    save_predictions(
        tmp_path, [("test", [sample(1, 1), sample(2, 1)], make_batch(rows, rows, None, None))], make_class_space("xyz")
    )
    with np.load(tmp_path / "predictions.npz", allow_pickle=False) as kept:
        assert kept["prediction_set"].tolist() == [[False, True, False], [True, False, False]]
        assert np.isnan(kept["novelty"]).all()
        assert not kept["out_of_distribution"].any()


def test_names_that_a_spreadsheet_would_run_are_text_in_the_table(tmp_path: Path) -> None:
    rows = np.array([[0.2, 0.8]], np.float32)
    given = make_batch(rows, rows, None, np.array([-0.5], np.float32))
    save_predictions(tmp_path, [("test", [sample(1, 1)], given)], make_class_space(("@a", "=b")))
    with (tmp_path / "predictions.csv").open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert (row["label"], row["predicted"], row["prediction_set"]) == ("'=b", "'=b", "'=b")
    assert row["novelty"] == "-0.5000"
