"""The page of the benchmarks: a line for each script, its last figure from the result that is kept beside it."""

import ast
import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Result = Mapping[str, Any]

INTRO = """
A script for each question that this project answers with a number. Each one runs by itself, in the state of the
checkout, and ends with a line of JSON; with `--keep` it writes that beside itself, with the machine, the command and
the date, and this page and [the charts](../docs/performance.md) are made from what is kept. Folders of photos are
given as arguments; where a command below names one, it is a collection of the authors. Figures in brackets are what is
wanted. `--help` of a script says how it measures.
"""


@dataclass(frozen=True, slots=True)
class KeptResult:
    """The result of a script as it was kept."""

    date: str  #: of the day
    machine: str
    command: str  #: without paths and ``--keep``
    result: Result


def read_kept(file: Path) -> KeptResult:
    """Return what a script kept: in one piece, or cell by cell, each with its own machine and date.

    Raises:
        OSError: it kept nothing.
    """
    kept = json.loads(file.read_text("utf-8"))
    cells, script = list(kept.get("cells", {}).values()), f"benchmarks/{file.stem}.py"
    if "command" not in kept:
        machines = ", ".join(sorted({cell["machine"] for cell in cells}))
        last = max((cell["date"] for cell in cells), default="")
        return KeptResult(last[:10], machines, f"python {script}", {**kept["result"], "cells": cells})
    words = [Path(word).name if "/" in word else word for word in shlex.split(kept["command"])[2:] if word != "--keep"]
    return KeptResult(kept["date"][:10], kept["machine"], shlex.join(["python", script, *words]), kept["result"])


def list_scripts(folder: Path) -> list[Path]:
    """Return the benchmarks, in the order of their names: those that this page has a figure for."""
    return [file for file in sorted(folder.glob("*.py")) if file.stem in FIGURES]


def find_question(script: Path) -> str:
    """Return what a script answers: the first sentence of its docstring."""
    text = ast.get_docstring(ast.parse(script.read_text("utf-8"))) or ""
    return " ".join(text.partition("\n\n")[0].split()).replace("``", "`")


def benchmarks_page(folder: Path) -> list[str]:
    """Return the sections of the page.

    Args:
        folder: of the benchmarks.
    """
    lines = ["| script | question | last figure | command, machine, day |", "|---|---|---|---|"]
    for script in list_scripts(folder):
        try:
            kept = read_kept(script.with_suffix(".json"))
        except OSError:
            figure, ran = "not kept", f"`python benchmarks/{script.name}`"
        else:
            figure, ran = FIGURES[script.stem](kept.result), f"`{kept.command}`; {kept.machine}; {kept.date}"
        lines.append(f"| [{script.stem}]({script.name}) | {find_question(script)} | {figure} | {ran} |")
    return ["# Benchmarks", INTRO.strip(), "\n".join(lines)]


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value < 10 else f"{value:.1f} s"


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def _megabytes(value: float) -> str:
    return f"{value / 1e6:,.0f} MB"


def _arms(found: Result) -> str:
    ratios = {name: gain["log_loss_ratio"] for name, gain in found["all"].items()}
    return (
        "log loss with it over that without: mirrored photos "
        f"{ratios['mirrored']:.3f}, average of probes {ratios['average']:.3f}, of probes on several backbones "
        f"{ratios['average on several backbones']:.3f}"
    )


def _busy(found: Result) -> str:
    return f"steps of training beside busy processes: {found['training_busy_gain']:.0f} times as fast"


def _budgets(found: Result) -> str:
    differences = [row["ours_accuracy"] - row["plain_accuracy"] for row in found["table"].values()]
    return (
        f"{100 * min(differences):+.1f} to {100 * max(differences):+.1f} points of accuracy to plain PyTorch in "
        f"{len(differences)} collections and times; {100 * found['over_budget']:.0f} % over a budget at most (10)"
    )


def _calibration(found: Result) -> str:
    losses = found["mean_log_loss"]["cross-validated"]
    return f"mean log loss {losses['auto']:.3f} calibrated, {losses['none']:.3f} not; {found['splits']} splits"


def _candidates(found: Result) -> str:
    return (
        f"{found['rows']:,} rows: {_seconds(found['seconds'])} of the processor for "
        f"{_seconds(found['exact_seconds'])}, "
        f"{_percent(found['copies'])} of the copies"
    )


def _choosing(found: Result) -> str:
    accuracy, loss = found["mean"]["accuracy"], found["mean"]["log_loss"]
    return f"accuracy {100 * accuracy['difference']:+.2f} points, log loss {loss['difference']:+.3f}"


