"""How the cost of a fit grows with the number of texts: seconds and peak memory, stage by stage.

    python benchmarks/texts.py [--counts 10000,50000,200000] [--until extract] [--work FOLDER] [--keep]

Tables of short texts in ten classes are drawn, altered copies among them (``drawn/text_set.py``), into a folder of
``--work``, where a later call finds them. Each is fitted from an empty store in a process of its own, which notes for
each stage the seconds by the clock and of the processor, and the most memory that was resident in it. ``reading`` is
the most memory up to the end of the stage ``extract``; ``reading_times`` is that of the largest table over that of the
smallest (at most 1.15 is wanted), ``peak_bytes`` the most of all fits (under 4 GB). ``--until extract`` ends each fit
there. The last line is JSON.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

import headstart
import measuring
from drawn.text_set import CLASSES, draw_text_set
from headstart import events
from headstart.storage.atomic import replace_text
from headstart_runtime.errors import Cancelled
from stage_watch import StageWatch, keep_stages, print_stages, run_watched

READING = "reading.json"  #: beside the run


def main() -> None:
    """Run the benchmark, or one fit of it where it has called itself."""
    options = measuring.arguments(
        __doc__ or "",
        ("--counts", {"default": "10000,50000,200000"}),
        ("--until", {"default": "", "help": "a stage after which each fit is ended"}),
        ("--work", {"type": Path, "help": "keeps the drawn tables; without it they are drawn anew"}),
        ("--fit", {"type": Path, "nargs": 2, "metavar": ("TABLE", "RUN"), "help": "one fit, in this process"}),
    )
    if options.fit:
        fit_watched(*options.fit, options.until)
        return
    with tempfile.TemporaryDirectory() as folder:
        drawn = options.work or Path(folder)
        found = [measure(drawn, int(count), options.until) for count in options.counts.split(",")]
    few, many = found[0], found[-1]
    result = {
        "classes": CLASSES,
        "collections": found,
        "reading_times": round(many["reading_bytes"] / few["reading_bytes"], 3),
        "peak_bytes": max(it["peak_bytes"] for it in found),
    }
    measuring.finish(__file__, result, keep=options.keep)


def measure(drawn: Path, count: int, until: str) -> dict[str, Any]:
    """Draw so many texts where they are not there yet, fit them from an empty store, return what it cost."""
    table = drawn / f"texts-{count}.csv"
    copies = draw_text_set(table, count)
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        words = ["--until", until, "--fit", str(table), str(run)]
        seconds, stages = run_watched(__file__, words, Path(folder))
        reading = json.loads((Path(folder) / READING).read_text("utf-8"))
        tested = (run / "evaluation.json") if not until else None
        test = json.loads(tested.read_text("utf-8"))["parts"]["test"]["accuracy"] if tested else None
    found = {
        "texts": count,
        "copies": copies,
        "accuracy": None if test is None else round(test, 4),
        "seconds": round(seconds, 2),
        "reading_bytes": reading,
        "peak_bytes": max(stage["peak_bytes"] for stage in stages.values()),
        "stages": stages,
    }
    print(f"{count} texts, {copies} of them altered copies, accuracy {found['accuracy']}")
    print_stages(stages, 20)
    print(f"  {'all':20} {seconds:8.2f} s, {found['reading_bytes'] / 1e6:.0f} MB for reading", flush=True)
    return found


def fit_watched(table: Path, run: Path, until: str) -> None:
    """Fit in this process; ``stages.json`` beside the run says what each stage took."""
    watch, token = StageWatch(), events.CancelToken()

    def listen(event: events.Event) -> None:
        watch(event)
        if isinstance(event, events.Finished) and event.stage == "extract":
            replace_text(run.parent / READING, json.dumps(watch.find_peak()))
        if isinstance(event, events.Finished) and event.stage == until:
            token.cancel()

    try:
        headstart.fit(table, out=run, modality="text", listener=listen, cancel=token)
    except Cancelled:
        if not until:
            raise
    keep_stages(watch, run.parent)


if __name__ == "__main__":
    main()
