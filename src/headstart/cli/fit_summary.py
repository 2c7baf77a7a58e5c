"""A finished run as text, short enough to be read in ten seconds, and as JSON."""

import shlex
from collections.abc import Mapping
from typing import Any

from headstart.cli.tables import format_table, wrap_paragraph
from headstart.data.ledger import load_ledger
from headstart.diagnostics.group_check import GroupCheck
from headstart.diagnostics.next_commands import suggest_comparing, suggest_relabelling
from headstart.evaluation.evaluation import Evaluation, read_evaluation
from headstart.runs.run import Run
from headstart.storage.run_layout import LEDGER, REPORT
from headstart_runtime.errors import format_install_command
from headstart_runtime.modalities.item import Noun
from headstart_runtime.tasks.task import Measure

MOST_CLASSES = 20  #: shown; evaluation.json has them all
WIDTH = 110  #: columns that a line may take


def describe_run(run: Run) -> str:
    """Return a run as a person reads it."""
    test, record, measure = run.test, run.record, run.test.measure
    engine, parts = record["engine"], record["split"]
    told = [*_optimism(run), *_trust(run), *_arms(run), *_caveats(run)]
    more = "".join(f"{score}, " for score in test.list_more()).removesuffix(", ")
    validation = f"validation {measure.name} {run.validation.format_score()} on {run.validation.n}"
    table = describe_parts(test, run.noun)
    return f"""
{describe_score(test, run.noun)} {_describe_held_out(run)}
{more}{"; " * bool(more)}{validation}{" ^" * run.validation.optimistic}
{f"{chr(10)}{table}{chr(10)}" * bool(table)}
{record["winner"]} (weights: {record["backbone"]["licence"]}), {engine["name"]} {engine["precision"]}
train {parts["train"]}, validation {parts["validation"]}, test {parts["test"]} {run.noun.many}; {_took(run)}
{"".join(f"{line}{chr(10)}" for line in told)}everything is in {run.folder}
look:  {describe_look(run)}
next:  headstart predict {shlex.quote(str(run.folder / "model"))} {run.noun.phrases.given}"""


def _describe_held_out(run: Run) -> str:
    """Return what the test samples were to the classifier: some may be copies of what it learned from."""
    leaks = run.trust and run.trust["leaks"]["leaks"]
    return "held out" if any(it["subset"] == "test" for it in leaks or ()) else "it had never seen"


def describe_score(evaluation: Evaluation, noun: Noun) -> str:
    """Return the score with its interval and the rows: "Test accuracy 92.5% (95 % interval 88% to 95%) on 200"."""
    measure, interval = evaluation.measure, evaluation.score_interval
    low, high = measure.format(interval.low), measure.format(interval.high)
    name = f"{evaluation.part} {measure.name}" if evaluation.part != "given" else measure.name
    score = f"{evaluation.format_score()} ({100 * interval.level:.0f} % interval {low} to {high})"
    wanted = evaluation.describe_wanted(noun)
    lead = f"{wanted}\n" if wanted else ""
    return f"{lead}{name[0].upper()}{name[1:]} {score} on {evaluation.describe_count(noun)}"


def describe_look(run: Run) -> str:
    """Return where the report is, or how to make it."""
    report = run.folder / REPORT
    return (
        f"{report} (or headstart report {shlex.quote(str(run.folder))} --open)"
        if report.exists()
        else f"headstart report {shlex.quote(str(run.folder))}"
    )


def _trust(run: Run) -> list[str]:
    """Return how far the answers can be trusted, and what of the data should be looked at."""
    found = run.trust
    if not found:
        return []
    many, own = run.noun.many, run.task.diagnostics
    lines = [] if own is None else list(own.describe_record(found, run.noun))
    if novelty := found["novelty"]:
        share = 1 - novelty["accepted"]["share"]
        lines.append(
            f"declined as unfamiliar: {share:.0%} of the test {many}, unlike the training {many}; don't trust these "
            "answers"
        )
    return [*(wrap_paragraph(line, WIDTH) for line in lines), *_warnings(run)]


