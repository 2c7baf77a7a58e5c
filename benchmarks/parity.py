"""Whether a classifier answers the same wherever it runs.

    python benchmarks/parity.py PHOTOS [PHOTOS ...]

For each folder a classifier is fitted, at the default precision and at f32, and all its photos are answered four ways:
the path the head was fitted on (stored features, head), ``model.onnx`` in ONNX Runtime from the full decoded photo,
``model.onnx`` in OpenVINO f32 from the host's pixels, and the host's pixels beside the graph's. Shares of equal
answers and the mean difference in grey levels, over all photos together. The last line is JSON.
"""

import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper

import headstart
import measuring
from headstart.data.load import load_item
from headstart.data.read import read_source
from headstart.data.samples import Sample
from headstart.data.sources import FileSource
from headstart.settings import locate_store
from headstart.storage.store import FeatureSpace, Store
from headstart_runtime.hardware import count_cores
from headstart_runtime.inference import model_format
from headstart_runtime.inference.openvino import Runner
from headstart_runtime.inference.postprocess import apply_head, parse_heads
from headstart_runtime.libraries import import_onnxruntime
from headstart_runtime.modalities.image.decode import crop_resize, decode
from headstart_runtime.modalities.image.onnx import IMAGE, PIXELS


def main() -> None:
    """Runs the benchmark."""
    options = measuring.arguments(__doc__ or "", ("photos", {"type": Path, "nargs": "+"}))
    result: dict[str, float] = {}
    for precision in ("auto", "f32"):
        totals: Counter[str] = Counter()
        for photos in options.photos:
            seen = _compare(photos, precision)
            print(f"{photos.name}, {precision}: " + ", ".join(f"{name} {value:.5g}" for name, value in seen.items()))
            totals.update(seen)
        count = totals["photos"]
        result |= {
            f"{precision}_same_answers": totals["same"] / count,
            f"{precision}_grey_levels": totals["levels"] / count,
            f"{precision}_scaled_grey_levels": totals["scaled_levels"] / count,
            f"{precision}_openvino_same_answers": totals["openvino_same"] / count,
        }
    measuring.finish(__file__, {"photos": count, **result}, keep=options.keep)


def _compare(photos: Path, precision: str) -> dict[str, float]:
    """Sums over one folder's photos, each content once."""
    with tempfile.TemporaryDirectory() as folder:
        run = headstart.fit(photos, out=Path(folder) / "run", precision=precision)
        samples = list({sample.digest: sample for sample in read_source(photos).samples}.values())
        model = run.folder / "model"
        record = model_format.read_model(model)
        (head,) = parse_heads((model / model_format.HEAD).read_bytes(), 1)
        with Store(locate_store()) as store:
            rows = store.read(_space(run), [sample.digest for sample in samples], record.layer)
        fitted = apply_head(head, rows).argmax(axis=1)
        session = _session(model / model_format.GRAPH)
        runner = Runner(
            model / model_format.GRAPH,
            tensors=record.spec.tensors,
            precision="f32",
            streams=count_cores(),
            start={PIXELS: PIXELS},
            outputs=(model_format.FEATURES,),
        )

        def look(sample: Sample) -> tuple[int, float, float, np.ndarray]:
            assert isinstance(sample.source, FileSource)
            full = decode(sample.source.read()).pixels
            host = crop_resize(load_item(sample.source, record.spec).value, record.spec)
            answer, pixels = session.run([model_format.PROBABILITIES, PIXELS], {IMAGE: full})
            level = np.abs(pixels[0].astype(int) - crop_resize(full, record.spec)).mean()
            scaled = np.abs(pixels[0].astype(int) - host).mean()
            return int(answer.argmax()), float(level), float(scaled), host

        same = openvino_same = 0
        levels = scaled_levels = 0.0
        with ThreadPoolExecutor(count_cores()) as pool:
            for start in range(0, len(samples), 8):
                looked = list(pool.map(look, samples[start : start + 8]))
                answers = np.array([answer for answer, *_ in looked])
                pixels = np.stack([host for *_, host in looked])
                features = runner.run({PIXELS: pixels})[model_format.FEATURES]
                same += int((answers == fitted[start : start + 8]).sum())
                openvino_same += int((answers == apply_head(head, features).argmax(axis=1)).sum())
                levels += sum(level for _, level, *_ in looked)
                scaled_levels += sum(scaled for _, _, scaled, _ in looked)
    return {
        "photos": len(samples),
        "same": same,
        "openvino_same": openvino_same,
        "levels": levels,
        "scaled_levels": scaled_levels,
    }


def _session(graph: Path) -> Any:
    """The shipped graph with its pixels as a second output."""
    model = onnx.load(graph)
    model.graph.output.append(helper.make_empty_tensor_value_info(PIXELS))
    return import_onnxruntime().InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def _space(run: headstart.Run) -> FeatureSpace:
    layers = tuple((layer["name"], layer["width"]) for layer in run.record["backbone"]["layers"])
    return FeatureSpace(run.record["space"]["fingerprint"], layers)


if __name__ == "__main__":
    main()
