import json
import shutil
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from headstart import events
from headstart.backbones.backbone import Backbone
from headstart.backbones.convert import load_backbone
from headstart.backbones.reference import REFERENCE, ReferenceRows, read_reference, write_reference
from headstart.engines import choose, openvino, parity, pytorch_factory
from headstart.engines.choose import choose_engine
from headstart.engines.openvino import OpenVinoEngine
from headstart.engines.parity import ParityCheck, ParitySamples, check_parity
from headstart_runtime.errors import EngineError, MissingExtra
from headstart_runtime.hardware import Hardware, has_bf16
from headstart_runtime.modalities.batch import Batch, count_parts, take
from tests.conftest import CLASSES, Warm, picture


def unproved(warm: Warm, folder: Path) -> Backbone:
    """The converted network without the proofs that other tests made."""
    known = load_backbone(warm.name, warm.store / "networks")
    home = folder / "networks" / known.folder.name
    home.mkdir(parents=True)
    for file in known.folder.iterdir():
        if file.name in ("backbone.json", "network.onnx", REFERENCE):
            shutil.copy(file, home)
    return load_backbone(warm.name, folder / "networks")


@pytest.fixture
def lite0(warm: Warm, tmp_path: Path) -> Backbone:
    return unproved(warm, tmp_path)


@pytest.fixture
def network(small: Warm, tmp_path: Path) -> Backbone:
    """One of 32 pixels, where any would do."""
    return unproved(small, tmp_path)


def large(count: int = 8, size: int = 224) -> Batch:
    chance = np.random.default_rng(0)
    return {"pixels": np.stack([picture(CLASSES[index % 3], chance, (size, size)) for index in range(count)])}


def fail() -> Batch:
    """Samples that no check may ask for."""
    raise AssertionError


def draw() -> Batch:
    return large(size=32)


def test_a_graph_of_ours_is_held_to_rows_of_pytorch_and_to_onnx_runtime(lite0: Backbone) -> None:
    chosen = choose_engine(lite0, ParitySamples("drawn", large), precision="f32")
    assert (chosen.engine.name, chosen.engine.precision) == ("openvino", "f32")
    kept, runtime = chosen.parity_checks
    assert [(check.reference, check.samples) for check in (kept, runtime)] == [
        ("rows kept from pytorch f32", 2),
        ("onnxruntime f32", 8),
    ]
    for check in (kept, runtime):
        assert list(check.cosine) == [layer.name for layer in lite0.layers]
        assert min(check.cosine.values()) > 0.99999
    assert choose_engine(lite0, ParitySamples("drawn", fail), precision="f32").parity_checks == chosen.parity_checks


@pytest.mark.parametrize("fault", ["rows", "graph", "file"])
def test_a_graph_of_ours_that_gives_other_features_is_not_run(lite0: Backbone, fault: str) -> None:
    kept = read_reference(lite0.folder)
    said = r"other features than PyTorch once .* \(cosine 0\."
    if fault == "rows":
        rows = {**kept.rows, "final": kept.rows["final"][:, ::-1]}
        write_reference(lite0.folder, ReferenceRows(kept.batch, rows))
    elif fault == "graph":  # a stage's stride is lost
        model = onnx.load(lite0.graph)
        (node,) = (node for node in model.graph.node if node.output[0] == "_blocks.3._depthwise_conv")
        node.attribute.remove(next(one for one in node.attribute if one.name == "strides"))
        onnx.save(model, lite0.graph)
    else:
        (lite0.folder / REFERENCE).write_bytes(b"nothing")
        said = "reference rows of efficientnet_lite0 cannot be read"
    with pytest.raises(EngineError, match=said):
        choose_engine(lite0, ParitySamples("drawn", fail), engine="openvino", precision="f32")
    heard: list[events.Event] = []
    assert choose_engine(lite0, ParitySamples("drawn", large), listener=heard.append).engine.name == "pytorch"
    assert any("PyTorch runs it instead" in event.text for event in heard if isinstance(event, events.Note))


def test_the_converted_network_gives_pytorchs_features(network: Backbone) -> None:
    chosen = choose_engine(network, ParitySamples("drawn", draw), precision="f32")
    (proof,) = chosen.parity_checks
    assert proof.reference == "pytorch f32"
    assert set(proof.cosine) == {layer.name for layer in network.layers}
    assert min(proof.cosine.values()) > 0.99999


def test_proofs_are_kept_for_the_same_photos_and_asked_again_for_others(network: Backbone) -> None:
    loads = []

    def load() -> Batch:
        loads.append(1)
        return draw()

    first = choose_engine(network, ParitySamples("a", load), precision="bf16")
    count = len(loads)
    assert choose_engine(network, ParitySamples("a", load), precision="bf16").parity_checks == first.parity_checks
    assert len(loads) == count
    choose_engine(network, ParitySamples("b", load), precision="bf16")
    assert len(loads) == count + 1


def test_bf16_that_loses_too_much_falls_back_with_a_note(network: Backbone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openvino, "has_bf16", lambda: True)
    poor = ParityCheck("openvino", "bf16", "openvino f32", {"final": 0.9}, 8)
    monkeypatch.setattr(openvino, "_check_bf16", lambda *_: poor)
    heard: list[events.Event] = []
    chosen = choose_engine(network, ParitySamples("a", draw), listener=heard.append)
    assert chosen.engine.precision == "f32"
    assert poor in chosen.parity_checks
    assert any(isinstance(event, events.Note) and "bf16 loses too much" in event.text for event in heard)


