"""A threshold on the whole way: chosen by a fit, saved, in the graph, in answers, scores, tables and the report."""

import csv
import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

import headstart
from headstart.cli.main import run as run_command
from headstart.reporting.records import read_records
from headstart_runtime.errors import DataError, SettingError, UserError
from headstart_runtime.explanation.explainer import Explainer
from headstart_runtime.inference.graph_inputs import load_graph_inputs
from headstart_runtime.modalities.given import open_item
from headstart_runtime.tasks.threshold_task import make_threshold_rule
from tests.conftest import Warm, draw_photos
from tests.tasks.amount import TASK


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_photos(tmp_path_factory.mktemp("screening") / "parts", classes=("defect", "ok"), each=18)


@pytest.fixture(scope="module")
def run(small: Warm, photos: Path) -> headstart.Run:
    return small.fit(photos, out=photos.parent / "run", operating_point="recall=0.9", report=True)


@pytest.fixture(scope="module")
def files(photos: Path) -> list[Path]:
    return sorted(photos.rglob("*.*"))


def test_the_threshold_is_saved_and_told(run: headstart.Run) -> None:
    record = json.loads((run.folder / "model" / "model.json").read_text("utf-8"))["postprocessor"]["decision"]
    assert (record["positive"], record["wish"]) == (0, {"kind": "recall", "value": 0.9})
    assert 0 <= record["threshold"] <= 1
    notes = json.loads((run.folder / "run.json").read_text("utf-8"))["notes"]
    assert "'defect' is taken for the positive class, by its name; --positive names another" in notes
    screening = run.test.screening
    assert (screening.positive, screening.threshold) == ("defect", record["threshold"])
    assert "defect&#x27;, predicted from a probability of" in run.classifier._repr_html_()


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_labels_obey_it_and_probabilities_stay(run: headstart.Run, files: list[Path], engine: str) -> None:
    classifier = headstart.load(run.folder, engine)  # type: ignore[arg-type]
    least = classifier.record.postprocessor.decision.threshold
    for one in classifier.predict(files):
        told = one.probabilities[0] >= np.float32(least)
        assert one.label == ("defect" if told else "ok")
        assert one.probability == pytest.approx(float(one.probabilities[0 if told else 1]))
        assert one.describe().startswith(one.label)
        assert one.to_cells()[0] == one.label


def test_another_threshold_is_taken_at_prediction(run: headstart.Run, files: list[Path]) -> None:
    classifier = run.classifier
    assert {one.label for one in classifier.predict(files, threshold=0)} == {"defect"}
    strict = classifier.predict(files, threshold=0.999)
    assert [one.label for one in strict] == [
        "defect" if one.probabilities[0] >= np.float32(0.999) else "ok" for one in strict
    ]
    assert classifier.predict(files[0], threshold=0.0).label == "defect"
    assert {one.label for one in headstart.predict(run, files, threshold=0.0)} == {"defect"}
    parts = files[0].parents[1]
    every = headstart.evaluate(run, parts, threshold=0.0).screening
    assert (every.threshold, every.wish, every.missed, every.cleared) == (0.0, None, 0, 0)
    assert headstart.evaluate(run, parts).screening.threshold == run.test.screening.threshold
    for refused in (
        lambda: classifier.predict(files, threshold=1.5),
        lambda: headstart.evaluate(run, parts, threshold=1.5),
    ):
        with pytest.raises(SettingError, match=r"threshold is 1\.5; wanted a probability, 0 to 1"):
            refused()