def _warnings(run: Run) -> list[str]:
    found, lines = run.trust, []
    if scores := found["leaks"]["scores"]:
        without = scores["without_leaks"]
        score = f"; without them {_format_score(run, without)}" if without else ""
        noun, n = run.noun, scores["leaked"]
        leaked = f"{n} test {noun.form(n)} {noun.phrases.same_one if n == 1 else noun.phrases.same_many}"
        lines.append(f"leak: {leaked} as {noun.many} that were learned from{score}")
    if groups := found.get("groups"):
        lines.append(wrap_paragraph(f"groups: {GroupCheck(**groups).describe(run.noun, run.test.measure)}", WIDTH))
    if "labels" not in found:  # the task brings no diagnostics
        return lines
    if found["labels"]["issues"]:
        lines.append(wrap_paragraph(f"labels: {found['labels']['summary']}", WIDTH))
        if hint := suggest_relabelling(run.record["source"], run.folder, run.record["settings"]):
            lines.append(f"look at them:  {hint.check}")
    if corrected := found["labels"].get("corrected_in_test"):
        others = found["labels"]["untouched"]
        rest = f"{_format_score(run, others)} of the {others['n']} others" if others else "no other is there"
        rest += " are right" * bool(others and "share" in others)
        were = "label was" if corrected == 1 else "labels were"
        lines.append(f"{corrected} test {were} corrected, which flatters the score: {rest}")
    if worst := found["slices"]["worst"]:
        rule = run.test.describe_rule()
        lines.append(
            f"worse than the rest: {worst['by']} {worst['value']}, {_format_score(run, worst)} of {worst['n']} test "
            f"{run.noun.many}{f' ({rule})' if rule else ''}"
        )
    return lines


def _format_score(run: Run, scored: Mapping[str, Any]) -> str:
    """Return the mean score of some samples: of classes a share that is right, of others with the name of the score."""
    for name in ("share", "accuracy"):
        if name in scored:
            return f"{scored[name]:.1%}"
    kind = run.trust["slices"]
    measure = Measure(kind["measure"], "", share=kind["share"], greater=kind["greater"])
    return f"{measure.name} {measure.format(scored['score'])}"


def describe_parts(evaluation: Evaluation, noun: Noun) -> str:
    """Return a table of scores, such as of each class; "" where there is none."""
    table = evaluation.tabulate(noun, MOST_CLASSES)
    return "" if table is None else format_table(table.columns, table.rows) + table.note


def _took(run: Run) -> str:
    return f"took {run.took:.1f} s"


def _arms(run: Run) -> list[str]:
    """Return why the winner won, what else was tried, and what has not been."""
    arms, left_out, measure = run.record["arms"], run.record["left_out"], run.test.measure
    others = [
        f"{arm['name']} {measure.format(read_evaluation(arm['validation']).score)}"
        for arm in arms
        if arm["name"] != run.record["winner"]
    ]
    lines = [
        f"none of {arm['curves'][-1]['number']} epochs was better on validation than the start, which is kept"
        for arm in arms
        if arm["name"] == run.record["winner"] and arm["curves"] and arm["best_epoch"] == 0
    ]
    if others:
        by = " by the likeliest class, before a threshold was chosen" if run.test.describe_rule() else ""
        lines.append(wrap_paragraph(f"{run.record['choice']['verdict']} Also tried: {', '.join(others)}{by}.", WIDTH))
    if left_out:
        lines.append(f"left out: {', '.join(arm['name'] for arm in left_out)}; see {run.folder / 'comparison.json'}")
    perfect = measure.share and run.validation.score == 1
    extra = run.record.get("training_extra", "")
    if run.record.get("training_obstacle") and not extra:
        lines.append(wrap_paragraph(f"no network was trained: {run.record['training_obstacle']}", WIDTH))
    elif not any(arm["curves"] for arm in arms) and not perfect:
        compare = suggest_comparing(run.record["source"], run.record["settings"])
        commands = [command for command in (extra and format_install_command(extra), compare) if command]
        lines.append(":  ".join(["training part of the network may do better", *commands[:1]]))
        lines += [f"then:  {command}" for command in commands[1:]]
    return lines


def _optimism(run: Run) -> list[str]:
    """Return why the validation score flatters."""
    return [wrap_paragraph(f"^ validation is {run.validation.caveat}", WIDTH)] if run.validation.optimistic else []


def _caveats(run: Run) -> list[str]:
    """Return what was skipped or assumed, each in a line; the ledger has the rest."""
    aside = run.record["files"]["skipped"]
    repaired = run.record["files"]["repaired"]
    lines = [f"note: {note}" for note in run.notes[:6] if not note.startswith("preparing")]
    if aside or repaired:
        unit = load_ledger(run.folder / LEDGER).unit
        lines.append(f"{unit.count(aside)} skipped, {repaired} repaired in memory: see {run.folder / 'ledger.jsonl'}")
    if run.record["copies"]:
        torn = any(note.startswith("leak: ") for note in run.notes)
        where = "" if torn else ", each kept on one side of the split"
        copies = run.record["copies"]
        lines.append(f"{copies} group{'s' * (copies != 1)} of {run.noun.many} with equal bytes{where}")
    return lines


def run_to_json(run: Run) -> dict[str, Any]:
    """Return a run as a program reads it."""
    return {
        "folder": str(run.folder),
        "model": str(run.folder / "model"),
        "winner": run.record["winner"],
        "verdict": run.record["choice"]["verdict"],
        "reason": run.record["choice"]["reason"],
        "split": run.record["split"],
        "files": run.record["files"],
        "took": run.took,
        "seconds": run.seconds,
        "notes": list(run.notes),
        "validation": run.validation.to_json(),
        "test": run.test.to_json(),
    }
