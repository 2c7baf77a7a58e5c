"""What predicting imports, whatever facets a modality and a task have for fitting."""

import subprocess
import sys

import pytest

from tests.conftest import Small

PREDICTING = """
import sys, headstart
classifier = headstart.load(sys.argv[1], sys.argv[2])
assert classifier.predict(sys.argv[3]).label
assert [one.label for one in classifier.predict([sys.argv[3]] * 30)]
print(*sorted(sys.modules))
"""
FORBIDDEN = {"torch", "timm", "torchvision", "pydantic", "sklearn", "scipy", "onnx"}
ROOMS = {f"headstart.{room}" for room in ("data", "settings", "storage", "display", "events", "process", "export")}


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_predicting_imports_nothing_that_fitting_needs(small: Small, engine: str) -> None:
    photo = next(file for file in sorted(small.photos.rglob("*")) if file.is_file())
    command = [sys.executable, "-c", PREDICTING, str(small.run), engine, str(photo)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    modules = set(done.stdout.split())
    allowed = {"onnx"} if engine == "openvino" else set()  # OpenVINO imports it where it is installed
    assert {"onnxruntime", "openvino"} & modules == {engine}
    assert not modules & (FORBIDDEN - allowed)
    assert not {".".join(name.split(".")[:2]) for name in modules} & ROOMS