def test_the_command_line_takes_one(run: headstart.Run, files: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    words = ["predict", str(run.folder), *map(str, files[-3:]), "--csv", "--threshold", "0"]
    assert run_command(words) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [row["label"] for row in rows] == ["defect"] * 3
    assert run_command(["evaluate", str(run.folder), str(files[0].parents[1]), "--quiet"]) == 0
    out = capsys.readouterr().out
    assert "'defect' predicted from a probability of 0." in out
    assert "sensitivity" in out
    words = ["evaluate", str(run.folder), str(files[0].parents[1]), "--quiet", "--threshold", "0"]
    assert run_command(words) == 0
    out = capsys.readouterr().out
    assert "'defect' predicted from a probability of 0 on" in out
    assert "sensitivity 100.0%" in out
    assert out.strip().startswith("100.0% of the given photos of 'defect' found (18 of 18, 95 % interval ")


def test_the_graph_gives_the_class_that_is_told(run: headstart.Run, files: list[Path]) -> None:
    record = run.classifier.record
    session = onnxruntime.InferenceSession(run.folder / "model" / "model.onnx", providers=["CPUExecutionProvider"])
    output = next(one for one in session.get_outputs() if one.name == "predicted")
    assert (output.type, output.shape) == ("tensor(int64)", [])
    for file in files[::9]:
        inputs = dict(load_graph_inputs(open_item(record.modality, file), record))
        said, told = session.run(["probabilities", "predicted"], inputs)
        assert told == record.postprocessor.decision.predict(said[None])[0]


def test_a_heat_map_is_of_the_predicted_class(run: headstart.Run, files: list[Path]) -> None:
    explainer, few = Explainer(run.folder), files[::12]
    labels = [one.label for one in run.classifier.with_engine("onnxruntime").predict(few)]
    assert [explainer.explain(file).label for file in few] == labels


def test_what_a_run_keeps_is_told_by_it(run: headstart.Run) -> None:
    with np.load(run.folder / "predictions.npz") as arrays:
        told, labels, test = arrays["predicted"], arrays["label"], arrays["part"] == "test"
    with (run.folder / "predictions.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["predicted"] for row in rows] == [("defect", "ok")[index] for index in told]
    assert run.test.accuracy == np.mean(told[test] == labels[test])
    assert run.validation.accuracy == np.mean(told[~test] == labels[~test]), "by the threshold, as on test"
    assert run.validation.screening.threshold == run.test.screening.threshold
    engines = run.classifier.record.engines
    assert all(one.score == run.test.accuracy for one in engines.scores.values()), "few photos: both answered all"
    assert len(run.misclassified()) == int((told != labels)[test].sum())
    page = (run.folder / "report.html").read_text("utf-8")
    assert "<h1>Looks for defect</h1>" in page
    assert "as <code>recall=0.9</code> was asked for" in page
    assert "It is not surely better than always saying" not in page
    assert "which was chosen for <code>recall=0.9</code>" in page
    assert "Is acting on it worth it?" in page or "is acting on it worth it?" in page
    assert "; each way is compared by its likeliest class, for a threshold is chosen only for the one" in page
    records = read_records(run.folder)
    answers = records.predictions.subset("test")
    assert np.mean(answers.right) == run.test.accuracy
    least = np.float32(run.test.screening.threshold)
    away = np.where(answers.probabilities[:, 0] >= least, 1 - least, least)
    np.testing.assert_allclose(
        answers.sureness, 0.5 + 0.5 * np.abs(answers.probabilities[:, 0] - least) / away, atol=1e-6
    )
    bins = records.trust.calibration.after.bins
    assert sum(one.n * one.accuracy for one in bins) == pytest.approx(answers.right.sum()), "of what is told"
    assert sum(one.n * one.confidence for one in bins) == pytest.approx(answers.confidence.sum(), rel=1e-6)
    card = (run.folder / "model-card.md").read_text("utf-8")
    assert "- **Positive class:** defect, predicted from a probability of 0." in card
    assert "`predicted` (the index of the predicted class)" in card


def test_too_few_positives_are_refused_before_a_network_runs(small: Warm, photos: Path, tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"takes 19 of 'defect' at least that can be held out .*, and there are 1\d; add"
    ):
        small.fit(photos, out=tmp_path / "run", operating_point="recall=0.95", store=tmp_path / "store")
    assert not (tmp_path / "run").exists()
    with pytest.raises(DataError, match=r"takes 9 of 'defect' at least that can be held out .*, and there are 3"):
        small.fit(photos, out=tmp_path / "run", operating_point="recall=0.9", refit="never")


def test_a_class_that_is_looked_for_has_to_be_known(small: Warm, tmp_path: Path) -> None:
    cats = draw_photos(tmp_path / "animals", classes=("cats", "dogs"), each=5)
    with pytest.raises(
        SettingError, match=r"wants a positive class, .* name it with positive, such as positive 'dogs'"
    ):
        small.fit(cats, out=tmp_path / "run", operating_point="cost=5:1")
    with pytest.raises(SettingError, match=r"positive 'cat' is no class of this data; .*cats"):
        small.fit(cats, out=tmp_path / "run", positive="cat")


def test_one_of_several_classes_is_held_against_the_rest(small: Warm, tmp_path: Path) -> None:
    run = small.fit(out=tmp_path / "run", positive="discs", operating_point="cost=20:1")
    assert run.test.screening.positive == "discs"
    assert run.test.screening.threshold == pytest.approx(1 / 21)
    labels = {one.label for one in run.classifier.predict(sorted(small.photos.rglob("*.*"))[::4], threshold=1.0)}
    assert "discs" not in labels
    assert labels <= {"checks", "stripes"}


def test_a_model_that_says_no_class_and_a_task_without_thresholds_refuse_one(small: Warm) -> None:
    with pytest.raises(
        SettingError, match="a threshold is of one class, and this model was fitted without a positive class"
    ):
        headstart.load(small.run).predict(sorted(small.photos.rglob("*.*"))[0], threshold=0.3)
    with pytest.raises(UserError, match="has no threshold of an answer here"):
        make_threshold_rule(0.3, TASK, None, None)  # type: ignore[arg-type]