def _duplicates(found: Result) -> str:
    return (
        f"{_percent(found['found'])} found, {found['false_pairs']} false; "
        f"{_percent(found['share_of_extraction'])} of the extraction's time"
    )


def _explanations(found: Result) -> str:
    better = sum(family["gain"] > 0 for family in found["results"])
    return f"better than a random map for {better} of {len(found['results'])} networks and heads"


def _extraction(found: Result) -> str:
    return (
        f"{found['headstart_per_second']:.0f} photos/s, {found['ratio_to_roof']:.2f} of the roof (0.9), "
        f"{found['times_plain_pytorch']:.1f} times plain PyTorch"
    )


def _finetuning(found: Result) -> str:
    return (
        f"{found['time_ratio']:.2f} of the time, accuracy {_percent(found['accuracy_ours'])} for "
        f"{_percent(found['accuracy_plain'])}"
    )


def _fuzz(found: Result) -> str:
    return f"{found['failures']} failures of {found['inputs']:,} inputs (0)"


def _fuzz_clips(found: Result) -> str:
    return f"{found['failures'] + found['unlisted']} failures of {found['inputs']:,} damaged files of sound (0)"


def _fuzz_texts(found: Result) -> str:
    return f"{found['failures']} failures of {found['texts']:,} texts (0)"


def _grades(found: Result) -> str:
    return (
        f"{found['mae']:.3f} ranks off, classes without an order {found['plain_mae']:.3f}, nearer in {found['better']} "
        f"of {found['seeds']} seeds; ranges hold {_percent(found['coverage'])} (90 %)"
    )


def _heads(found: Result) -> str:
    ratios = sorted(row["ratio"] for row in found["results"])
    return f"{ratios[0]:.0f} to {ratios[-1]:.0f} times as fast"


def _kills(found: Result) -> str:
    return f"{found['failures']} failures after {found['kills']} kills of {found['jobs']} fits (0)"


def _labels(found: Result) -> str:
    told = sum(row["told"] for row in found.values())
    return f"of {told} estimates {sum(row['holds'] for row in found.values())} hold the planted number"


def _layouts(found: Result) -> str:
    helped = found["after_one_try"] + found["explained"]
    return (
        f"{found['right']} of {found['layouts']} right at once, {helped} after the message, {found['wrong']} wrong (0)"
    )


def _memory(found: Result) -> str:
    grown = f"{found['many']:,} {100 * found['growth']:.0f} % more (15)"
    return f"{found['few']:,} photos {_megabytes(found['few_peak_bytes'])}, {grown}"


def _novelty(found: Result) -> str:
    declined = [pair["declined"] for pair in found["pairs"]]
    mean = sum(declined) / len(declined)
    return f"strangers of other collections declined: {_percent(min(declined))} at least, {_percent(mean)} on average"


def _parity(found: Result) -> str:
    return f"same class for {_percent(found['auto_same_answers'])} of {found['photos']:,} photos"


def _predict_out(result: Result) -> str:
    held = result["held_mb"]
    memory = ", ".join(f"{held[f'at_{share}']:.0f}" for share in (10, 50, 100) if f"at_{share}" in held)
    return (
        f"{result['kills']} kills of jobs of {result['items']:,} items: {result['failures']} failures (0); "
        f"{memory} MB held at 10, 50 and 100 %"
    )


def _regression(found: Result) -> str:
    results = found["results"].values()
    held = [one["intervals"]["coverage"] for one in results]
    thirds = [third for one in results for third in one["intervals"]["thirds"]]
    ways = found["angle_ways"]
    ridge = found["results"].get("angle", {}).get("error", 0.0)
    trained = f"; the angle {ways['saved']:.1f} degrees off fine-tuned, {ridge:.1f} by ridge" if ways else ""
    return (
        f"90 % intervals hold {_percent(min(held))} to {_percent(max(held))} (88 to 92), in thirds of the predictions "
        f"{_percent(min(thirds))} to {_percent(max(thirds))} (85 to 95); wrong numbers among the first "
        f"{_percent(min(one['wrong_found'] for one in results))} at least (90){trained}"
    )


def _report(found: Result) -> str:
    return f"{_percent(found['cold_added'])} of a cold fit, {_percent(found['warm_added'])} of a warm one (20 %)"


