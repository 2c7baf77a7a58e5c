"""A finished comparison as text: the leaderboard first, then why it came out so, and what it cost."""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from headstart.cli.fit_summary import describe_look, run_to_json
from headstart.cli.tables import format_size, format_table, wrap_paragraph
from headstart.evaluation.comparison import PairedTest
from headstart.runs.run import Run
from headstart.selection.leaderboard import COLUMNS, LeaderboardRow, format_cells, list_caveats
from headstart.selection.rule import ArmChoice
from headstart.storage.run_layout import COMPARISON, CURVES
from headstart.verbs.compare import ComparedRun
from headstart_runtime.modalities.item import Noun
from headstart_runtime.tasks.task import Measure

WIDTH = 110  #: columns that a line may take
SCORES = ("arm", "train loss", "train", "val loss", "validation", "test loss", "test")
COSTS = ("arm", "parameters", "seconds", "predicted", "memory", "predicted", "disk", "predicted")
PAIRS = ("arm", "against", "difference", "95 % interval", "better on", "p", "p (Holm)")
CHANCE = "where p (Holm) is above 0.05, the difference can be chance"
MOST_PAIRS = 15  #: shown of those on test; comparison.json has them all
DOTS = 41  #: places of the axis of the curve over depth


def describe_comparison(compared: ComparedRun) -> str:
    """Return the whole comparison for a terminal of ``WIDTH`` columns."""
    folder = compared.run.folder
    sections = [
        _scores(compared),
        wrap_paragraph(compared.choice.verdict, WIDTH),
        wrap_paragraph(f"In exact figures: {compared.choice.reason}", WIDTH),
        "\n".join(_left_out(one) for one in compared.left_out),
        _on_validation(compared.choice, compared.run.noun, compared.run.test.measure),
        _on_test(compared),
        *(
            _depth(arm, compared.run.noun, compared.run.test.measure)
            for arm in compared.run.record["arms"]
            if arm["depth"]
        ),
        _costs(compared.board),
        _trained(compared.run),
        "\n".join(
            (
                f"everything is in {folder}",
                f"look:  {describe_look(compared.run)}",
                f"next:  headstart predict {shlex.quote(str(folder / 'model'))} {compared.run.noun.phrases.given}",
            )
        ),
    ]
    return "\n\n".join(section for section in sections if section)


def _left_out(one: dict[str, Any]) -> str:
    what = "failed" if one.get("failed") else "left out"
    return wrap_paragraph(f"{what}: {one['name']}: {one['reason']}", WIDTH, "  ")


def _scores(compared: ComparedRun) -> str:
    parts, board, measure = compared.run.record["split"], list(compared.board), compared.run.test.measure
    columns = [COLUMNS.index(name) for name in SCORES]
    rows = [[row[column] for column in columns] for row in format_cells(compared.board, measure)]
    head = ["arm", *(measure.name if name == "train" else name for name in SCORES[1:])]
    loss = f"loss in {measure.unit}" if measure.unit else f"loss is {measure.loss}"
    shut = "" if compared.revealed or len(board) == 1 else "; the other arms have not seen test (--reveal-test)"
    optimistic = "".join(f"\n{wrap_paragraph(note, WIDTH)}" for note in list_caveats(compared.board))
    return (
        f"{parts['train']} train, {parts['validation']} validation and {parts['test']} test {compared.run.noun.many}; "
        f"{loss}, {measure.name} with its 95 % interval\n\n{format_table(head, _wrapped(rows))}\n\n"
        f"* the winner{shut}{optimistic}"
    )


def _wrapped(rows: Iterable[Sequence[object]]) -> Iterator[Sequence[object]]:
    """A long name, of an arm on one of several backbones, takes two lines."""
    for name, *numbers in rows:
        start, on, backbone = str(name).partition(" on ")
        yield (start, *numbers)
        if on:
            yield (f"  on {backbone}", *("" for _ in numbers))


def _on_validation(choice: ArmChoice, noun: Noun, measure: Measure) -> str:
    if not choice.pairs:
        return ""
    n = choice.pairs[0].n
    unit = f"points of {measure.name}" if measure.share else f"{measure.name}, above 0 where the first is better"
    told = f"the best against each other arm, on the same {n} validation {noun.many}, in {unit}; {CHANCE}"
    rows = [_pair(pair, measure) for pair in choice.pairs]
    return f"{wrap_paragraph(told, WIDTH)}\n\n{format_table(PAIRS, rows)}"


