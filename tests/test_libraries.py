"""No library that headstart imports reports to its maker."""

import ast
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import onnx
import pytest

from headstart_runtime import libraries
from tests.conftest import Warm

ROOT = Path(__file__).resolve().parents[2]
PREDICTS = """
import sys
from headstart_runtime.inference.classifier import load
classifier = load(sys.argv[1])
print(classifier.predict(sys.argv[2]).label, len(classifier.predict(sys.argv[2:])))
import openvino
print("openvino_telemetry" in sys.modules, openvino.convert_model.__name__)
"""


def test_predicting_leaves_nothing_in_the_home_of_the_user(warm: Warm, tmp_path: Path) -> None:
    """An identifier of the device is what both libraries make first, with or without a network."""
    homes = {name: str(tmp_path) for name in ("HOME", "USERPROFILE", "LOCALAPPDATA", "APPDATA", "XDG_CACHE_HOME")}
    wanted = ("PATH", "PYTHONPATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "HEADSTART_STORE")  # not CI: OpenVINO heeds it
    environment = {name: os.environ[name] for name in wanted if name in os.environ} | homes
    photos = sorted(file for file in warm.photos.rglob("*") if file.is_file())[:25]
    command = [sys.executable, "-c", PREDICTS, warm.run, *photos]
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.stdout.split() == ["checks", "25", "False", "convert_model"], done.stderr
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []


@pytest.mark.parametrize(("given", "kept", "off"), [(None, "1", True), ("1", "1", True), ("0", "0", False)])
def test_the_switch_is_set_before_the_import_unless_the_user_set_it(
    monkeypatch: pytest.MonkeyPatch, given: str | None, kept: str, *, off: bool
) -> None:
    seen = []

    def imported(name: str) -> SimpleNamespace:
        seen.append((name, os.environ[libraries.ORT_SWITCH]))
        return SimpleNamespace(disable_telemetry_events=lambda: seen.append(("off", "")))

    monkeypatch.setenv(libraries.ORT_SWITCH, given or "")
    if given is None:
        monkeypatch.delenv(libraries.ORT_SWITCH)
    monkeypatch.delitem(sys.modules, "onnxruntime", raising=False)
    monkeypatch.setattr(libraries, "import_module", imported)
    libraries.import_onnxruntime()
    assert seen == [("onnxruntime", kept), *[("off", "")] * off]


def test_a_library_that_was_imported_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(libraries.ORT_SWITCH, raising=False)
    ours = SimpleNamespace()
    monkeypatch.setitem(sys.modules, "onnxruntime", ours)
    assert libraries.import_onnxruntime() is ours
    assert libraries.ORT_SWITCH not in os.environ


def test_threads_of_a_session_do_not_spin() -> None:
    ends = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in "ab"]
    same = onnx.helper.make_graph([onnx.helper.make_node("Identity", ["a"], ["b"])], "same", ends[:1], ends[1:])
    model = onnx.helper.make_model(same, ir_version=10, opset_imports=[onnx.helper.make_opsetid("", 18)])
    options = libraries.start_onnxruntime(model.SerializeToString(), threads=2).get_session_options()
    assert options.intra_op_num_threads == 2
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"


@pytest.mark.parametrize("library", ["onnxruntime", "openvino"])
def test_they_are_imported_in_one_place(library: str) -> None:
    importers = []
    for folder in ("src", "runtime/src", "benchmarks"):
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                names = [it.name for it in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                importers += [file.name for name in names if name.partition(".")[0] == library]
    assert importers == []
