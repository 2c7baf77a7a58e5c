"""What is imported when: nobody waits for PyTorch to predict, to read a help page, or to fit a second time."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"torch", "torchvision", "timm", "sklearn", "scipy", "onnx", "matplotlib", "transformers"}
WATCHED = """
import json, sys
from headstart.cli.main import run
code = run(sys.argv[2:])
with open(sys.argv[1], "w") as file:
    json.dump([code, sorted({name.partition(".")[0] for name in sys.modules})], file)
"""


def imported_by(report: Path, *arguments: object) -> set[str]:
    """The packages that a command has imported when it has ended well."""
    command = [sys.executable, "-c", WATCHED, report, *arguments]
    subprocess.run(list(map(str, command)), capture_output=True, check=True)
    code, modules = json.loads(report.read_text())
    assert code == 0
    return set(modules)


def test_importing_headstart_imports_next_to_nothing() -> None:
    show = "import sys, headstart; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)
    modules = set(done.stdout.split())
    assert not modules & {*HEAVY, "numpy", "PIL", "onnxruntime", "openvino", "pydantic", "rich", "cyclopts"}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["predict", "--help"], ["check", "--help"]])
def test_help(arguments, tmp_path) -> None:
    modules = imported_by(tmp_path / "report", *arguments)
    assert not modules & {*HEAVY, "onnxruntime", "openvino"}
    if not arguments[0].startswith("--"):
        return
    assert not modules & {"numpy", "PIL"}


def test_predicting_one_photo(warm, tmp_path) -> None:
    modules = imported_by(tmp_path / "report", "predict", warm.run / "model", warm.photos / "discs/0-000.png")
    assert "onnxruntime" in modules
    assert not modules & {*HEAVY, "openvino", "pydantic"}


def test_predicting_many_photos(warm, tmp_path) -> None:
    modules = imported_by(tmp_path / "report", "predict", warm.run / "model", warm.photos)
    assert "openvino" in modules
    assert not modules & (HEAVY - {"onnx"})


@pytest.mark.slow
def test_fitting_on_known_photos(warm, tmp_path) -> None:
    modules = imported_by(tmp_path / "report", "fit", warm.photos, "--out", tmp_path / "run", "--quiet")
    assert not modules & {"torch", "torchvision", "timm", "sklearn"}


@pytest.mark.slow
def test_fitting_on_new_photos_with_a_network_that_is_known(warm, photos, tmp_path) -> None:
    folder = photos(each=8, seed=123)
    modules = imported_by(tmp_path / "report", "fit", folder, "--out", tmp_path / "run", "--quiet")
    assert not modules & {"torch", "torchvision", "timm", "sklearn"}
