"""How many texts a second become features of minilm, beside sentence-transformers with the same weights.

    python benchmarks/text_speed.py TABLE.csv [--column text] [--short 1500] [--long 150] [--joined 8] [--rounds 3]

From strings to rows in an empty store, splitting into tokens and batches counted, on as many threads as there are
cores: OpenVINO in float32, in bf16 where the processor has it, and sentence-transformers in float32 as it comes
(batches of 32, sorted by length). ``short`` are texts of the table, ``long`` are several of them joined. Measured round
by round in one run, each way after the other; ratios are medians over the rounds. ``cpu`` is the same by the
processor's time, which other work on the machine disturbs less. ``difference`` is the largest between the features of
both. The last line is one JSON object.
"""

import csv
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import measuring
from headstart.backbones.backbone import Backbone
from headstart.backbones.convert import load_backbone
from headstart.backbones.providers.minilm import find_model_folder
from headstart.data.samples import Sample, compute_digest
from headstart.data.sources import ValueSource
from headstart.engines.openvino import OpenVinoEngine
from headstart.extraction.extract import extract
from headstart.settings import locate_store
from headstart.storage.store import Store
from headstart_runtime.arrays import Floats
from headstart_runtime.hardware import count_cores, has_bf16
from headstart_runtime.modalities.modality import get_modality

PEER = "sentence_transformers"


def main() -> None:
    """Runs the benchmark."""
    given = measuring.arguments(
        __doc__ or "",
        ("table", {"type": Path}),
        ("--column", {"default": "text"}),
        ("--short", {"type": int, "default": 1500}),
        ("--long", {"type": int, "default": 150}),
        ("--joined", {"type": int, "default": 8}),
        ("--rounds", {"type": int, "default": 3}),
    )
    with given.table.open(newline="", encoding="utf-8") as stream:
        texts = list(dict.fromkeys(row[given.column] for row in csv.DictReader(stream)))
    joined = [" ".join(texts[start : start + given.joined]) for start in range(0, len(texts), given.joined)]
    result: dict[str, Any] = {}
    for name, chosen in (("short", texts[: given.short]), ("long", joined[: given.long])):
        result[name] = compare(chosen, given.rounds)
        print(f"{name}: {result[name]}", flush=True)
    measuring.finish(__file__, result, keep=given.keep)


def compare(texts: Sequence[str], rounds: int) -> dict[str, Any]:
    """Return texts a second of each way, and how many times as many as sentence-transformers has."""
    backbone = load_backbone("minilm", locate_store() / "networks")
    ways: dict[str, Callable[[Sequence[str]], Floats]] = {"f32": _make_way(backbone, "f32")}
    if has_bf16():
        ways["bf16"] = _make_way(backbone, "bf16")
    ways[PEER] = make_peer()
    rows = {name: way(texts) for name, way in ways.items()}  # compiles, and warms caches
    wall: dict[str, list[float]] = {name: [] for name in ways}
    cpu: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            began, used = time.perf_counter(), time.process_time()
            way(texts)
            wall[name].append(len(texts) / (time.perf_counter() - began))
            cpu[name].append(len(texts) / (time.process_time() - used) * count_cores())
    found: dict[str, Any] = {"texts": len(texts), "tokens": _count_tokens(texts, backbone)}
    found |= {f"{name}_per_second": round(measuring.median(rates), 1) for name, rates in wall.items()}
    for kind, rates in (("", wall), ("_cpu", cpu)):
        for name in ways:
            ratios = [ours / theirs for ours, theirs in zip(rates[name], rates[PEER], strict=True)]
            if name != PEER:
                found[f"{name}{kind}_ratio"] = round(measuring.median(ratios), 2)
    found["difference"] = float(np.abs(rows["f32"] - rows[PEER]).max())
    return found


def _make_way(backbone: Backbone, precision: Any) -> Callable[[Sequence[str]], Floats]:
    """Return what gives the features of texts through headstart's pass, into an empty store."""
    engine, modality = OpenVinoEngine(backbone, precision), get_modality("text")

    def run(texts: Sequence[str]) -> Floats:
        contents = [text.encode() for text in texts]
        digests = [compute_digest(content) for content in contents]
        samples = [
            Sample(f"#{index}", digest, 0, None, None, ValueSource(content), modality.identify(content).properties)  # type: ignore[arg-type]
            for index, (digest, content) in enumerate(zip(digests, contents, strict=True))
        ]
        with tempfile.TemporaryDirectory() as folder, Store(Path(folder)) as store:
            done = extract(samples, backbone, engine, store)
            return store.read(done.space, digests, "final")

    return run


def make_peer() -> Callable[[Sequence[str]], Floats]:
    """Return what gives the features of texts in sentence-transformers."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(count_cores())
    network = SentenceTransformer(str(find_model_folder()), device="cpu")
    return lambda texts: np.asarray(network.encode(list(texts), show_progress_bar=False))


def _count_tokens(texts: Sequence[str], backbone: Backbone) -> float:
    """Return how many tokens a text has, the mean."""
    modality = get_modality("text")
    return round(float(np.mean([len(modality.make_parts(text, backbone.spec)[0]) for text in texts])), 1)


if __name__ == "__main__":
    main()
