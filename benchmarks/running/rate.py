"""Answer files with a saved classifier, once to warm up and once timed; print the seconds.

    python rate.py WAY MODEL FILES

WAY is ``openvino`` or ``onnxruntime``: the small runtime, nothing of headstart is imported; or ``plain``: Pillow and
``model.onnx`` in one session of ONNX Runtime, from a pool of as many threads as cores, as one writes it by hand. FILES
is a text file with a path in each line.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

WARM_UP = 48  #: items


def main() -> None:
    """Time one way."""
    way, model, listed = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    files = [Path(line) for line in listed.read_text("utf-8").splitlines()]
    answer = answer_plainly(model) if way == "plain" else answer_by_runtime(model, way)
    answer(files[:WARM_UP])
    began = time.perf_counter()
    labels = answer(files)
    seconds = time.perf_counter() - began
    assert "headstart" not in sys.modules
    print(json.dumps({"seconds": seconds, "labels": labels}))


def answer_by_runtime(model: Path, engine: str) -> Callable[[Sequence[Path]], list[str]]:
    """Return what answers files by the small runtime."""
    from headstart_runtime import load

    classifier = load(model, engine)  # type: ignore[arg-type]
    return lambda files: [str(answer.label) for answer in classifier.predict(list(files))]


def answer_plainly(model: Path) -> Callable[[Sequence[Path]], list[str]]:
    """Return what answers files by hand."""
    import numpy as np
    import onnxruntime
    from PIL import Image, ImageOps

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # the pool keeps the cores busy
    session = onnxruntime.InferenceSession(model / "model.onnx", options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    classes = json.loads((model / "model.json").read_text("utf-8"))["space"]["names"]

    def answer(file: Path) -> str:
        with Image.open(file) as opened:
            pixels = np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))
        (probabilities,) = session.run(["probabilities"], {name: pixels})
        return str(classes[int(np.argmax(probabilities))])

    def answer_all(files: Sequence[Path]) -> list[str]:
        with ThreadPoolExecutor(cores) as pool:
            return list(pool.map(answer, files))

    return answer_all


if __name__ == "__main__":
    main()
