"""What a user types in Python: names that are offered, runs as arguments, clear errors."""

import numpy as np
import pytest

import headstart
from headstart.events import Note
from headstart.pipeline.evaluate import evaluate
from headstart_runtime.errors import ClassifierError, DataError, SettingError, UserError
from headstart_runtime.explanation.explainer import Explainer


def test_the_public_names_are_offered() -> None:
    assert set(headstart.__all__) <= set(dir(headstart))


def test_a_run_is_short_and_stands_for_its_folder(warm) -> None:
    run = headstart.open_run(warm.run)
    assert repr(run) == f"Run({str(warm.run)!r}, test {run.test.describe(run.noun)})"
    assert headstart.open_run(run).folder == run.folder.absolute()
    assert headstart.load(run).classes == run.classes
    assert headstart.load(run.classifier).folder == run.classifier.folder


def test_what_is_no_folder_is_said_to_be_none() -> None:
    with pytest.raises(ClassifierError, match="cannot be loaded from NoneType; wanted the path of a model folder"):
        headstart.load(None)
    with pytest.raises(UserError, match="cannot be opened from NoneType; wanted the path of a run's folder"):
        headstart.open_run(None)
    with pytest.raises(SettingError, match="listener is int; wanted a function that takes an event"):
        headstart.fit("nowhere", listener=3)


def test_paths_that_lead_nowhere_are_not_learnt_from() -> None:
    with pytest.raises(DataError, match=r"none of the 2 rows of .* is a usable photo \(skipped: 2 missing file\)"):
        headstart.fit(["a.jpg", "b.jpg"], labels=["x", "y"])
    entries = headstart.check(["a.jpg", "b.jpg"], labels=["x", "y"]).data.samples.ledger.entries
    assert [(entry.name, entry.reason) for entry in entries] == [("a.jpg", "missing file"), ("b.jpg", "missing file")]


def test_what_is_said_of_an_array_ends_with_what_to_do(warm) -> None:
    with pytest.raises(DataError, match=r"no pixels; leave it out$"):
        headstart.load(warm.run).predict(np.zeros((0, 4, 3), np.uint8))
    with pytest.raises(DataError) as told:
        Explainer(warm.run / "model").explain(np.zeros((4, 4, 3)))
    assert "viewer" not in str(told.value)


def test_evaluating_on_photos_that_were_learnt_from_says_so(warm) -> None:
    told: list[object] = []
    evaluate(warm.run, warm.photos, listener=told.append)
    parts = headstart.open_run(warm.run).record["split"]
    seen, count = parts["train"] + parts["validation"], sum(parts.values())
    wanted = f"{seen} of {count} photos are among those that the classifier was made from: the score flatters"
    assert wanted in [it.text for it in told if isinstance(it, Note)]
