"""The leaderboard as records, JSON, Markdown and CSV: the same numbers in each."""

import csv
import io
import json
from dataclasses import fields, replace
from types import SimpleNamespace
from typing import Any

import pytest

from headstart.selection import leaderboard
from headstart.selection.leaderboard import LeaderboardRow
from headstart.tasks.classification.evaluation import score_predictions
from headstart.training.cost import Cost
from headstart.training.curves import Epoch
from headstart_runtime.tasks.task import get_task
from tests.selection.drawn import CLASSES, TARGETS, arm, probabilities

MEASURE = get_task("classification").measure

CURVES = (Epoch(0, 0.0, 1.1, 0.5, 1.2, 0.4, 1.1, 0.1), Epoch(1, 5e-4, 0.9, 0.75, 1.0, 0.625, 0.9, 2.25))


@pytest.fixture
def board() -> tuple[LeaderboardRow, ...]:
    knobs: dict[str, Any] = {"planned_epochs": 17, "best_epoch": 1, "curves": CURVES}
    trained = arm("full-finetune", 0.9, parameters=4_000_000, seconds=12.25, memory=5, disk=6, **knobs)
    comparison: Any = SimpleNamespace(
        arms=(arm("linear-probe", 0.8), trained),
        predicted={"full-finetune": Cost(10.5, 50, 60)},
        choice=SimpleNamespace(winner="full-finetune"),
    )
    tests = {"full-finetune": score_predictions("test", TARGETS, probabilities(0.85), CLASSES)}
    return leaderboard.build_leaderboard(comparison, SimpleNamespace(tests=tests))  # type: ignore[arg-type]


def test_rows_say_what_the_arms_say(board: tuple[LeaderboardRow, ...]) -> None:
    probe, trained = board
    assert (probe.arm, probe.winner, trained.arm, trained.winner) == ("linear-probe", False, "full-finetune", True)
    said = score_predictions("validation", TARGETS, probabilities(0.9), CLASSES)
    assert (trained.validation_score, trained.validation_loss) == (0.9, said.log_loss)
    assert (trained.validation_low, trained.validation_high) == (
        said.accuracy_interval.low,
        said.accuracy_interval.high,
    )
    assert trained.test_score == 0.85
    assert (trained.seconds, trained.predicted_seconds) == (12.25, 10.5)
    assert (trained.memory, trained.predicted_memory, trained.disk, trained.predicted_disk) == (5, 50, 6, 60)
    unseen = (probe.test_loss, probe.test_score, probe.test_low, probe.test_high)
    assert unseen == (None,) * 4, "a losing arm has not seen test"
    assert probe.predicted_seconds is None
    assert (trained.epochs, trained.planned_epochs, trained.best_epoch) == (1, 17, 1)
    assert (probe.epochs, probe.planned_epochs) == (0, 0)


def test_json_there_and_back(board: tuple[LeaderboardRow, ...]) -> None:
    assert leaderboard.from_json(json.loads(json.dumps(leaderboard.to_json(board)))) == board


def test_csv_read_back(board: tuple[LeaderboardRow, ...]) -> None:
    lines = list(csv.DictReader(io.StringIO(leaderboard.to_csv(board, MEASURE))))
    assert [line["arm"] for line in lines] == ["linear-probe", "full-finetune"]
    for line, row in zip(lines, board, strict=True):
        for field in fields(LeaderboardRow):
            value = getattr(row, field.name)
            cell = line[field.name.replace("_score", "_accuracy")]
            assert cell == ("" if value is None else str(value))
            if isinstance(value, float):
                assert float(cell) == value


def test_curves_read_back() -> None:
    lines = list(csv.DictReader(io.StringIO(leaderboard.curves_to_csv(CURVES, MEASURE))))
    named = ({name.replace("_accuracy", "_score"): value for name, value in line.items()} for line in lines)
    back = [Epoch(int(line.pop("number")), **{name: float(value) for name, value in line.items()}) for line in named]
    assert tuple(back) == CURVES


def test_markdown_is_a_table_with_the_winner_marked(board: tuple[LeaderboardRow, ...]) -> None:
    lines = leaderboard.to_markdown(board, MEASURE).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert len(lines) == 4
    assert {len(row) for row in cells} == {len(leaderboard.COLUMNS)}
    assert cells[0] == list(leaderboard.COLUMNS)
    assert set(cells[1]) == {"---"}
    probe, trained = (dict(zip(cells[0], row, strict=True)) for row in cells[2:])
    assert (probe["arm"], trained["arm"]) == ("linear-probe", "full-finetune *")
    assert trained["parameters"] == "4,000,000"
    assert trained["validation"] == f"90.0% ({board[1].validation_low:.1%}-{board[1].validation_high:.1%})".replace(
        "%-", "-"
    ).replace("%)", ")")
    assert (probe["test"], probe["test loss"], probe["predicted"]) == ("", "", "")
    assert trained["test"].startswith("85.0% (")
    assert (trained["seconds"], trained["predicted"]) == ("12.2", "10.5")
    assert (trained["epochs"], probe["epochs"]) == ("1 of 17", ""), "what was planned and what was done"


def test_an_optimistic_score_is_marked_in_every_form() -> None:
    """The same validation photos chose the epoch and the winner."""
    scored = score_predictions("validation", TARGETS, probabilities(0.9), CLASSES, chosen_on=("epoch", "winner"))
    comparison: Any = SimpleNamespace(
        arms=(arm("linear-probe", 0.8), replace(arm("full-finetune"), validation=scored)),
        predicted={},
        choice=SimpleNamespace(winner="full-finetune"),
    )
    board = leaderboard.build_leaderboard(comparison, SimpleNamespace(tests={}))  # type: ignore[arg-type]
    assert [row["validation_chosen_on"] for row in leaderboard.to_json(board)] == ["", "epoch, winner"]
    assert leaderboard.from_json(json.loads(json.dumps(leaderboard.to_json(board)))) == board
    lines = list(csv.DictReader(io.StringIO(leaderboard.to_csv(board, MEASURE))))
    assert [line["validation_chosen_on"] for line in lines] == ["", "epoch, winner"]
    text = leaderboard.to_markdown(board, MEASURE)
    assert [" ^ |" in line for line in text.splitlines()[2:4]] == [False, True]
    assert text.endswith(
        "\n^ validation of full-finetune, before calibration, is optimistic: it also decided when to end the "
        "training and the winner\n"
    )


def test_a_leaderboard_of_before_epochs_were_counted_is_read(board: tuple[LeaderboardRow, ...]) -> None:
    older = [{k: v for k, v in it.items() if "epoch" not in k} for it in leaderboard.to_json(board)]
    assert leaderboard.from_json(older)[1].planned_epochs == 0
