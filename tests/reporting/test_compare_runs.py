"""Two runs side by side: every number of the page a second time, and what may be compared at all."""

import json
import shutil

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score

from headstart.reporting.compare_runs import render_comparison
from headstart.reporting.records import read_records
from headstart.reporting.write import write_comparison
from headstart_runtime.errors import SettingError, UserError
from tests.evaluation.drawn import score_of
from tests.reporting.example_run import write_example_run
from tests.reporting.page_reader import PageReader, parse_number
from tests.reporting.recomputed import Files, again


@pytest.fixture
def runs(tmp_path):
    """Two runs on the same photos and split; the second was less sure of itself, and has other classes first."""
    first = write_example_run(tmp_path / "first", test=80)
    second = tmp_path / "second"
    shutil.copytree(first, second)
    with np.load(second / "predictions.npz") as arrays:
        held_out = dict(arrays)
    chance = np.random.default_rng(9)
    said = held_out["probabilities"] * chance.uniform(0.02, 1, held_out["probabilities"].shape)
    held_out["probabilities"] = (said / said.sum(axis=1, keepdims=True)).astype(np.float32)
    np.savez(second / "predictions.npz", **held_out)
    change(second / "run.json", lambda record: record["settings"].update(head="ridge", seed=5))
    return first, second


def change(file, how):
    record = json.loads(file.read_text("utf-8"))
    how(record)
    file.write_text(json.dumps(record), "utf-8")


def expected(a: Files, b: Files) -> dict[str, float]:
    """Figures of the shared photos, by brute force; both runs have the same test photos in the same order."""
    assert list(a.id) == list(b.id)
    only_a = sum(bool(x) and not y for x, y in zip(a.right, b.right, strict=True))
    only_b = sum(bool(y) and not x for x, y in zip(a.right, b.right, strict=True))
    said = a.said.argmax(axis=1), b.said.argmax(axis=1)
    found = {
        "shared.n": a.n,
        "shared.a": accuracy_score(a.label, said[0]),
        "shared.b": accuracy_score(b.label, said[1]),
        "shared.difference": (only_b - only_a) / a.n,
        "shared.p": binomtest(only_a, only_a + only_b).pvalue,
        "shared.only_a": only_a,
        "shared.only_b": only_b,
        "shared.both_wrong": sum(~a.right & ~b.right & (said[0] != said[1])),
    }
    for index, name in enumerate(sorted({a.run["classes"][label] for label in a.label})):
        own = a.label == a.run["classes"].index(name)
        rights = a.right[own].mean(), b.right[own].mean()
        row = {"n": own.sum(), "a": rights[0], "b": rights[1], "difference": rights[1] - rights[0]}
        found |= {f"shared.class.{index}.{field}": value for field, value in row.items()}
    return found


#: A score of one run -> the same among a report's numbers.
ALIKE = {
    "n": "test.n",
    "accuracy.low": "test.accuracy.low",
    "accuracy.high": "test.accuracy.high",
    "accuracy": "test.accuracy",
    "balanced_accuracy": "test.balanced_accuracy",
    "macro_f1": "test.macro_f1",
    "log_loss": "test.log_loss",
    "ece": "calibration.after.ece",
    "brier": "calibration.after.brier",
    "coverage": "sets.reached",
    "mean_size": "sets.mean_size",
    "unfamiliar": "novelty.unfamiliar",
    "seconds": "seconds.total",
    "disk": "disk.run",
}


def test_every_number_a_second_time(runs) -> None:
    page = render_comparison(*map(read_records, runs))
    files = dict(zip("ab", map(Files, runs), strict=True))
    shared = expected(files["a"], files["b"])
    counts = shared["shared.only_b"], shared["shared.only_a"], shared["shared.n"]
    for number, value in page.numbers.items():
        run, _, name = number.partition(".")
        if number in ("shared.difference.low", "shared.difference.high"):  # where the score says 1.96
            assert abs(score_of(value, *counts)) == pytest.approx(1.96, abs=0.01)
        elif number in shared:
            assert value == pytest.approx(shared[number]), number
        elif name.startswith("item."):
            assert value == pytest.approx(again(files[run], name), rel=1e-6)
        elif run == "a":
            assert value == pytest.approx(again(files[run], ALIKE[name]), rel=2e-6), number
        else:  # the second run's own scores are of the records that its predictions were changed under
            record = read_records(runs[1])
            assert name in ALIKE
            assert name not in ("accuracy", "log_loss") or value == getattr(record.test, name)
    assert shared.keys() <= page.numbers.keys()
    assert {"a.accuracy", "b.accuracy", "a.ece", "b.seconds"} <= page.numbers.keys()


