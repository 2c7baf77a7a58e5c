"""The leaderboard: one row for each arm, as records, JSON, Markdown and CSV."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, fields
from typing import Any

from headstart.evaluation.evaluation import Evaluation, describe_caveat
from headstart.selection.arm import Arm
from headstart.selection.compare import Comparison
from headstart.selection.test_scores import ArmTestScores
from headstart.training.cost import Cost
from headstart.training.curves import Epoch
from headstart_runtime.csv_cells import format_csv
from headstart_runtime.tasks.task import Measure


@dataclass(frozen=True, slots=True)
class LeaderboardRow:
    """An arm."""

    arm: str
    winner: bool
    backbone: str
    layer: str
    head: str
    parameters: int  #: fitted or trained
    train_loss: float
    train_score: float
    validation_loss: float
    validation_score: float
    validation_low: float  #: 95 % interval of the score
    validation_high: float
    test_loss: float | None  #: None where the arm has not seen test
    test_score: float | None
    test_low: float | None
    test_high: float | None
    seconds: float
    predicted_seconds: float | None
    memory: int  #: bytes by which the process grew
    predicted_memory: int | None
    disk: int  #: bytes in the store
    predicted_disk: int | None
    epochs: int = 0  #: that were made; 0 where no network was trained
    planned_epochs: int = 0  #: that were to be made
    best_epoch: int = 0  #: the one that is kept
    validation_chosen_on: str = ""  #: what was chosen on the validation photos, so that its score is optimistic

    @property
    def caveat(self) -> str:
        """Why the validation score flatters, for a person; empty where it does not."""
        return describe_caveat(self.validation_chosen_on.split(", ") if self.validation_chosen_on else ())


def build_leaderboard(comparison: Comparison, revealed: ArmTestScores) -> tuple[LeaderboardRow, ...]:
    """Return a row for each arm, cheap to dear."""
    return tuple(
        _row(arm, comparison.predicted.get(arm.name), revealed.tests.get(arm.name), comparison.choice.winner)
        for arm in comparison.arms
    )


def _row(arm: Arm, predicted: Cost | None, test: Evaluation | None, winner: str) -> LeaderboardRow:
    held_out = arm.validation
    return LeaderboardRow(
        arm=arm.name,
        winner=arm.name == winner,
        backbone=arm.backbone,
        layer=arm.layer,
        head=arm.head,
        parameters=arm.parameters,
        train_loss=arm.train.loss,
        train_score=arm.train.score,
        validation_loss=held_out.loss,
        validation_score=held_out.score,
        validation_low=held_out.score_interval.low,
        validation_high=held_out.score_interval.high,
        test_loss=test.loss if test else None,
        test_score=test.score if test else None,
        test_low=test.score_interval.low if test else None,
        test_high=test.score_interval.high if test else None,
        seconds=arm.seconds,
        predicted_seconds=predicted.seconds if predicted else None,
        memory=arm.memory,
        predicted_memory=predicted.memory if predicted else None,
        disk=arm.disk,
        predicted_disk=predicted.disk if predicted else None,
        epochs=arm.curves[-1].number if arm.curves else 0,
        planned_epochs=arm.planned_epochs,
        best_epoch=arm.best_epoch,
        validation_chosen_on=", ".join(held_out.chosen_on),
    )


def from_json(records: list[Mapping[str, Any]]) -> tuple[LeaderboardRow, ...]:
    """Return the rows of a saved run."""
    return tuple(LeaderboardRow(**record) for record in records)


def to_json(board: tuple[LeaderboardRow, ...]) -> list[dict[str, Any]]:
    """Return the rows as ``comparison.json`` has them."""
    return [asdict(row) for row in board]


def to_csv(board: tuple[LeaderboardRow, ...], measure: Measure) -> str:
    """Return all fields as CSV, a line for each arm; scores are called after their measure."""
    return format_csv([_name_columns(LeaderboardRow, measure), *map(astuple, board)])


def curves_to_csv(curves: Sequence[Epoch], measure: Measure) -> str:
    """Return a training's curves as CSV, a line for each epoch; scores are called after their measure."""
    return format_csv([_name_columns(Epoch, measure), *map(astuple, curves)])


def _name_columns(kind: type[LeaderboardRow] | type[Epoch], measure: Measure) -> list[str]:
    name = measure.name.replace(" ", "_")
    return [re.sub("_score$", f"_{name}", field.name) for field in fields(kind)]


COLUMNS = (
    "arm",
    "parameters",
    "train loss",
    "train",
    "val loss",
    "validation",
    "test loss",
    "test",
    "seconds",
    "predicted",
    "epochs",
)


def format_cells(board: tuple[LeaderboardRow, ...], measure: Measure) -> Iterator[tuple[str, ...]]:
    """Yield cells for people, in the columns of ``COLUMNS``; the winner has a star, an optimistic score a ``^``."""
    for row in board:
        yield (
            f"{row.arm} *" if row.winner else row.arm,
            f"{row.parameters:,}",
            f"{row.train_loss:.3f}",
            measure.format(row.train_score),
            f"{row.validation_loss:.3f}",
            _format_score(measure, row.validation_score, row.validation_low, row.validation_high)
            + " ^" * bool(row.caveat),
            "" if row.test_loss is None else f"{row.test_loss:.3f}",
            "" if row.test_score is None else _format_score(measure, row.test_score, row.test_low, row.test_high),
            f"{row.seconds:.1f}",
            "" if row.predicted_seconds is None else f"{row.predicted_seconds:.1f}",
            _epochs(row),
        )


def _epochs(row: LeaderboardRow) -> str:
    """Return how many epochs were made, and of how many planned ones where those were more."""
    if not row.epochs:
        return ""
    return f"{row.epochs} of {row.planned_epochs}" if row.epochs < row.planned_epochs else f"{row.epochs}"


def _format_score(measure: Measure, value: float, low: float | None, high: float | None) -> str:
    ends = (measure.format(end or 0.0).removesuffix("%") for end in (low, high))
    return f"{measure.format(value)} ({'-'.join(ends)})"


def to_markdown(board: tuple[LeaderboardRow, ...], measure: Measure) -> str:
    """Return a Markdown table, and under it which scores are optimistic."""
    lines = [COLUMNS, tuple("---" for _ in COLUMNS), *format_cells(board, measure)]
    notes = "".join(f"\n{note}\n" for note in list_caveats(board))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines) + notes


def list_caveats(board: tuple[LeaderboardRow, ...]) -> Iterator[str]:
    """Yield why validation scores are optimistic, each reason once with the arms that it holds for."""
    arms: dict[str, list[str]] = {}
    for row in board:
        if row.caveat:
            arms.setdefault(row.caveat, []).append(row.arm)
    for caveat, names in arms.items():
        yield f"^ validation of {', '.join(names)}, before calibration, is {caveat}"
