"""The sections on the arms and on how networks were trained."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from headstart.evaluation.comparison import PairedTest
from headstart.evaluation.intervals import Interval
from headstart.reporting.charts import catalog as charts
from headstart.reporting.charts.inline import InlineChart, draw_charts
from headstart.reporting.records import Records
from headstart.selection.leaderboard import from_json, list_caveats
from headstart.training.curves import KEPT_EPOCH_RULE

MOST_PAIRS = 15  #: that are shown; comparison.json has them all
ABOUT = {"validation": "The best arm against each other, on validation", "test": "Arms in pairs, on test"}


@dataclass(frozen=True, slots=True)
class ShownArmPair:
    """Two arms on the same photos; differences are a - b."""

    a: str
    b: str
    difference: float
    interval: Interval
    only_a: int
    only_b: int
    p: float
    p_holm: float
    words: str


@dataclass(frozen=True, slots=True)
class DepthCurve:
    """A curve of accuracy over depth."""

    index: int  #: of the arm
    arm: str
    points: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class ArmsSection:
    """What the section shows."""

    reason: str  #: why the winner won
    board: tuple[Mapping[str, Any], ...]  #: rows of the leaderboard
    revealed: bool  #: losing arms were scored on test
    pairs: tuple[tuple[str, tuple[ShownArmPair, ...], str], ...]  #: a part, its pairs, a heading
    smallest: float | None  #: difference in accuracy that test can show; None: none
    charts: tuple[InlineChart, ...]
    depths: tuple[DepthCurve, ...]
    left_out: tuple[Mapping[str, Any], ...]
    caveats: tuple[str, ...]  #: why validation scores are optimistic


def build_arms_section(records: Records) -> ArmsSection:
    """What the section shows."""
    it = records.comparison
    board, test = it["arms"], it["test"]
    pairs = {"validation": it["choice"]["pairs"], "test": test["pairs"]}
    return ArmsSection(
        reason=it["choice"]["reason"],
        board=tuple(board),
        revealed=any(row["test_accuracy"] is not None and not row["winner"] for row in board),
        pairs=tuple((part, tuple(_list_pairs(found)), ABOUT[part]) for part, found in pairs.items() if found),
        smallest=test["smallest_difference"],
        charts=(*draw_charts(charts.accuracy_over_cost_chart, records), *draw_charts(charts.depth_chart, records)),
        depths=tuple(
            DepthCurve(index, arm["name"], tuple(arm["depth"]))
            for index, arm in enumerate(records.run["arms"])
            if arm["depth"]
        ),
        left_out=tuple(it["left_out"]),
        caveats=tuple(list_caveats(from_json(board))),
    )


def _list_pairs(found: Iterable[Mapping[str, Any]]) -> Iterator[ShownArmPair]:
    for pair in [PairedTest.from_json(it) for it in found][:MOST_PAIRS]:
        words = (
            "beyond chance" if pair.significant else "told apart, just" if pair.exceeds_one_se else "no difference seen"
        )
        yield ShownArmPair(
            pair.a,
            pair.b,
            pair.difference,
            pair.interval,
            pair.only_a,
            pair.only_b,
            pair.p,
            pair.p_holm,
            words,
        )


@dataclass(frozen=True)
class TrainedArm:
    """An arm that trained a network."""

    index: int  #: among those
    name: str
    best_epoch: int
    epochs: int
    start: Mapping[str, Any]  #: the epoch before the first step
    best: Mapping[str, Any]  #: the one that is kept
    notes: tuple[str, ...]
    charts: tuple[InlineChart, ...]


@dataclass(frozen=True)
class TrainingSection:
    """What the section shows."""

    arms: tuple[TrainedArm, ...]
    kept: str = KEPT_EPOCH_RULE  #: which epoch of each


def build_training_section(records: Records) -> TrainingSection:
    """What the section shows; no arms where nothing was trained."""
    arms = [arm for arm in records.run["arms"] if arm["curves"]]
    drawn = draw_charts(charts.training_curves_chart, records)  # two of each arm
    sought = iter(draw_charts(charts.rate_finder_chart, records))
    found = []
    for index, arm in enumerate(arms):
        by_number = {epoch["number"]: epoch for epoch in arm["curves"]}
        ranges = (next(sought),) if arm.get("rate_curve") else ()
        found.append(
            TrainedArm(
                index=index,
                name=arm["name"],
                best_epoch=arm["best_epoch"],
                epochs=max(by_number),
                start=arm["curves"][0],
                best=by_number[arm["best_epoch"]],
                notes=tuple(arm["notes"]),
                charts=(*drawn[2 * index : 2 * index + 2], *ranges),
            )
        )
    return TrainingSection(tuple(found))
