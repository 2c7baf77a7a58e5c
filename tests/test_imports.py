"""What is imported when: nobody waits for PyTorch to predict, to read a help page, or to fit a classifier."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import WATCHED

HEAVY = {"torch", "torchvision", "timm", "sklearn", "scipy", "onnx", "matplotlib", "transformers"}


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


def test_a_first_fit_with_an_embedded_network(warm) -> None:
    """Converted, proved, fitted, saved, tested and reported in one process."""
    code, modules = json.loads(warm.imports.read_text())
    assert code == 0
    assert {"onnx", "onnxruntime", "openvino"} <= set(modules)
    assert not set(modules) & {"torch", "torchvision", "timm"}


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["check", "report", "explain", "features", "evaluate"])
def test_other_verbs(warm, tmp_path, verb) -> None:
    shutil.copytree(warm.run, tmp_path / "run")
    arguments = {
        "check": [warm.photos, "--labels", tmp_path / "labels.csv"],
        "report": [tmp_path / "run"],
        "explain": [tmp_path / "run" / "model", warm.photos / "discs/0-000.png", "--out", tmp_path / "maps"],
        "features": [warm.photos, "--out", tmp_path / "features.npz"],
        "evaluate": [tmp_path / "run" / "model", warm.photos],
    }
    modules = imported_by(tmp_path / "report.json", verb, *arguments[verb])
    assert not modules & {"torch", "torchvision", "timm"}


@pytest.mark.slow
def test_fitting_on_known_photos(warm, tmp_path) -> None:
    modules = imported_by(tmp_path / "report", "fit", warm.photos, "--out", tmp_path / "run", "--quiet")
    assert not modules & {"torch", "torchvision", "timm", "sklearn"}


@pytest.mark.slow
def test_fitting_on_new_photos_with_a_network_that_is_known(warm, photos, tmp_path) -> None:
    folder = photos(each=8, seed=123)
    modules = imported_by(tmp_path / "report", "fit", folder, "--out", tmp_path / "run", "--quiet")
    assert not modules & {"torch", "torchvision", "timm", "sklearn"}
