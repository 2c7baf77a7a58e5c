"""Two runs of one task side by side, by the task's measure, whatever the task."""

from pathlib import Path

import numpy as np

from headstart.evaluation.grouping import Targets
from headstart.reporting.compare_runs import NOT_COMPARED, Difference
from headstart.reporting.embedded_previews import EmbeddedPreviews
from headstart.reporting.page import render_page
from headstart.reporting.plain import list_scores
from headstart.reporting.plain_records import PlainRecords, read_plain_records, read_test_answers
from headstart.reporting.sections.repeat import format_setting


def render_plain_comparison(first: Path, second: Path) -> str:
    """Return the page of two runs: what differs, the scores of each, and a test on the samples that both have.

    Raises:
        UserError: a file of a run is missing or damaged.
    """
    a, b = read_plain_records(first), read_plain_records(second)
    names = (a.name, b.name) if a.name != b.name else (str(first.resolve()), str(second.resolve()))
    measure = a.task.measure
    scores = tuple(
        (name, one, other)
        for (name, one), (_, other) in zip(
            list_scores(a.subsets["test"], measure), list_scores(b.subsets["test"], measure), strict=True
        )
    )
    return render_page(
        "plain-compare.html",
        EmbeddedPreviews({}, ()),
        a.noun,
        absent=a.absent_modality,
        names=names,
        task=a.task,
        scores=scores,
        counts=(a.subsets["test"].describe_count(a.noun), b.subsets["test"].describe_count(a.noun)),
        differences=tuple(_list_differences(a, b)),
        verdict=compare_shared(a, b, names),
        headstart=b.run["headstart"],
    ).html


def compare_shared(a: PlainRecords, b: PlainRecords, names: tuple[str, str]) -> str:
    """Return which run is better on the test samples that both have, sentences."""
    task, noun = a.task, a.noun
    one, other = (read_test_answers(run.folder, task.answer) for run in (a, b))
    rows = {id_: row for row, id_ in enumerate(other["id"].tolist())}
    pairs = [(row, rows[id_]) for row, id_ in enumerate(one["id"].tolist()) if id_ in rows]
    pairs = [(row, place) for row, place in pairs if np.array_equal(one["label"][row], other["label"][place])]
    if not pairs:
        return f"The runs have no test {noun.one} in common; fit one of them with --split-from the other."
    left, right = map(list, zip(*pairs, strict=True))
    targets = Targets(other["label"][right], other["group"][right])
    outputs = dict(zip(names, (one["outputs"][left], other["outputs"][right]), strict=True))
    scored = task.scoring.score_arms(targets, outputs)
    (pair,) = task.scoring.run_paired_tests(targets, scored, [names], seed=0)
    better = pair.a if pair.difference > 0 else pair.b
    if not pair.exceeds_one_se:
        verdict = "No difference that could not be chance."
    else:
        verdict = f"{better} is better" + (
            ", by more than chance." if pair.significant else ", but this can be chance."
        )
    shared = f"{len(pairs):,} test {noun.form(len(pairs))}"
    return f"{verdict} On the {shared} that both have: {task.scoring.describe_pair(pair, noun)}"


def _list_differences(a: PlainRecords, b: PlainRecords) -> list[Difference]:
    """Return the settings that differ, then facts."""
    ours, theirs = a.run["settings"], b.run["settings"]
    names = [name for name in dict.fromkeys([*ours, *theirs]) if name not in NOT_COMPARED]
    settings = [(name, format_setting(ours.get(name)), format_setting(theirs.get(name))) for name in names]
    facts = [(a.noun.many, *(str(run.run["source"]) for run in (a, b)))]
    facts += [(key, *(str(run.run[key]) for run in (a, b))) for key in ("winner", "headstart")]
    return [Difference(*row) for row in (*settings, *facts) if row[1] != row[2]]
