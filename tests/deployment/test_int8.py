"""int8: calibrated on training items, judged on validation, taken only where it is not worse beyond the interval."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import headstart
from headstart.deployment import quantize
from headstart.deployment.proof import ProofError
from headstart_runtime.errors import SaveError, SettingError
from headstart_runtime.inference.classifier import Classifier
from tests.conftest import Warm
from tests.deployment.conftest import Break
from tests.deployment.test_proof import BGR, INPUTS, replace_code


@pytest.mark.parametrize("form", ["onnx", "openvino"])
def test_its_scores_speed_and_size_stand_in_the_manifest(form: str, small: Warm, tmp_path: Path) -> None:
    made = headstart.export(small.run, to=form, out=tmp_path / "made", precision="int8")
    facts = json.loads((made.folder / "manifest.json").read_text())
    assert facts["precision"] == "int8"
    scores = facts["validation_scores"]
    assert scores["items"] > 0
    assert scores["low"] <= scores["difference"] <= scores["high"]
    assert min(scores["saved_milliseconds"], scores["exported_milliseconds"]) > 0
    assert made.validation is not None
    assert made.validation.describe() in (made.folder / "README.md").read_text()


def test_networks_are_in_whole_numbers_and_heads_are_not(small: Warm, tmp_path: Path) -> None:
    import onnx

    made = headstart.export(small.run, to="onnx", out=tmp_path / "made", precision="int8")
    graph = onnx.load(made.folder / "model.onnx").graph
    made_by = {name: node for node in graph.node for name in node.output}
    kinds = {node.name: {made_by[one].op_type for one in node.input if one in made_by} for node in graph.node}
    convolutions = [node.name for node in graph.node if node.op_type == "Conv"]
    heads = [node.name for node in graph.node if node.op_type in ("Gemm", "MatMul") and "branch" not in node.name]
    assert convolutions
    assert heads
    assert [name for name in convolutions if "DequantizeLinear" not in kinds[name]] == convolutions[: quantize.KEPT]
    assert not any("DequantizeLinear" in kinds[name] for name in heads)


def test_one_that_is_worse_is_refused(
    small: Warm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, break_format: Callable[[str, Break], None]
) -> None:
    def answer_wrongly(classifier: Classifier, items: object) -> bytes:
        import onnx
        from onnx import helper

        model = onnx.load_from_string(classifier.files.graph)
        (node,) = (node for node in model.graph.node if "probabilities" in node.output)
        node.output[0] = "right"
        model.graph.node.append(helper.make_node("Neg", ["right"], ["probabilities"]))
        return bytes(model.SerializeToString())

    monkeypatch.setattr(quantize, "quantize_graph", answer_wrongly)
    with pytest.raises(SaveError, match=r"in fewer bits is worse on validation .*nothing is written: accuracy"):
        headstart.export(small.run, to="onnx", out=tmp_path / "made", precision="int8")
    assert not list(tmp_path.iterdir())


def test_what_comes_before_the_network_is_proved_all_the_same(
    small: Warm, tmp_path: Path, break_format: Callable[[str, Break], None]
) -> None:
    break_format("onnx", replace_code(INPUTS, BGR))
    with pytest.raises((ProofError, SaveError)):
        headstart.export(small.run, to="onnx", out=tmp_path / "made", precision="int8")


def test_without_the_run_it_is_refused_in_a_line(small: Warm, tmp_path: Path) -> None:
    shutil.copytree(small.run / "model", tmp_path / "alone")
    with pytest.raises(SettingError, match=r"int8 is calibrated on training items and judged on validation"):
        headstart.export(tmp_path / "alone", to="onnx", out=tmp_path / "made", precision="int8")
    assert not (tmp_path / "made").exists()
