"""Altered inputs, thrown at every reader: no traceback, no hang, nothing without its line, memory within bounds.

    python benchmarks/fuzz.py [--inputs 10000] [--first 0] [--only SEED ...] [--originals FOLDER]

Photos of every format, tables, archives, arrays, model folders, settings and run folders are drawn, and each seed
alters one file: cut, bits flipped, blocks swapped or doubled, chunks inserted, lengths and magic numbers changed, JSON
with values of other kinds, members of archives altered and packed again. What may happen is an answer, or an error for
users (``headstart.UserError``). Failures are:

* ``traceback``: any other exception; ``ours``: an error that blames headstart or the machine;
* ``promise``: a row or file without its line in the ledger, check and predict of different opinions, no probabilities;
* ``hang``: more than 5 s of processor time; ``crash``: the process died, as of a fault in a decoder;
* ``memory``: more than 1 GB above the start; ``warning``: Python's warnings on the screen.

``--only`` repeats some seeds, and prints what became of them. The last line is one JSON object, with all failures.
"""

import argparse
import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import measuring
from fuzzing.children import FAULTS, run_cases, serve
from fuzzing.originals import draw_originals

MOST_KEPT = 60  #: failures in the result, the first of each kind first


def main() -> None:
    """Run the seeds, print a table of families and outcomes, and the failures."""
    given = measuring.arguments(
        __doc__ or "",
        ("--inputs", {"type": int, "default": 10_000}),
        ("--first", {"type": int, "default": 0, "help": "the first seed"}),
        ("--only", {"type": int, "nargs": "+", "help": "these seeds"}),
        ("--originals", {"type": Path, "help": "a folder to keep what is altered in, drawn where it is not there"}),
        ("--child", {"type": Path, "help": argparse.SUPPRESS}),
    )
    if given.child:
        serve(given.child)
        return
    with tempfile.TemporaryDirectory(prefix="headstart-fuzz-") as folder:
        originals = (given.originals or Path(folder) / "originals").absolute()
        if not (originals / "settings").exists():
            draw_originals(originals)
        seeds = given.only or list(range(given.first, given.first + given.inputs))
        results = []
        for result in run_cases(seeds, originals, Path(__file__).absolute()):
            results.append(result)
            if given.only or result["outcome"] in FAULTS:
                print(json.dumps(result), flush=True)
    print(format_table(results))
    measuring.finish(__file__, summarise(results), keep=given.keep)


def format_table(results: list[dict[str, Any]]) -> str:
    """Return a line for each family: its inputs, its failures, and what became of the others."""
    lines = [f"{'family':10} {'inputs':>7} {'failures':>9}  outcomes"]
    for family in dict.fromkeys(str(result.get("family", "?")) for result in results):
        counts = Counter(result["outcome"] for result in results if result.get("family", "?") == family)
        failures = sum(counts[fault] for fault in FAULTS)
        outcomes = ", ".join(f"{name} {count}" for name, count in counts.most_common())
        lines.append(f"{family:10} {counts.total():7} {failures:9}  {outcomes}")
    return "\n".join(lines)


def summarise(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Return counts, extremes and the failures, one of each place before the second of any."""
    failures = [result for result in results if result["outcome"] in FAULTS]
    seen: Counter[str] = Counter()
    ranked = []
    for result in failures:
        place = f"{result['outcome']} {result.get('where', '')}"
        ranked.append((seen[place], result))
        seen[place] += 1
    ranked.sort(key=lambda pair: pair[0])
    return {
        "inputs": len(results),
        "failures": len(failures),
        "places": dict(seen.most_common()),
        "outcomes": dict(Counter(result["outcome"] for result in results).most_common()),
        "families": dict(Counter(result.get("family", "?") for result in results)),
        "slowest_seconds": max((result.get("seconds", 0.0) for result in results), default=0.0),
        "memory_at_most_bytes": max((result.get("memory", 0) for result in results), default=0),
        "seeds_of_failures": [result for _, result in ranked[:MOST_KEPT]],
    }


if __name__ == "__main__":
    main()
