"""A contract that is broken on purpose is refused by the proof, which names the step."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

import headstart
from headstart.deployment.proof import ProofError
from tests.conftest import Warm
from tests.deployment.conftest import Break


def replace_code(old: str, new: str) -> Break:
    """Break ``predict.py`` by another text in the place of one."""

    def damage(folder: Path) -> None:
        code = (folder / "predict.py").read_text()
        assert old in code
        (folder / "predict.py").write_text(code.replace(old, new))

    return damage


def edit_graph(change: Callable[[onnx.GraphProto], None]) -> Break:
    """Break ``model.onnx``."""

    def damage(folder: Path) -> None:
        model = onnx.load(folder / "model.onnx")
        change(model.graph)
        onnx.save(model, folder / "model.onnx")

    return damage


def interpolate_otherwise(graph: onnx.GraphProto) -> None:
    (resize,) = (node for node in graph.node if node.op_type == "Resize")
    (mode,) = (one for one in resize.attribute if one.name == "mode")
    mode.s = b"cubic" if mode.s == b"linear" else b"linear"


def swap_columns(graph: onnx.GraphProto) -> None:
    for name in ("probabilities", "uncalibrated"):
        (node,) = (node for node in graph.node if name in node.output)
        node.output[0] = f"{name}/right"
        axis = numpy_helper.from_array(np.array([1, 0, 2]), f"{name}/order")
        graph.initializer.append(axis)
        graph.node.append(onnx.helper.make_node("Gather", [f"{name}/right", f"{name}/order"], [name]))


INPUTS = "inputs = self.host.load_graph_inputs(self.host.open(item))\n"
BGR = f"{INPUTS}        inputs = {{'image': inputs['image'][..., ::-1]}}\n"
UNTURNED = f"""{INPUTS}
        import io, numpy, pathlib, PIL.Image
        content = item if isinstance(item, bytes) else pathlib.Path(item).read_bytes()
        inputs = {{'image': numpy.asarray(PIL.Image.open(io.BytesIO(content)).convert('RGB'))}}
"""
NAMES = "self.names = self.host.names"


@pytest.mark.parametrize(
    ("damage", "step"),
    [
        pytest.param(replace_code(INPUTS, BGR), "decode", id="BGR"),
        pytest.param(replace_code(INPUTS, UNTURNED), "decode", id="no rotation"),
        pytest.param(edit_graph(interpolate_otherwise), "resize", id="another interpolation"),
        pytest.param(edit_graph(swap_columns), "head", id="classes swapped in the graph"),
        pytest.param(replace_code(NAMES, f"{NAMES}[::-1]"), "postprocessing", id="names swapped"),
    ],
)
def test_a_broken_contract_is_refused_and_its_step_named(
    damage: Break, step: str, small: Warm, tmp_path: Path, break_format: Callable[[str, Break], None]
) -> None:
    break_format("onnx", damage)
    with pytest.raises(ProofError, match=rf"nothing is written: .*\(step: {step}\)") as refused:
        headstart.export(small.run, to="onnx", out=tmp_path / "made")
    assert refused.value.step == step
    assert not list(tmp_path.iterdir())
