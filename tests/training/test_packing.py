"""Networks of several tensors, through conversion, engines, cuts and packed rows."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from headstart.backbones.backbone import INPUT
from headstart.backbones.graph import FINAL, extract_top, extract_trunk, list_carried, trace
from headstart.backbones.torch_export import write_graph
from headstart.engines.engine import forward_all
from headstart.engines.openvino import OpenVinoEngine
from headstart.engines.pytorch import PyTorchEngine
from headstart.engines.work import count_work_above
from headstart.settings import TrainSettings
from headstart.tasks.classification.objective import ClassObjective
from headstart.training.boundary import to_stored, to_tensor
from headstart.training.export import WholeNetwork
from headstart.training.loop import Trainer
from headstart.training.network import TrainableTop, build_blank_head
from headstart.training.packing import Packing, find_packing
from headstart.training.plan import TrainingPlan
from headstart.training.token_packing import TokenPacking
from headstart.training.trunk import EngineTrunk, FrozenPart, IdentityTrunk, PyTorchTrunk, build_trunk, limit_view_spec
from headstart_runtime.errors import EngineError
from headstart_runtime.inference.openvino import Runner
from headstart_runtime.libraries import import_onnxruntime
from headstart_runtime.modalities.batch import Batch, TensorSpec, count_parts
from headstart_runtime.tasks.task import get_task
from tests.training.words import WIDTH, WordSpec, convert_words, draw_words, load_words

LENGTH = 6


def features(batch: Batch, length: int | None = None) -> NDArray[np.float32]:
    """What the network itself gives for its last layer."""
    with torch.inference_mode():
        return load_words(length).network(*map(torch.from_numpy, batch.values()))[-1].numpy()


def top_of(boundary: str) -> TrainableTop:
    head = build_blank_head(WIDTH, 2)
    return TrainableTop(trace(load_words(LENGTH)), boundary, head, fold=True, precision="f32", device="cpu").eval()


def test_engines_read_tensors_of_any_length(tmp_path: Path) -> None:
    backbone = convert_words(tmp_path)
    own, reference = (
        OpenVinoEngine(backbone, "f32", streams=1),
        PyTorchEngine(backbone, "f32", device="cpu", network=load_words().network),
    )
    for parts, length in ((3, 5), (11, 9), (1, 1)):
        batch = draw_words(parts, length)
        seen, expected = forward_all(own, batch), forward_all(reference, batch)
        np.testing.assert_allclose(expected["final"], features(batch), atol=1e-5)
        for layer, rows in expected.items():
            assert rows.shape == (parts, WIDTH)
            np.testing.assert_allclose(seen[layer], rows, atol=1e-4)
    work = count_work_above(backbone)
    assert work[INPUT] > work["stage1"] > 0


def test_the_mask_goes_past_the_frozen_part() -> None:
    traced, batch = trace(load_words(LENGTH)), draw_words(4, LENGTH)
    ids, mask = map(torch.from_numpy, batch.values())
    assert [one.name for one in list_carried(traced, "stage1")] == ["attention_mask"]
    assert traced.sections[0].shape == (LENGTH, WIDTH)
    with torch.inference_mode():
        out = extract_top(traced, "stage1")(extract_trunk(traced, "stage1")(ids, mask), mask)
        assert torch.equal(extract_top(traced, INPUT)(ids, mask), out)
    np.testing.assert_array_equal(out.numpy(), features(batch))


def test_tensors_are_packed_and_unpacked_as_they_are() -> None:
    inputs = (
        TensorSpec("ids", "int64", (3,)),
        TensorSpec("flags", "uint8", (5,)),
        TensorSpec("wave", "float32", (2, 2)),
    )
    chance = np.random.default_rng(0)
    batch = {
        "ids": chance.integers(-(2**40), 2**40, (2, 3)),
        "flags": chance.integers(0, 256, (2, 5), np.uint8),
        "wave": chance.normal(size=(2, 2, 2)).astype(np.float32),
    }
    values = chance.integers(-8, 8, (2, 4, 3)).astype(np.float32)  # exact in bfloat16
    packing = Packing((4, 3), inputs)
    rows = packing.pack(batch, values)
    assert rows.dtype == np.uint8
    assert rows.shape == (2, *packing.shape) == (2, 24 + 24 + 5 + 16)
    first, *others = packing.unpack(torch.from_numpy(rows))
    assert torch.equal(first.float(), torch.from_numpy(values))
    for tensor, array in zip(others, batch.values(), strict=True):
        assert torch.equal(tensor, torch.from_numpy(array))


def test_one_tensor_of_bytes_is_not_packed(network) -> None:
    traced = network("test_resnet")
    assert find_packing(traced, INPUT) is None
    assert find_packing(traced, "stage1") is None


def test_tokens_of_free_lengths_are_packed_by_the_token() -> None:
    assert isinstance(find_packing(trace(load_words()), "stage1"), TokenPacking)


@pytest.mark.parametrize("kind", [EngineTrunk, PyTorchTrunk, IdentityTrunk])
def test_a_top_learns_from_packed_rows(kind: type, tmp_path: Path) -> None:
    backbone = convert_words(tmp_path, LENGTH)
    part = FrozenPart(backbone, trace(load_words(LENGTH)), INPUT if kind is IdentityTrunk else "stage1")
    engine = OpenVinoEngine(backbone, "f32", streams=1)
    trunk = PyTorchTrunk(part, "f32", "cpu") if kind is PyTorchTrunk else build_trunk(part, engine, "cpu")
    assert isinstance(trunk, kind)
    batch = draw_words(5, LENGTH)
    rows = to_stored(trunk.run(batch))
    assert (trunk.kind, rows.dtype, rows.shape) == ("u8", np.uint8, (5, *trunk.shape))
    with torch.inference_mode():
        seen = top_of(part.boundary).features(to_tensor(rows)).numpy()
    np.testing.assert_allclose(seen, features(batch), atol=1e-5 if kind is IdentityTrunk else 0.05)  # bfloat16
    longer = WordSpec(LENGTH + 1)
    assert limit_view_spec(part.traced, part.boundary, backbone.spec, longer) == backbone.spec


@pytest.mark.parametrize("boundary", [INPUT, "stage1"])
def test_the_whole_is_exported_with_what_goes_past(boundary: str, tmp_path: Path) -> None:
    traced, batch = trace(load_words(LENGTH)), draw_words(3, LENGTH)
    below = None if boundary == INPUT else extract_trunk(traced, boundary)
    carried = [traced.tensors.index(one) for one in list_carried(traced, boundary)]
    write_graph(WholeNetwork(below, top_of(boundary), carried).eval(), traced.tensors, [FINAL], tmp_path / "whole.onnx")
    runner = Runner(tmp_path / "whole.onnx", tensors=traced.tensors, precision="f32", streams=1, outputs=(FINAL,))
    np.testing.assert_allclose(runner.run(batch)[FINAL], features(batch), atol=1e-4)
    assert count_parts(batch) == 3


def test_a_network_that_does_not_read_its_first_tensor_is_not_cut() -> None:
    class Deaf(torch.nn.Module):
        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, ...]:
            rows = attention_mask.float()
            return rows, rows * 2

    loaded = replace(load_words(LENGTH), network=Deaf())
    with pytest.raises(EngineError, match="layer 'stage1' does not read 'input_ids', the first of its tensors"):
        trace(loaded)


def test_tensors_that_a_network_does_not_read_stay_inputs_of_its_graph(tmp_path: Path) -> None:
    class Deaf(torch.nn.Module):
        def __init__(self, read: int) -> None:
            super().__init__()
            self.read = read

        def forward(self, *tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
            return (tensors[self.read].float() * 2,)

    batch = draw_words(3, LENGTH)
    for read, length in ((0, None), (1, LENGTH)):
        tensors = WordSpec(length).tensors
        write_graph(Deaf(read), tensors, ["final"], tmp_path / "graph.onnx")
        session = import_onnxruntime().InferenceSession(tmp_path / "graph.onnx", providers=["CPUExecutionProvider"])
        assert [one.name for one in session.get_inputs()] == list(batch)
        runner = Runner(
            tmp_path / "graph.onnx", tensors=tensors, precision="f32", streams=1, outputs=("final",), batch=3
        )
        expected = list(batch.values())[read] * 2
        np.testing.assert_array_equal(session.run(None, dict(batch))[0], expected)
        np.testing.assert_array_equal(runner.run(batch)["final"], expected)


def test_packed_rows_are_trained_on_without_mixup() -> None:
    made, batch = top_of("stage1"), draw_words(4, LENGTH)
    assert made.packing is not None
    activations = np.random.default_rng(0).normal(size=(4, LENGTH, WIDTH)).astype(np.float32)
    rows = torch.from_numpy(made.packing.pack(batch, activations))
    source: Any = SimpleNamespace(targets=np.array([0, 1, 0, 1]), lengths=None)
    found = []
    for mixup in (0.0, 0.4):
        objective, measure = ClassObjective(np.ones(2, np.float32), 0.0, "cpu"), get_task("classification").measure
        plan = TrainingPlan(TrainSettings(mixup=mixup, rate=1e-3), 0, objective, measure)
        trainer = Trainer(top_of("stage1"), source, source, plan)
        found.append(trainer.step(rows, torch.tensor([0, 1, 0, 1]), np.random.default_rng(0), 0))
    assert found[0] == found[1]