def _sheets(found: Result) -> str:
    linear, every = found["linear-probe"], found["intermediate-probe"]
    tuned = found.get("partial-finetune")
    trained = f", {tuned['map']:.3f} of a fine-tuning" if tuned else ""
    return (
        f"mean average precision {linear['map']:.3f} and {every['map']:.3f} of probes, {linear['scikit_learn']:.3f} "
        f"and {every['scikit_learn']:.3f} of scikit-learn on the same features{trained}; "
        f"{_percent(found['miss_rate'])} of labels missed (10 %)"
    )


def _runtime_predict(found: Result) -> str:
    return (
        f"the small runtime with OpenVINO ({found['precision']}): {found['openvino_per_second']:.0f} photos a second, "
        f"{found['openvino_to_extraction']:.2f} of extraction (.85); with ONNX Runtime "
        f"{found['onnxruntime_to_plain']:.2f} times a pool of threads written by hand"
    )


def _scale(found: Result) -> str:
    costs = ", ".join(
        f"{it['photos']:,} photos {it['seconds']:.0f} s ({it['rest_seconds']:.1f} beside extraction)"
        for it in found["collections"]
    )
    return f"{costs}; {found['peak_bytes'] / 1e9:.2f} GB at most"


def _slices(found: Result) -> str:
    return f"{found['slices']} slices in {_seconds(found['seconds'])}"


def _exports(found: Result) -> str:
    exact = [row for row in found["rows"] if row["precision"] == "f32" and "refused" not in row]
    differing, items = (sum(row[name] for row in exact) for name in ("differing", "items"))
    worst = max(row["mean_difference"] for row in exact)
    sets = len({(row["set"], row["strategy"], row.get("backbone")) for row in exact})
    return (
        f"{len(exact)} exports in float32 of {sets} classifiers: {differing} of {items} answers others "
        f"[at most 0.5 %], mean difference of probabilities at most {worst:.2g} [.01]"
    )


def _everywhere(found: Result) -> str:
    rows = [row for row in found["rows"] if "missing" not in row]
    told = []
    for precision in ("f32", "bf16"):
        own = [row for row in rows if row["precision"] == precision]
        if own:
            within = sum(row["within"] for row in own)
            told.append(f"{within} of {len(own)} ways in {precision} within what is asked")
    classifiers = len({(row["set"], row["strategy"]) for row in rows})
    return f"{classifiers} classifiers: {', '.join(told)}"


#: Heads of columns -> way, precision and engine of the rows in them.
WAYS = {
    "ONNX Runtime": ("onnx", "f32", ""),
    "OpenVINO": ("openvino", "f32", ""),
    "OpenVINO bf16": ("openvino", "bf16", ""),
    "LiteRT": ("litert", "f32", ""),
    "browser": ("web", "f32", ""),
    "`headstart-predict`": ("runtime", "f32", "onnxruntime"),
    "on OpenVINO": ("runtime", "", "openvino"),
    "service": ("service", "f32", "onnxruntime"),
    "on OpenVINO ": ("service", "", "openvino"),
}


def tabulate_everywhere(kept: Path) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the head and the rows of the table of answers everywhere."""
    rows = json.loads(kept.read_text("utf-8"))["result"]["rows"] if kept.is_file() else []
    known = {name: key for name, key in WAYS.items() if any(_is_of(row, key) for row in rows)}
    classifiers = dict.fromkeys((row["set"], row["strategy"]) for row in rows)
    head = ("set, strategy", "items", *map(str.strip, known))
    made = []
    for one in classifiers:
        own = [row for row in rows if (row["set"], row["strategy"]) == one]
        items = max(row.get("items", 0) for row in own)
        cells = [next((_tell_way(row) for row in own if _is_of(row, key)), "") for key in known.values()]
        made.append((", ".join(one), str(items), *cells))
    return head, made


def _is_of(row: Mapping[str, Any], key: tuple[str, str, str]) -> bool:
    way, precision, engine = key
    return (row["way"], row["engine"]) == (way, engine) and precision in ("", row["precision"])


def _tell_way(row: Mapping[str, Any]) -> str:
    if "missing" in row:
        return "not run"
    margin = f" (margin {row['largest_margin']:.2g})" if row["differing"] else ""
    half = " bf16" if row["precision"] == "bf16" and row["engine"] else ""
    told = f"{row['differing']}{margin}; {row['mean_difference']:.2g}{half}"
    return told if row["within"] else f"**{told}**"


def tabulate_exports(kept: Path) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the head and the rows of a table of exports."""
    head = ("set, strategy", "format", "other answers", "mean, largest difference", "equal sets", "ms (saved)", "MB")
    rows = json.loads(kept.read_text("utf-8"))["result"]["rows"] if kept.is_file() else []
    return head, [_tabulate_export(row) for row in rows]