def _on_test(compared: ComparedRun) -> str:
    told = [wrap_paragraph(_what_test_can_tell(compared), WIDTH)]
    if compared.pairs:
        same = f"on the same {compared.pairs[0].n} test {compared.run.noun.many}"
        alike = f"{same}, each arm as it was validated, fitted on train alone"
        rows = [_pair(pair, compared.run.test.measure) for pair in compared.pairs[:MOST_PAIRS]]
        told.append(f"{wrap_paragraph(f'{alike}; {CHANCE}', WIDTH)}\n\n{format_table(PAIRS, rows)}")
    if len(compared.pairs) > MOST_PAIRS:
        told.append(f"... and {len(compared.pairs) - MOST_PAIRS} more pairs: see {compared.run.folder / COMPARISON}")
    return "\n\n".join(told)


def _what_test_can_tell(compared: ComparedRun) -> str:
    test, measure = compared.run.test, compared.run.test.measure
    seen = f"{test.n} test {compared.run.noun.many}, on which the winner {test.describe_faults()},"
    if compared.smallest is None:
        return f"{seen} are too few to tell anything: even an arm without mistakes could be better by chance alone."
    least = f"{100 * compared.smallest:.1f} points" if measure.share else measure.describe(compared.smallest)
    return (
        f"{seen} can show that another arm is better only if it is so by {least} or more (in 4 of 5 cases); smaller "
        "differences can be chance."
    )


def _pair(pair: PairedTest, measure: Measure) -> tuple[str, ...]:
    return (
        pair.a,
        pair.b,
        _format_difference(pair.difference, measure),
        " to ".join(_format_difference(end, measure) for end in (pair.interval.low, pair.interval.high)),
        f"{pair.only_a} : {pair.only_b}",
        _p(pair.p),
        _p(pair.p_holm),
    )


def _format_difference(value: float, measure: Measure) -> str:
    """Return a difference of scores: of shares in points, of others as the score itself is shown."""
    text = f"{100 * value:+z.1f}" if measure.share else f"{'+' if value > 0 else ''}{measure.format(value)}"
    return "0.0" if text == "+0.0" else text


def _p(p: float) -> str:
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def _depth(arm: dict[str, Any], noun: Noun, measure: Measure) -> str:
    """The curve over depth, the cross-validated score as a point on an axis from the lowest to the highest."""
    depths = arm["depth"]
    if any(depth["score"] is None for depth in depths):
        return f"{arm['name']}: too few {noun.many} for a curve over depth"
    values = [depth["score"] for depth in depths]
    low, high = min(values), max(values)
    step = (high - low) / (DOTS - 1) or 1.0
    places = [round((value - low) / step) for value in values]
    least, most = measure.format(low), measure.format(high)
    axis = least.ljust(DOTS - len(most)) + most
    rows = [
        (
            f"{depth['layer']}{' (read)' * (depth['layer'] == arm['layer'])}",
            depth["width"],
            measure.format(depth["validation_score"]),
            f"{depth['loss']:.3f}",
            measure.format(depth["score"]),
            f"{'.' * place}o{'.' * (DOTS - 1 - place)}",
        )
        for depth, place in zip(depths, places, strict=True)
    ]
    head = ("layer", "features", "validation", "loss", measure.name, axis)
    told = f"{arm['name']} by depth; loss and {measure.name} are cross-validated inside train"
    return f"{told}\n\n{format_table(head, rows)}"


def _costs(board: Sequence[LeaderboardRow]) -> str:
    rows = [
        (
            row.arm,
            row.parameters,
            f"{row.seconds:.1f}",
            _known(row.predicted_seconds, "{:.1f}".format),
            format_size(row.memory) if row.memory else "-",  # of a probe it is not measured
            _known(row.predicted_memory, format_size),
            format_size(row.disk),
            _known(row.predicted_disk, format_size),
        )
        for row in board
    ]
    return f"what each arm fitted or trained, and what that took\n\n{format_table(COSTS, _wrapped(rows))}"


def _known(value: float | None, describe: Any) -> str:
    return "-" if value is None else str(describe(value))


def _trained(run: Run) -> str:
    lines = [
        wrap_paragraph(f"{arm['name']}: {'; '.join(arm['notes'])}", WIDTH, "  ")
        for arm in run.record["arms"]
        if arm["curves"]
    ]
    files = sorted((run.folder / CURVES).glob("*.csv"))
    return "\n".join([*lines, *(f"curves of loss and {run.test.measure.name}: {file}" for file in files)])


def comparison_to_json(compared: ComparedRun) -> dict[str, Any]:
    """Return a comparison as a program reads it."""
    arms = compared.run.record["arms"]
    return {
        **run_to_json(compared.run),
        **{name: value for name, value in compared.record.items() if name not in ("schema_version", "test")},
        "on_test": compared.record["test"],
        "depth": {arm["name"]: arm["depth"] for arm in arms if arm["depth"]},
        "curves": {arm["name"]: arm["curves"] for arm in arms if arm["curves"]},
    }
