"""Ordered classes go the whole way: fitted, saved, asked, scored, by the functions and the command line."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import headstart
from headstart.cli.main import run as run_command
from headstart.runs.run import Run
from headstart_runtime.errors import HeadstartError
from tests.conftest import Warm

GRADES = ("dark", "dim", "light", "glaring")  #: whose natural order is another


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos of one brightness each, in a folder for each grade."""
    chance = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("grades")
    for number in range(64):
        grade = number % 4
        level = 20 + 60 * grade + int(chance.integers(0, 50))
        pixels = np.clip(chance.normal(level, 6, (48, 48, 3)), 0, 255).astype(np.uint8)
        (folder / GRADES[grade]).mkdir(exist_ok=True)
        Image.fromarray(pixels).save(folder / GRADES[grade] / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def run(small: Warm, photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    out = tmp_path_factory.mktemp("run") / "run"
    return small.fit(photos, out=out, task="ordinal", order=",".join(GRADES), report=True)


def test_a_run_is_scored_by_ranks_and_opened_again(run: Run) -> None:
    assert run.task.name == "ordinal"
    assert run.classifier.classes == GRADES
    assert run.test.mae < 0.5
    assert run.test.quadratic_kappa > 0.7
    again = headstart.open_run(run.folder)
    assert again.test == run.test
    record = json.loads((run.folder / "model" / "model.json").read_text("utf-8"))
    assert record["space"]["facts"]["order"] == list(GRADES)
    assert (run.folder / "report.html").is_file()


def test_answers_have_a_rank_and_a_range(run: Run, photos: Path) -> None:
    files = sorted(photos.glob("*/*.png"))
    answers = run.classifier.predict(files)
    off = [abs(answer.rank - GRADES.index(file.parent.name)) for answer, file in zip(answers, files, strict=True)]
    assert np.mean(off) < 0.4
    for answer in answers:
        assert answer.label == GRADES[answer.rank]
        assert answer.probabilities.sum() == pytest.approx(1, abs=1e-5)
        low, high = (GRADES.index(name) for name in answer.range)
        assert low <= answer.rank <= high
        assert answer.prediction_set == GRADES[low : high + 1]
    one = run.classifier.predict(files[0])
    assert one.probabilities == pytest.approx(answers[0].probabilities, abs=1e-3)
    said = one.to_json(2)
    assert said["rank"] == one.rank
    assert list(said["probabilities"]) == list(GRADES)
    _, broken = run.classifier.predict([files[0], b"nothing"])
    assert broken.error
    assert broken.to_json().keys() == said.keys()
    assert len(broken.to_cells(1)) == len(run.task.answer_columns(1, run.classifier.record.space))


@pytest.mark.slow
def test_the_command_line_fits_predicts_and_evaluates(
    small: Warm, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = small.words("--order", ",".join(GRADES), "--out", tmp_path / "run", source=photos)
    assert run_command([*words, "--quiet"]) == 0
    assert "Test MAE of ranks" in capsys.readouterr().out
    model = str(tmp_path / "run" / "model")
    assert run_command(["predict", model, str(photos / "dim" / "1.png"), "--csv"]) == 0
    header, row = csv.reader(capsys.readouterr().out.splitlines())
    assert header[:6] == ["source", "label", "rank", "probability", "range_low", "range_high"]
    assert row[1] == GRADES[int(row[2])]
    assert run_command(["evaluate", model, str(photos), "--quiet"]) == 0
    assert "quadratic kappa" in capsys.readouterr().out


def test_a_saved_model_is_scored_on_some_of_its_classes(run: Run, photos: Path, tmp_path: Path) -> None:
    for name in ("dark", "glaring"):
        (tmp_path / "some" / name).mkdir(parents=True)
        for file in (photos / name).glob("*.png"):
            (tmp_path / "some" / name / file.name).write_bytes(file.read_bytes())
    found = headstart.evaluate(run.folder, tmp_path / "some")
    assert found.mae < 0.5
    assert found.per_class[1].recall is None


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"task": "ordinal"}, "the order of the classes 'dark', 'dim', 'glaring' and 1 more is not known"),
        ({"order": "dark,dim,light"}, "misses the class 'glaring'"),
        ({"order": "dark,dim,light,glaring,blinding"}, "names 'blinding', of which there is no sample"),
        ({"order": "dark,dim,light,dim,glaring"}, "names 'dim' twice"),
        ({"order": "dark,dim,light,glaring", "arms": "vote"}, "vote"),
        ({"order": "dark,dim,light,glaring", "head": "lda"}, "has no head 'lda'"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_line(
    small: Warm, photos: Path, tmp_path: Path, settings: dict[str, str], words: str
) -> None:
    with pytest.raises(HeadstartError, match=words) as caught:
        small.fit(photos, out=tmp_path / "run", **settings)
    assert "\n" not in str(caught.value)


def test_grades_of_numbers_are_proposed_and_not_taken(small: Warm, tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 255, (40, 40, 40, 3)).astype(np.uint8)
    labels = 1 + np.arange(40) % 5
    run = small.fit((images, labels), out=tmp_path / "plain")
    assert run.task.name == "classification"
    assert any("they may be grades, from '1' to '5'; --task ordinal if so" in note for note in run.notes)
    ordered = small.fit((images, labels), out=tmp_path / "ordered", task="ordinal")
    assert ordered.classifier.classes == ("1", "2", "3", "4", "5")


@pytest.mark.slow
def test_a_network_is_trained_for_it(small: Warm, photos: Path, tmp_path: Path) -> None:
    run = small.fit(
        photos, out=tmp_path / "run", order=",".join(GRADES), strategy="partial-finetune", epochs=2, batch_size=8
    )
    curve = run.record["arms"][0]["curves"]
    assert [epoch["number"] for epoch in curve] == [0, 1, 2]
    assert min(epoch["validation_score"] for epoch in curve) < 1
    answers = run.classifier.predict(sorted(photos.glob("*/*.png")))
    assert all(answer.range is not None for answer in answers)


@pytest.mark.slow
def test_heads_that_are_averaged_keep_ranges(small: Warm, photos: Path, tmp_path: Path) -> None:
    run = small.fit(
        photos, out=tmp_path / "run", order=",".join(GRADES), arms="linear-probe,intermediate-probe,average"
    )
    answer = run.classifier.predict(photos / "dim" / "1.png")
    assert answer.probabilities.sum() == pytest.approx(1, abs=1e-5)
