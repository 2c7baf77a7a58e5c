"""From a table with numbers to a saved model that answers them with intervals, tested and read again."""

import json
from pathlib import Path

import numpy as np
import pytest

import headstart
from headstart.cli.main import run as run_command
from headstart_runtime.errors import DataError, SettingError
from tests.conftest import Warm

from .drawn import draw_table

COLUMN = "light (lm)"


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_table(tmp_path_factory.mktemp("numbers") / "grey", count=60)


def test_numbers_are_found_fitted_and_answered(small: Warm, table: Path, tmp_path: Path) -> None:
    run = small.fit(table, label_column=COLUMN, out=tmp_path / "run")
    assert run.task.name == "regression"
    assert any("are read for regression" in note and "--task classification if not" in note for note in run.notes)
    assert run.test.mean_absolute_error < 3, "of numbers from 2 to 23.6"
    assert run.test.relative_error < 0.6
    answer = run.classifier.predict(table.parent / "0.png")
    assert answer.unit == "lm"
    low, high = answer.interval
    assert low < answer.value < high
    several = run.classifier.predict(sorted(table.parent.glob("*.png")))
    assert abs(answer.value - several[0].value) < 0.3
    again = headstart.open_run(tmp_path / "run")
    assert again.test == run.test
    assert headstart.evaluate(run, table, label_column=COLUMN).relative_error < 0.6
    record = json.loads((tmp_path / "run" / "model" / "model.json").read_text("utf-8"))
    assert record["space"]["names"] == ["light (lm)"]
    assert record["postprocessor"]["intervals"]["coverage"] == 0.9
    assert record["parity"]["mean_difference"] < 0.01


def test_the_command_line_answers_numbers(
    small: Warm, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = small.words(
        "--label-column",
        COLUMN,
        "--out",
        tmp_path / "run",
        "--coverage",
        "0.8",
        "--intervals",
        "constant",
        source=table,
    )
    assert run_command([*words, "--quiet"]) == 0
    assert " lm (95 % interval" in capsys.readouterr().out
    model = tmp_path / "run" / "model"
    assert run_command(["predict", str(model), str(table.parent / "0.png"), "--csv"]) == 0
    header, row = capsys.readouterr().out.splitlines()
    assert header == "source,value,low,high,novelty,out_of_distribution,error,repaired,note"
    _, value, low, high = map(float, ["0", *row.split(",")[1:4]])
    assert low < value < high
    assert run_command(["predict", str(model), str(table.parent / "0.png")]) == 0
    assert " lm (" in capsys.readouterr().out


def test_several_numbers_at_once_some_of_them_missing(small: Warm, tmp_path: Path) -> None:
    table = draw_table(tmp_path / "grey", several=True)
    run = small.fit(table, out=tmp_path / "run", task="regression", label_column="light (lm),double")
    assert run.record["classes"] == ["light (lm)", "double"]
    answer = run.classifier.predict(table.parent / "0.png")
    assert answer.value["double"] == pytest.approx(2 * answer.value["light (lm)"], rel=0.2)
    assert run.test.numbers[1].n < run.test.numbers[0].n
    csv = (tmp_path / "run" / "predictions.csv").read_text("utf-8").splitlines()[0]
    assert "double low" in csv


def test_what_numbers_do_not_have_is_refused(small: Warm, table: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="has no head 'logistic'"):
        small.fit(table, label_column=COLUMN, out=tmp_path / "run", task="regression", head="logistic")
    with pytest.raises(SettingError, match="vote"):
        small.fit(table, label_column=COLUMN, out=tmp_path / "run", task="regression", arms="linear-probe,vote")
    text = table.read_text("utf-8").replace("0.png,", "0.png,about ", 1)
    (tmp_path / "wrong").mkdir()
    for photo in table.parent.glob("*.png"):
        (tmp_path / "wrong" / photo.name).write_bytes(photo.read_bytes())
    (tmp_path / "wrong" / "table.csv").write_text(text, "utf-8")
    with pytest.raises(DataError, match="is not a number"):
        small.fit(tmp_path / "wrong" / "table.csv", label_column=COLUMN, out=tmp_path / "run")


def test_ways_are_compared_and_joined(small: Warm, table: Path, tmp_path: Path) -> None:
    run = small.fit(table, label_column=COLUMN, out=tmp_path / "run", arms="linear-probe,intermediate-probe,average")
    assert {arm["name"] for arm in run.record["arms"]} == {"linear-probe", "intermediate-probe", "average"}
    assert "mean error of" in run.record["choice"]["reason"]


@pytest.mark.slow
def test_a_network_is_trained_in_the_unit_of_the_numbers(small: Warm, table: Path, tmp_path: Path) -> None:
    run = small.fit(
        table, label_column=COLUMN, out=tmp_path / "run", strategy="partial-finetune", epochs=3, batch_size=8
    )
    curve = run.record["arms"][0]["curves"]
    assert [epoch["number"] for epoch in curve] == [0, 1, 2, 3]
    assert min(epoch["validation_score"] for epoch in curve) < 3
    answers = run.classifier.predict(sorted(table.parent.glob("*.png")))
    assert np.isfinite([one.value for one in answers]).all()
    assert run.test.mean_absolute_error < 3
