"""An export is written whole and proved, runs by its own code, and notices a file that was changed."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import headstart
from headstart.cli.main import run
from headstart.deployment.formats import ExportJob
from headstart.deployment.host_code import load_code
from headstart.deployment.openvino_format import OpenVinoFormat, keep_first_convolutions
from headstart.engines.rounding import to_bf16
from headstart_runtime.errors import ClassifierError, SettingError
from headstart_runtime.exported.manifest import read_manifest
from tests.conftest import Warm


@pytest.fixture(scope="module")
def exported(small: Warm, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return headstart.export(small.run, to="onnx", out=tmp_path_factory.mktemp("exports") / "onnx").folder


def test_it_holds_names_licences_thresholds_a_proof_and_golden_answers(exported: Path, small: Warm) -> None:
    facts = json.loads((exported / "manifest.json").read_text())
    classifier = headstart.load(small.run)
    assert facts["names"] == list(classifier.classes)
    assert facts["licences"][0]["licence"]
    assert facts["model"]["postprocessor"] == json.loads((small.run / "model/model.json").read_text())["postprocessor"]
    proof = json.loads((exported / "proof.json").read_text())
    assert proof["held_out"]["same_answers"] == proof["drawn"]["same_answers"] == 1
    assert [one["step"] for one in proof["steps"]][:3] == ["decode", "resize", "network"]
    golden = json.loads((exported / "golden/answers.json").read_text())
    assert {one["file"] for one in golden} == {path.name for path in (exported / "golden").iterdir()} - {"answers.json"}
    assert {path.name for path in exported.iterdir()} - {"manifest.json"} == {
        name.partition("/")[0] for name in facts["files"]
    }


def test_its_code_answers_as_the_saved_classifier(exported: Path, small: Warm) -> None:
    photo = next(small.photos.rglob("*.jpg"))
    code = load_code(exported)
    found = code.start(exported).answer(photo).outputs["probabilities"]
    wanted = headstart.load(small.run, "onnxruntime").predict(photo).probabilities
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_the_readme_runs_as_it_stands(exported: Path) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", (exported / "README.md").read_text(), re.DOTALL)
    ran = subprocess.run(
        [sys.executable, "-B", "-c", block], cwd=exported, capture_output=True, text=True, env=os.environ, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "[" in ran.stdout


def test_its_command_line_answers_and_checks(exported: Path, small: Warm, capsys: pytest.CaptureFixture[str]) -> None:
    from headstart_runtime.exported.command import run_command

    code, photo = load_code(exported), next(small.photos.rglob("*.jpg"))
    assert run_command(code.start, ["--check"], exported) == 0
    assert "6 of 6 golden items answered alike" in capsys.readouterr().out
    assert run_command(code.start, [str(photo), "missing.jpg"], exported) == 2
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["label"] == headstart.load(small.run).predict(photo).label
    assert "missing.jpg" in second["source"]
    assert second["error"]
    assert run_command(code.start, [], exported) == 2


@pytest.mark.parametrize("name", ["model.onnx", "predict.py", "golden/answers.json"])
def test_a_changed_or_missing_file_is_noticed(name: str, exported: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(exported, copy)
    with (copy / name).open("ab") as file:
        file.write(b" ")
    with pytest.raises(ClassifierError, match=r"is not the file that was exported .*copy the whole folder again"):
        read_manifest(copy)
    (copy / name).unlink()
    with pytest.raises(ClassifierError, match=r"cannot be read: No such file"):
        read_manifest(copy)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "not JSON"),
        ("[]", "is no manifest"),
        ('{"schema_version": 99}', "99"),
        ('{"schema_version": 1}', "incomplete"),
    ],
)
def test_a_manifest_that_is_none_is_said_in_a_line(content: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(ClassifierError, match=words) as refused:
        read_manifest(tmp_path)
    assert "\n" not in str(refused.value)


def test_what_is_there_is_not_overwritten(exported: Path, small: Warm) -> None:
    with pytest.raises(SettingError, match="is there already and is not overwritten"):
        headstart.export(small.run, to="onnx", out=exported)


def test_an_unknown_format_or_precision_is_named(small: Warm, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"no format 'onyx' is installed; did you mean 'onnx'"):
        headstart.export(small.run, to="onyx", out=tmp_path / "x")
    with pytest.raises(SettingError, match=r"ONNX Runtime is not written at precision 'bf16'"):
        headstart.export(small.run, to="onnx", out=tmp_path / "x", precision="bf16")
    assert not list(tmp_path.iterdir())


def test_the_command_exports_and_says_how_far_answers_are_apart(
    small: Warm, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, items = tmp_path / "made", str(small.photos)
    assert run(["export", str(small.run), "--to", "onnx", "--out", str(out), "--items", items, "--with-items"]) == 0
    said = capsys.readouterr().out
    assert "held out: 100.0% of" in said
    assert f"{out}: " in said
    proof = json.loads((out / "proof.json").read_text())
    assert proof["held_out_items"] == "photos that you gave"
    assert len(list((out / "golden").iterdir())) == 6 + 4 + 1


def test_a_model_without_its_run_is_proved_on_drawn_items_alone(small: Warm, tmp_path: Path) -> None:
    shutil.copytree(small.run / "model", tmp_path / "alone")
    made = headstart.export(tmp_path / "alone", to="onnx", out=tmp_path / "made")
    assert made.proof.held_out is None
    assert made.proof.drawn is not None
    assert "lies in no run" in json.loads((made.folder / "proof.json").read_text())["held_out_items"]


def test_weights_of_convolutions_are_rounded_together_for_openvino_in_bf16(small: Warm, tmp_path: Path) -> None:
    openvino = pytest.importorskip("openvino")
    OpenVinoFormat().write(ExportJob(headstart.load(small.run), "bf16", (), {}), tmp_path)
    model = openvino.Core().read_model(tmp_path / "model.xml")
    weights = [
        node.input_value(1).get_node().get_data() for node in model.get_ops() if node.get_type_name() == "Convolution"
    ]
    assert weights
    for values in weights:
        np.testing.assert_array_equal(values, to_bf16(values))


def test_what_leads_up_to_the_third_convolution_stays_in_float32() -> None:
    openvino = pytest.importorskip("openvino")
    made = openvino.opset11
    entry = made.parameter([1, 3, 8, 8], np.float32, name="entry")
    layer = made.multiply(entry, made.constant(np.float32(2)), name="scaled")
    for number in range(4):
        weights = made.constant(np.ones((3, 3, 1, 1), np.float32))
        layer = made.convolution(layer, weights, [1, 1], [0, 0], [0, 0], [1, 1], name=f"conv{number}")
        layer = made.relu(layer, name=f"relu{number}")
    model = openvino.Model([layer], [entry])
    keep_first_convolutions(model)
    marked = {node.get_friendly_name() for node in model.get_ops() if "precise_0" in node.get_rt_info()}
    assert marked == {"scaled", "conv0", "relu0", "conv1", "relu1"}


def test_a_network_without_convolutions_is_in_bf16_as_a_whole() -> None:
    openvino = pytest.importorskip("openvino")
    entry = openvino.opset11.parameter([1, 8], np.float32, name="entry")
    model = openvino.Model([openvino.opset11.relu(entry)], [entry])
    keep_first_convolutions(model)
    assert not [node for node in model.get_ops() if "precise_0" in node.get_rt_info()]