def test_what_is_read_is_what_the_numbers_say(runs) -> None:
    shown = PageReader(write_comparison(*runs, runs[0].parent / "page.html").read_text("utf-8"))
    numbers = shown.numbers
    assert {name for name, _, _ in shown.read} == numbers.keys()
    for name, form, text in shown.read:
        number, rounding = parse_number(form, text)
        assert abs(number - numbers[name]) <= 1.000001 * rounding, name


def test_the_second_run_is_held_against_the_first_and_both_are_named(runs) -> None:
    """A second run that has more photos right reads plus so many points, and is the one that is called better."""
    better, worse = runs
    forward, backward = (
        render_comparison(*map(read_records, (worse, better))),
        render_comparison(*map(read_records, runs)),
    )
    assert forward.numbers["shared.difference"] > 0
    assert forward.numbers["shared.difference"] == -backward.numbers["shared.difference"]
    assert forward.numbers["shared.difference.high"] == pytest.approx(-backward.numbers["shared.difference.low"])
    lead = " ".join(it.words for it in PageReader(forward.html).all("header"))
    assert "first less second" in lead


def test_what_differs_is_named(runs) -> None:
    shown = PageReader(render_comparison(*map(read_records, runs)).html)
    words, rows = shown.all("main")[0].words, [it.words for it in shown.all("tr")]
    assert "The photos are split the same way in both." in words
    assert "Right in first only" in words
    assert 'head"logistic""ridge"' in rows
    assert "seed05" in rows
    assert not [row for row in rows if row.startswith("folds")]


def test_classes_in_another_order_are_matched_by_name(runs) -> None:
    first, second = runs
    with np.load(second / "predictions.npz") as arrays:
        held_out = dict(arrays)
    order = np.array([5, 4, 3, 2, 1, 0])
    for name in ("probabilities", "uncalibrated", "prediction_set"):
        held_out[name] = held_out[name][:, order]
    held_out["label"] = 5 - held_out["label"]
    before = render_comparison(*map(read_records, runs)).numbers
    np.savez(second / "predictions.npz", **held_out)
    change(second / "evaluation.json", lambda it: [part["classes"].reverse() for part in it["parts"].values()])
    change(second / "run.json", lambda it: it["classes"].reverse())
    after = render_comparison(read_records(first), read_records(second)).numbers
    assert {k: v for k, v in after.items() if k.startswith("shared")} == {
        k: v for k, v in before.items() if k.startswith("shared")
    }


def test_labels_that_were_corrected_are_left_out(runs) -> None:
    with np.load(runs[1] / "predictions.npz") as arrays:
        held_out = dict(arrays)
    rows = np.flatnonzero(held_out["part"] == "test")[:7]
    held_out["label"][rows] = (held_out["label"][rows] + 1) % 6
    np.savez(runs[1] / "predictions.npz", **held_out)
    numbers = render_comparison(*map(read_records, runs)).numbers
    assert numbers["left_out"] == 7
    assert numbers["shared.n"] == 73


def test_photos_that_the_other_run_learned_from_are_counted(runs) -> None:
    def moved(split):
        ids = split["subsets"]["test"][:9]
        split["subsets"]["test"] = split["subsets"]["test"][9:]
        split["subsets"]["train"] += ids

    change(runs[1] / "split.json", moved)
    page = render_comparison(*map(read_records, runs))
    assert page.numbers["seen"] == 9
    assert "The photos are not split the same way" in page.html


def test_runs_whose_classifiers_give_no_prediction_sets(runs) -> None:
    """The record says null; the other's scores and everything else are there, a dash in place of theirs."""
    change(runs[1] / "trust.json", lambda it: it.update(prediction_sets=None))
    numbers = render_comparison(*map(read_records, runs)).numbers
    assert "a.coverage" in numbers
    assert not {"b.coverage", "b.mean_size"} & numbers.keys()


def test_runs_without_a_common_photo(tmp_path) -> None:
    runs = [write_example_run(tmp_path / str(seed), test=20, seed=seed) for seed in (1, 2)]
    page = render_comparison(*map(read_records, runs))
    assert "The runs have no test photo in common" in page.html
    assert not [name for name in page.numbers if name.startswith("shared")]
    assert PageReader(page.html).numbers["a.accuracy"] == read_records(runs[0]).test.accuracy


def test_nothing_is_overwritten(runs, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = write_comparison(*runs)
    assert file.resolve() == tmp_path / f"{runs[0].name}-versus-second.html"
    with pytest.raises(SettingError, match="not overwritten"):
        write_comparison(*runs)
    assert not (runs[0] / "report.html").exists()
    with pytest.raises(UserError, match="is not a run"):
        write_comparison(runs[0], tmp_path, tmp_path / "new.html")
    assert not (tmp_path / "new.html").exists()
