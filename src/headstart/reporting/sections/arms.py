"""The section on the ways that were tried (arms)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from headstart.evaluation.comparison import PairedTest
from headstart.reporting.charts import catalog as charts
from headstart.reporting.charts.inline import InlineChart, draw_charts
from headstart.reporting.glossary import list_ways
from headstart.reporting.run_records import RunRecords
from headstart.selection.arm import DepthPoint
from headstart.selection.compare import SkippedArm
from headstart.selection.leaderboard import LeaderboardRow, list_caveats

MOST_PAIRS = 15  #: that are shown; comparison.json has them all
HEADINGS = {
    "validation": "Was the best way really better? On the validation {many}",
    "test": "Ways in pairs, on the test {many}",
}


@dataclass(frozen=True, slots=True)
class ShownArmPair:
    """Two arms on the same samples, and what their difference means in words."""

    pair: PairedTest
    verdict: str


@dataclass(frozen=True, slots=True)
class PairTable:
    """Pairs of arms on the samples of one subset."""

    subset: str  #: "validation" or "test"
    heading: str
    pairs: tuple[ShownArmPair, ...]


@dataclass(frozen=True, slots=True)
class DepthCurve:
    """A curve of scores over depth."""

    index: int  #: of the arm
    arm: str
    points: tuple[DepthPoint, ...]


@dataclass(frozen=True)
class ArmsSection:
    """The contents of the section."""

    verdict: str  #: which way was kept and why, in a sentence
    reason: str  #: the same in exact figures
    names: tuple[tuple[str, str], ...]  #: each strategy with its explanation
    board: tuple[LeaderboardRow, ...]  #: rows of the leaderboard
    opened_test: bool  #: losing arms were scored on test too
    tables: tuple[PairTable, ...]
    smallest: float | None  #: difference in score that test can show; None: none
    charts: tuple[InlineChart, ...]
    depths: tuple[DepthCurve, ...]
    skipped: tuple[SkippedArm, ...]
    caveats: tuple[str, ...]  #: why validation scores are optimistic


def build_arms_section(records: RunRecords) -> ArmsSection:
    """Return the leaderboard, the paired comparisons and the charts of the arms."""
    comparison, noun = records.comparison, records.noun
    ways = list_ways(noun)
    strategies = dict.fromkeys(arm.strategy for arm in records.run.arms)
    tables = (
        PairTable("validation", noun.fill(HEADINGS["validation"]), tuple(_list_pairs(comparison.choice.pairs))),
        PairTable("test", noun.fill(HEADINGS["test"]), tuple(_list_pairs(comparison.test.pairs))),
    )
    return ArmsSection(
        verdict=comparison.choice.verdict,
        reason=comparison.choice.reason,
        names=tuple((name, ways[name]) for name in strategies if name in ways),
        board=comparison.arms,
        opened_test=comparison.opened_test,
        tables=tuple(table for table in tables if table.pairs),
        smallest=comparison.test.smallest_difference,
        charts=(*draw_charts(charts.score_over_cost_chart, records), *draw_charts(charts.depth_chart, records)),
        depths=tuple(DepthCurve(index, arm.name, arm.depth) for index, arm in enumerate(records.run.arms) if arm.depth),
        skipped=comparison.left_out,
        caveats=tuple(list_caveats(comparison.arms)),
    )


def _list_pairs(pairs: Iterable[PairedTest]) -> Iterator[ShownArmPair]:
    for pair in list(pairs)[:MOST_PAIRS]:
        yield ShownArmPair(pair, _describe_difference(pair))


def _describe_difference(pair: PairedTest) -> str:
    """Return whether the difference of two arms can be chance."""
    if pair.significant:
        return "yes: more than chance"
    return "perhaps: this difference can be chance" if pair.exceeds_one_se else "this difference can be chance"