def _tabulate_export(row: Mapping[str, Any]) -> tuple[str, ...]:
    classifier = ", ".join(row[name] for name in ("set", "strategy", "backbone") if name in row)
    first = classifier, f"{row['format']} {row['precision']}"
    if "refused" in row:
        reason = row["refused"].partition("nothing is written: ")[2] or row["refused"]
        return *first, f"refused: {reason}", "", "", "", ""
    scores = f"; validation {row['validation'][0]:.3f} for {row['validation'][1]:.3f}" if row["validation"] else ""
    if "test_scores" in row:
        scores += f"; test {row['test_scores'][0]:.3f} for {row['test_scores'][1]:.3f}"
    return (
        *first,
        f"{row['differing']} of {row['items']}{scores}",
        f"{row['mean_difference']:.2g}, {row['largest_difference']:.2g}",
        "" if row["same_sets"] is None else _percent(row["same_sets"]),
        f"{row['milliseconds']:.1f} ({row['saved_milliseconds']:.1f})",
        f"{row['megabytes']:.1f}",
    )


def _speakers(found: Result) -> str:
    each = sorted(found["by_speaker"].values())
    return (
        f"{_percent(found['mean'])} of the clips of speakers never heard, mean of {found['speakers']} "
        f"({_percent(each[0])} to {_percent(each[-1])}) (96.5 %)"
    )


def _suite(found: Result) -> str:
    return f"{found['seconds']:.0f} s (300), {found['memory_at_most_bytes'] / 1e9:.2f} GB (4)"


def _screening(found: Result) -> str:
    single, groups = found["single"], found["groups"]
    return (
        f"recall {_percent(single['recall']['pooled'])} where 95 % is wished, in groups "
        f"{_percent(groups['recall']['pooled'])}; "
        f"precision {_percent(single['precision']['pooled'])} where 80 % is; "
        f"{single['cost']['pooled']:.2f} times the least cost in hindsight"
    )


def _text_suspects(found: Result) -> str:
    labels, copies, told = found["labels"], found["copies"], found["explanations"]
    return (
        f"{labels['found_first']:.0%} of the first 100 suspects (75 %); {copies['found']:.1%} of the copies (95 %), "
        f"{copies['unlike_share']:.1%} of the texts with one unlike them (2 %); strangers AUROC "
        f"{found['strangers']:.3f} (.95); {found['shortcut']['words']}; words that spoke, taken out first: "
        f"{told['deletion']:+.3f} of the probability more than at random (p {told['deletion_p']:.1g})"
    )


def _sound_suspects(found: Result) -> str:
    copies, hints = found["copies"], ("noise", "loudness", "format")
    named = ", ".join(hint for hint in hints if found[f"shortcut, {hint}"]["named"])
    strangers = ", ".join(f"{name} {auroc:.3f}" for name, auroc in found["strangers"].items())
    return (
        f"{found['labels']['found_first']:.0%} of the first 100 suspects; {copies['found']:.1%} of the copies (95 %), "
        f"{copies['false_share']:.1%} of the clips with one that they are no copy of (2 %); strangers AUROC "
        f"{strangers} (.95); named: {named}"
    )


def _suspects(found: Result) -> str:
    numbers = ", ".join(f"{_percent(found[kind]['found_first'])} ({kind})" for kind in ("dots", "angle", "area"))
    strangers = ", ".join(f"{auroc:.3f}" for auroc in found["strangers"].values())
    labels, grades = (_percent(found[kind]["found_first"]) for kind in ("several labels", "grades"))
    return (
        f"{labels} of the first 100 suspects with several labels (70), numbers "
        f"{numbers} (90), grades {grades}; AUROC of strangers {strangers} (.95)"
    )


def _task_parity(found: Result) -> str:
    worst: dict[str, dict[str, dict[str, float]]] = {}
    for one in found["results"]:
        own = worst.setdefault(one["modality"], {}).setdefault(one["computed_in"], {})
        own[one["task"]] = max(own.get(one["task"], 0.0), one["other_answers"] / one["items"])
    told = []
    for modality, kinds in worst.items():
        each = [
            f"{kind} {', '.join(f'{task} {_percent(most)}' for task, most in own.items())}"
            for kind, own in kinds.items()
        ]
        told.append(f"{modality}: {'; '.join(each)}")
    return f"other answers (numbers: by over 1 % of their range): {'. '.join(told)} (0.5 % in f32, 2 % in bf16)"


