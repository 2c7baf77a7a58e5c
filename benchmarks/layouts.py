"""Whether photos are read as people have them: drawn layouts and formats, checked and fitted as a newcomer would.

    python benchmarks/layouts.py [--only NAME,NAME] [--fit [--backbone NAME]] [--messages]

Each layout of ``drawn/`` (folders, tables, arrays, containers, oddities) is drawn from small photos, with the truth
noted photo by photo. ``check`` is given what a newcomer would point at. Where it is refused, what the message itself
proposes is tried once. What was read is held against the truth: the class, the given part and the group of each photo,
what had to be left out and said. With ``--fit`` the same is fitted, with the network that is used where none is named,
or another for photos (the tests' own of 32 pixels is quicker). A layout is right, right after one try, explained
(there is nothing to classify, and the message says so and what to do), silently wrong, or refused without help;
``undocumented`` are those that need other flags than their row in ``docs/data.md`` says, ``unsaid`` those that are read
right without a word on the column or folder that decides. The last line is JSON.
"""

import argparse
import importlib.util
import os
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import measuring
from drawn.catalog import LAYOUTS
from drawn.desk import Desk, Layout
from drawn.verdicts import Outcome, Verdict, try_layout
from headstart.verbs.fit import fit as fit_source


def main() -> None:
    """Run the benchmark."""
    options = measuring.arguments(
        __doc__ or "",
        ("--only", {"default": "", "help": "names of layouts or subjects, separated by commas"}),
        ("--fit", {"action": "store_true", "help": "fit each too"}),
        ("--messages", {"action": "store_true", "help": "show whole messages"}),
        ("--backbone", {"default": None, "help": argparse.SUPPRESS}),
    )
    chosen = choose_layouts(options.only)
    outcomes: dict[str, Outcome] = {}
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("HEADSTART_STORE", str(Path(folder) / "store"))
        fit = make_fit(Path(folder) / "runs", options.backbone) if options.fit else None
        for layout in chosen:
            outcomes[layout.name] = run_layout(layout, Path(folder), fit)
            print(describe_outcome(layout, outcomes[layout.name], whole=options.messages), flush=True)
    measuring.finish(__file__, summarise(outcomes), keep=options.keep)


def choose_layouts(only: str) -> list[Layout]:
    """Return the layouts of some names or subjects, or all.

    Raises:
        SystemExit: there is none of a name.
    """
    names = [name for name in only.split(",") if name]
    known = set(LAYOUTS) | {layout.subject for layout in LAYOUTS.values()}
    if unknown := [name for name in names if name not in known]:
        raise SystemExit(f"no layout {unknown[0]!r}; there are {', '.join(sorted(known))}")
    return [it for it in LAYOUTS.values() if not names or it.name in names or it.subject in names]


def run_layout(layout: Layout, folder: Path, fit: Callable[..., Any] | None) -> Outcome:
    """Draw a layout into a folder of its own, and return what became of it."""
    if layout.module and importlib.util.find_spec(layout.module) is None:
        return Outcome(Verdict.ABSENT, detail=f"{layout.module} is not installed")
    root = folder / "drawn" / str(list(LAYOUTS).index(layout.name)) / "collection"
    root.mkdir(parents=True)
    outcome = try_layout(layout, Desk(root), fit)
    return replace(outcome, detail=outcome.detail.replace(str(root), root.name))


def make_fit(runs: Path, backbone: str | None) -> Callable[..., Any]:
    """Return a function that fits a source into a folder of its own."""

    def fit(source: Path, **options: Any) -> Any:
        runs.mkdir(exist_ok=True)
        out = runs / str(len(list(runs.iterdir())))
        return fit_source(source, out=out, backbone=backbone, report=False, progress=False, **options)

    return fit


def describe_outcome(layout: Layout, outcome: Outcome, *, whole: bool) -> str:
    """Return the row of a layout."""
    detail = outcome.detail if whole else outcome.detail[:110].replace("\n", " ")
    shown = detail if outcome.verdict is not Verdict.AFTER_ONE_TRY or whole else ""
    fitted = f"  fit: {outcome.fit}" if outcome.fit else ""
    shown += f" does not say that {outcome.unsaid} decides" if outcome.unsaid else ""
    return f"{layout.name:24} {outcome.verdict:20} {outcome.samples or '':>4} {outcome.flags} {shown}{fitted}".rstrip()


def summarise(outcomes: dict[str, Outcome]) -> dict[str, Any]:
    """Return the result: counts of verdicts, and the row of each layout."""
    counts = Counter(outcome.verdict for outcome in outcomes.values())
    fitted = Counter("right" if outcome.fit == "right" else "wrong" for outcome in outcomes.values() if outcome.fit)
    good = (Verdict.RIGHT, Verdict.AFTER_ONE_TRY)
    return {
        "layouts": len(outcomes),
        **{verdict.name.lower(): counts[verdict] for verdict in Verdict},
        "fitted_right": fitted["right"],
        "fitted_wrong": fitted["wrong"],
        "undocumented": [
            name for name, it in outcomes.items() if it.verdict in good and it.flags != LAYOUTS[name].flags
        ],
        "unsaid": {name: it.unsaid for name, it in outcomes.items() if it.unsaid},
        "results": {name: _describe_briefly(outcome) for name, outcome in outcomes.items()},
    }


def _describe_briefly(outcome: Outcome) -> dict[str, str]:
    rows = {"verdict": str(outcome.verdict), "flags": outcome.flags, "fit": outcome.fit[:300]}
    if outcome.verdict not in (Verdict.RIGHT, Verdict.AFTER_ONE_TRY):
        rows["detail"] = outcome.detail[:300]
    return {name: value for name, value in rows.items() if value}


if __name__ == "__main__":
    main()