def test_a_wrong_conversion_falls_back_to_pytorch(network: Backbone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        openvino, "_check_conversion", lambda *_: ParityCheck("openvino", "f32", "pytorch f32", {"final": 0.5}, 8)
    )
    heard: list[events.Event] = []
    chosen = choose_engine(network, ParitySamples("a", draw), listener=heard.append)
    assert chosen.engine.name == "pytorch"
    assert any("PyTorch runs it instead" in event.text for event in heard if isinstance(event, events.Note))
    with pytest.raises(EngineError, match=r"other features than PyTorch .* \(cosine 0.5"):
        choose_engine(network, ParitySamples("a", draw), engine="openvino")


def test_a_graph_that_does_not_load_falls_back_to_pytorch(network: Backbone) -> None:
    network.graph.write_bytes(b"no graph")
    heard: list[events.Event] = []
    chosen = choose_engine(network, ParitySamples("a", draw), precision="f32", listener=heard.append)
    assert chosen.engine.name == "pytorch"
    assert any("OpenVINO cannot run" in event.text for event in heard if isinstance(event, events.Note))


def test_without_openvino_pytorch_runs_it_with_a_note(network: Backbone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)  # importing it fails as where it is not installed
    heard: list[events.Event] = []
    chosen = choose_engine(network, ParitySamples("a", draw), listener=heard.append)
    assert chosen.engine.name == "pytorch"
    said = [event.text for event in heard if isinstance(event, events.Note)]
    assert said == ["OpenVINO is not installed (pip install openvino); PyTorch runs it instead"]
    with pytest.raises(EngineError, match="OpenVINO is not installed"):
        choose_engine(network, ParitySamples("a", draw), engine="openvino")


def test_without_openvino_the_machine_still_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    with_openvino = parity.machine_key()
    monkeypatch.setitem(sys.modules, "openvino", None)
    assert parity.machine_key.__wrapped__() not in ("", with_openvino)
    assert not has_bf16()


@pytest.mark.parametrize(("value", "said"), [(0.5, "0.500"), (0.998999, "0.998999"), (0.99895, "0.99895")])
def test_a_cosine_that_is_too_low_is_not_said_as_the_one_that_is_wanted(value: float, said: str) -> None:
    assert parity.describe_cosine(value) == said


def test_a_damaged_proof_is_made_anew(network: Backbone) -> None:
    photos = ParitySamples("a", draw)
    first = choose_engine(network, photos, precision="f32").parity_checks
    for file in network.folder.glob("proof-*.json"):
        file.write_text(json.dumps({"version": 2}))
    assert choose_engine(network, photos, precision="f32").parity_checks == first


def test_rows_that_are_not_finite_have_cosine_zero(network: Backbone) -> None:
    class Broken:
        name, precision, batch, streams = "broken", "f32", 8, 1

        def forward(self, batch: Batch) -> dict[str, NDArray[np.float32]]:
            return {
                layer.name: np.full((count_parts(batch), layer.width), np.nan, np.float32) for layer in network.layers
            }

    proof = check_parity(Broken(), OpenVinoEngine(network, "f32"), draw())  # type: ignore[arg-type]
    assert proof.row_cosine == 0
    assert not proof.passed


def test_a_row_does_not_depend_on_its_batch(lite0: Backbone) -> None:
    """Else a killed run would end otherwise than an undisturbed one."""
    engine = OpenVinoEngine(lite0, "bf16")
    photos = large(8)
    together = engine.forward(photos)
    for count in (1, 3):
        alone = engine.forward(take(photos, slice(2, 2 + count)))
        for layer, rows in alone.items():
            np.testing.assert_array_equal(rows, together[layer][2 : 2 + count])


def test_without_pytorch_a_gpu_gets_a_note_and_openvino_is_all_there_is(
    network: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose_engine(network, ParitySamples("a", draw))  # checked while PyTorch was there
    for module in (choose, pytorch_factory):
        monkeypatch.setattr(module, "has_gpu", lambda: True)
    monkeypatch.setitem(sys.modules, "torch", None)  # importing it fails as where it is not installed
    heard: list[events.Event] = []
    assert choose_engine(network, ParitySamples("a", fail), listener=heard.append).engine.name == "openvino"
    said = [event.text for event in heard if isinstance(event, events.Note)]
    assert said == ["this machine's GPU is not used: PyTorch is not installed (pip install 'headstart[train]')"]
    assert [factory.name for factory in choose.rank_engines(network, Hardware(2, None))] == ["openvino"]
    with pytest.raises(MissingExtra, match=r"^the engine PyTorch needs the package 'torch'"):
        choose_engine(network, ParitySamples("a", fail), engine="pytorch")
    for file in network.folder.glob("proof-*.json"):
        file.unlink()
    with pytest.raises(MissingExtra, match=r"^the check of .* on this machine needs the package 'torch'"):
        choose_engine(network, ParitySamples("a", draw))
