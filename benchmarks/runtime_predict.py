"""How fast the small runtime answers photos, beside extraction and a pool of threads written by hand.

    python benchmarks/runtime_predict.py PHOTOS [--count 1600] [--rounds 3] [--precision auto]

A classifier (``linear-probe``) is fitted on the photos. Then, in turn in each round and on the same photos: extraction
from files to rows of an empty store, at the precision that the classifier was fitted with; ``predict`` of the small
runtime in a process without headstart, by OpenVINO and by ONNX Runtime; and Pillow with ``model.onnx`` in one session
of ONNX Runtime, from as many threads as cores. Each is warmed up before. ``openvino_to_extraction`` (at least .85 is
wanted) and ``onnxruntime_to_plain`` are medians over the rounds; ``same_labels`` is the share that all answer alike.
The last line is JSON.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import headstart
import measuring
from headstart.backbones.backbone import Backbone
from headstart.backbones.convert import load_backbone
from headstart.data.read import read_source
from headstart.data.samples import Sample
from headstart.engines.choose import choose_engine
from headstart.engines.engine import Engine
from headstart.extraction.extract import extract
from headstart.pipeline.backbones import parity_samples
from headstart.settings import locate_store
from headstart.storage.store import Store
from headstart_runtime.inference.model_format import read_model

WAYS = ("openvino", "onnxruntime", "plain")
RATE = Path(__file__).parent / "running" / "rate.py"


def main() -> None:
    """Run the benchmark."""
    given = measuring.arguments(
        __doc__ or "",
        ("photos", {"type": Path}),
        ("--count", {"type": int, "default": 1600}),
        ("--rounds", {"type": int, "default": 3}),
        ("--precision", {"default": "auto"}),
    )
    with tempfile.TemporaryDirectory(prefix="headstart-runtime-predict-") as folder:
        run = Path(folder) / "run"
        headstart.fit(given.photos, out=run, strategy="linear-probe", precision=given.precision, progress=False)
        result = measure(run / "model", given.photos, given.count, given.rounds, Path(folder))
    measuring.finish(__file__, result, keep=given.keep)


def measure(model: Path, photos: Path, count: int, rounds: int, work: Path) -> dict[str, Any]:
    """Return the rates of all ways."""
    samples = list({sample.digest: sample for sample in read_source(photos).samples}.values())[:count]
    listed = work / "files.txt"
    listed.write_text("\n".join(str(photos / sample.name) for sample in samples), "utf-8")
    branch = read_model(model).branches[0]
    backbone = load_backbone(branch.backbone.name, locate_store() / "networks")
    engine = choose_engine(backbone, parity_samples(samples, backbone), precision=branch.precision).engine
    extract_all(samples[:48], backbone, engine, work / "warm-up")
    rates: dict[str, list[float]] = {}
    labels: dict[str, list[str]] = {}
    for number in range(rounds):
        began = time.perf_counter()
        extract_all(samples, backbone, engine, work / f"store-{number}")
        seconds = time.perf_counter() - began
        rates.setdefault("extraction", []).append(len(samples) / seconds)
        for way in WAYS:
            command = [sys.executable, str(RATE), way, str(model), str(listed)]
            told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            rates.setdefault(way, []).append(len(samples) / told["seconds"])
            labels[way] = told["labels"]
        told_rates = ", ".join(f"{name} {found[-1]:.0f}/s" for name, found in rates.items())
        print(f"round {number + 1}: {told_rates}", flush=True)
    alike = [len(set(answers)) == 1 for answers in zip(*labels.values(), strict=True)]
    return {
        "photos": len(samples),
        "backbone": branch.backbone.name,
        "precision": branch.precision,
        **{f"{name}_per_second": measuring.median(found) for name, found in rates.items()},
        "openvino_to_extraction": _ratio(rates["openvino"], rates["extraction"]),
        "onnxruntime_to_plain": _ratio(rates["onnxruntime"], rates["plain"]),
        "same_labels": sum(alike) / len(alike),
    }


def extract_all(samples: list[Sample], backbone: Backbone, engine: Engine, store: Path) -> None:
    """Bring the rows of samples into an empty store."""
    with Store(store) as opened:
        extract(samples, backbone, engine, opened)


def _ratio(ours: list[float], theirs: list[float]) -> float:
    return measuring.median([one / other for one, other in zip(ours, theirs, strict=True)])


if __name__ == "__main__":
    main()