def _training(found: Result) -> str:
    return f"{found['rate_ratio']:.1f} times plain PyTorch, {_percent(found['share_of_peak'])} of the machine's peak"


def _text_speed(found: Result) -> str:
    short, long = found["short"], found["long"]
    fast = (
        f" ({short['bf16_per_second']:.0f} and {long['bf16_per_second']:.0f} in bf16)" if "bf16_ratio" in short else ""
    )
    return (
        f"{short['f32_per_second']:.0f} texts/s of {short['tokens']:.0f} tokens, {long['f32_per_second']:.0f} of "
        f"{long['tokens']:.0f}{fast}: {short['f32_ratio']:.1f} and {long['f32_ratio']:.1f} times sentence-transformers"
    )


def _text_tasks(found: Result) -> str:
    words = {"multilabel": "labels (mean average precision)", "ordinal": "grades off", "regression": "points off"}
    told = (
        f"{words[task]} "
        + ", ".join(
            f"{it['headstart']:.3f} {name} ({it['scikit_learn']:.3f} scikit-learn)" for name, it in each.items()
        )
        for task, each in found["results"].items()
    )
    return f"{found['texts']:,} texts: {'; '.join(told)}"


def _text_whole_job(found: Result) -> str:
    return (
        f"{found['texts']:,} texts: cold {_seconds(found['cold_seconds'])} (90 s), warm "
        f"{_seconds(found['warm_seconds'])} (12 s); {found['cold_to_peer']:.2f} of sentence-transformers and "
        f"scikit-learn on the same features (a third), {found['cold_to_peer_on_last']:.2f} of these on the last layer"
    )


def _texts(found: Result) -> str:
    costs = ", ".join(
        f"{it['texts']:,} texts {it['seconds']:.0f} s ({it['peak_bytes'] / 1e9:.2f} GB)" for it in found["collections"]
    )
    part = "read and extracted: " if found["collections"][0]["accuracy"] is None else ""  # of whole fits
    return (
        f"{part}{costs}; reading and extracting the most {found['reading_times']:.2f} times the memory of the fewest "
        "(1.15)"
    )


def _whole_job(found: Result) -> str:
    return (
        f"{found['photos']:,} photos: cold {_seconds(found['cold_seconds'])}, warm {_seconds(found['warm_seconds'])}, "
        f"one prediction {_seconds(found['predict_seconds'])}"
    )


def _service(found: Result) -> str:
    peer = f", {found['serve_to_litserve']:.2f} times LitServe" if "serve_to_litserve" in found else ""
    return (
        f"{found['clients']} clients: {found['serve_per_second']:.0f} items a second; "
        f"{found['serve_to_beside']:.2f} times what predict does beside the same load, "
        f"{found['serve_to_plain']:.2f} times a plain FastAPI with ONNX Runtime{peer}; "
        f"p50 {found['serve_p50_ms']:.0f} ms, p99 {found['serve_p99_ms']:.0f} ms"
    )


#: Script -> the figure that a reader wants, from its result; a script without a line here is no benchmark.
FIGURES: dict[str, Callable[[Result], str]] = {
    "arms": _arms,
    "budgets": _budgets,
    "busy": _busy,
    "calibration": _calibration,
    "candidates": _candidates,
    "choosing": _choosing,
    "duplicates": _duplicates,
    "everywhere": _everywhere,
    "exports": _exports,
    "explanations": _explanations,
    "extraction": _extraction,
    "finetuning": _finetuning,
    "fuzz": _fuzz,
    "fuzz_clips": _fuzz_clips,
    "fuzz_texts": _fuzz_texts,
    "grades": _grades,
    "heads": _heads,
    "kills": _kills,
    "labels": _labels,
    "layouts": _layouts,
    "memory": _memory,
    "novelty": _novelty,
    "parity": _parity,
    "predict_out": _predict_out,
    "regression": _regression,
    "report": _report,
    "runtime_predict": _runtime_predict,
    "scale": _scale,
    "screening": _screening,
    "service": _service,
    "sheets": _sheets,
    "slices": _slices,
    "sound_suspects": _sound_suspects,
    "speakers": _speakers,
    "suite": _suite,
    "suspects": _suspects,
    "text_suspects": _text_suspects,
    "task_parity": _task_parity,
    "text_speed": _text_speed,
    "text_tasks": _text_tasks,
    "text_whole_job": _text_whole_job,
    "texts": _texts,
    "training": _training,
    "whole_job": _whole_job,
}
