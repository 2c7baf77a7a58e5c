"""How the cost of a whole fit grows with the number of photos: seconds and peak memory, stage by stage.

    python benchmarks/scale.py [--counts 1000,10000,50000] [--precision f32] [--work FOLDER] [--keep]

Photos of ten kinds are drawn, with copies and altered copies among them (``drawn/photo_set.py``), into a folder of
``--work``, where a later call finds them. Each collection is fitted from an empty store in a process of its own, which
notes at the begin and the end of each stage the seconds by the clock and of the processor, and the most memory that
was resident in between (the system's mark is set back at each stage; where it cannot be, a stage has the highest mark
so far). ``start`` is what comes before the first stage: imports, settings. ``rest`` is everything but the stage
``extract``. Between the smaller and the larger of the last two collections, ``extraction_adds`` and ``rest_adds``
seconds: a third at most is wanted (``rest_share``); of 1,000 photos a rest of 5 s at most; under 2 GB of memory at
50,000. The last line is JSON.
"""

import json
import tempfile
import time
from pathlib import Path
from typing import Any

import headstart
import measuring
from drawn.photo_set import KINDS, draw_photo_set
from stage_watch import StageWatch, keep_stages, print_stages, run_watched


def main() -> None:
    """Run the benchmark, or one fit of it where it has called itself."""
    options = measuring.arguments(
        __doc__ or "",
        ("--counts", {"default": "1000,10000,50000"}),
        ("--precision", {"default": "f32"}),
        ("--work", {"type": Path, "help": "keeps the drawn photos; without it they are drawn anew"}),
        ("--fit", {"type": Path, "nargs": 2, "metavar": ("PHOTOS", "RUN"), "help": "one fit, in this process"}),
    )
    if options.fit:
        fit_watched(*options.fit, options.precision)
        return
    with tempfile.TemporaryDirectory() as folder:
        drawn = options.work or Path(folder)
        found = [measure(drawn, int(count), options.precision) for count in options.counts.split(",")]
    result: dict[str, Any] = {"precision": options.precision, "kinds": len(KINDS), "collections": found}
    result |= {"rest_at_first": found[0]["rest_seconds"], "peak_bytes": max(it["peak_bytes"] for it in found)}
    if len(found) > 1:
        few, many = found[-2:]
        result["extraction_adds"] = round(_extraction(many) - _extraction(few), 2)
        result["rest_adds"] = round(many["rest_seconds"] - few["rest_seconds"], 2)
        result["rest_share"] = result["rest_adds"] / result["extraction_adds"]
    measuring.finish(__file__, result, keep=options.keep)


def measure(drawn: Path, count: int, precision: str) -> dict[str, Any]:
    """Draw so many photos where they are not there yet, fit them from an empty store, return what it cost."""
    began = time.perf_counter()
    planted = draw_photo_set(drawn / f"photos-{count}", count)
    print(f"{count} photos, {planted} of them copies: drawn in {time.perf_counter() - began:.1f} s", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        given = [str(drawn / f"photos-{count}" / "photos"), str(run), "--precision", precision]
        seconds, stages = run_watched(__file__, ["--fit", *given], Path(folder))
        test = json.loads((run / "evaluation.json").read_text("utf-8"))["parts"]["test"]
    found = {
        "photos": count,
        "planted": planted,
        "accuracy": round(test["accuracy"], 4),
        "seconds": round(seconds, 2),
        "rest_seconds": round(seconds - stages["extract"]["seconds"], 2),
        "processor_seconds": round(sum(stage["processor_seconds"] for stage in stages.values()), 2),
        "peak_bytes": max(stage["peak_bytes"] for stage in stages.values()),
        "stages": stages,
    }
    print_stages(stages, 16)
    print(f"  {'all':16} {seconds:8.2f} s, {found['rest_seconds']:.2f} beside extraction", flush=True)
    return found


def _extraction(found: dict[str, Any]) -> float:
    return float(found["stages"]["extract"]["seconds"])


def fit_watched(photos: Path, run: Path, precision: str) -> None:
    """Fit in this process; ``stages.json`` beside the run says what each stage took."""
    watch = StageWatch()
    headstart.fit(photos, out=run, precision=precision, listener=watch)
    keep_stages(watch, run.parent)


if __name__ == "__main__":
    main()
