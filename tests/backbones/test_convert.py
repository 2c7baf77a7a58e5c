import errno
import json
from pathlib import Path

import pytest

from headstart import events
from headstart.backbones.backbone import GRAPH, RECORD, SCHEMA_VERSION
from headstart.backbones.convert import load_backbone
from headstart_runtime.errors import BackboneError, HeadstartError
from tests.backbones.conftest import Weights


def test_a_network_is_converted_once(tmp_path: Path, weights: Weights, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"timm:resnet10t@{weights('resnet10t')}"
    heard: list[events.Event] = []
    first = load_backbone(name, tmp_path / "networks", heard.append)
    assert first.graph.is_file()
    assert [type(event) for event in heard] == [events.Note]
    monkeypatch.setattr("headstart.backbones.convert.export_network", lambda *_: pytest.fail("converted again"))
    assert load_backbone(name, tmp_path / "networks") == first
    assert [path.name for path in (tmp_path / "networks").iterdir()] == [first.folder.name]


@pytest.mark.parametrize(
    "damage", ["no graph", "a changed graph", "an empty graph", "no record", "older schema", "not JSON"]
)
def test_a_damaged_conversion_is_made_anew(tmp_path: Path, weights: Weights, damage: str) -> None:
    name = f"timm:resnet10t@{weights('resnet10t')}"
    first = load_backbone(name, tmp_path / "networks")
    record, graph = first.folder / RECORD, first.graph.read_bytes()
    if damage == "no graph":
        first.graph.unlink()
    elif damage == "a changed graph":
        first.graph.write_bytes(graph[:-1000] + bytes([graph[-1000] ^ 1]) + graph[-999:])
    elif damage == "an empty graph":
        first.graph.write_bytes(b"")
    elif damage == "no record":
        record.unlink()
    elif damage == "older schema":
        record.write_text(json.dumps({**json.loads(record.read_text()), "schema_version": 0}))
    else:
        record.write_text("{")
    again = load_backbone(name, tmp_path / "networks")
    assert again == first
    assert (again.folder / GRAPH).read_bytes() == graph
    assert json.loads(record.read_text())["schema_version"] == SCHEMA_VERSION


def test_the_fingerprint_follows_weights_and_pixels(tmp_path: Path, weights: Weights) -> None:
    from dataclasses import replace

    backbone = load_backbone(f"timm:resnet10t@{weights('resnet10t')}", tmp_path / "networks")
    assert replace(backbone, folder=Path("elsewhere"), name="other").fingerprint == backbone.fingerprint
    assert replace(backbone, weights_sha256="0" * 64).fingerprint != backbone.fingerprint
    larger = replace(backbone.spec, size=backbone.spec.size + 32)
    assert replace(backbone, spec=larger).fingerprint != backbone.fingerprint


def test_an_unknown_layer_gets_the_list(tmp_path: Path, weights: Weights) -> None:
    backbone = load_backbone(f"timm:resnet10t@{weights('resnet10t')}", tmp_path / "networks")
    assert backbone.layer("stage2").width == 64
    with pytest.raises(BackboneError, match="no layer 'stage7'; did you mean 'stage"):
        backbone.layer("stage7")


def test_a_network_that_does_not_convert_is_said_so(
    tmp_path: Path, weights: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("unsupported operator")

    monkeypatch.setattr("headstart.backbones.convert.export_network", broken)
    with pytest.raises(BackboneError, match=r"cannot be converted to ONNX.*unsupported operator"):
        load_backbone(f"timm:resnet10t@{weights('resnet10t')}", tmp_path / "networks")
    assert list((tmp_path / "networks").iterdir()) == []


def test_outputs_are_those_of_the_layers(tmp_path: Path, weights: Weights, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from headstart.backbones import zoo

    load = zoo.load_network
    name = f"timm:resnet10t@{weights('resnet10t')}"
    first, *_ = layers = load_backbone(name, tmp_path / "whole").layers
    wide = rf"an output of shape \(2, {first.width}\) for the layer '{first.name}'; wanted .*: {first.name} \(2, 7\), "
    faults = {layers[:-1]: f"{len(layers)} outputs; wanted a", (replace(first, width=7), *layers[1:]): wide}
    for odd, said in faults.items():
        monkeypatch.setattr(zoo, "load_network", lambda origin, odd=odd: replace(load(origin), layers=odd))
        with pytest.raises(BackboneError, match=f"^the network 'timm:resnet10t@.*' gives {said}"):
            load_backbone(name, tmp_path / "networks")
    assert list((tmp_path / "networks").iterdir()) == []


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "no space left in the store for timm:resnet10t@"),
        (RuntimeError("PyTorchStreamWriter failed: No space left on device"), "no space left in the store for timm:"),
        (MemoryError(), "the machine ran short in the store for timm:resnet10t"),
    ],
)
def test_a_full_store_is_not_blamed_on_the_network(
    tmp_path: Path, weights: Weights, monkeypatch: pytest.MonkeyPatch, error: Exception, told: str
) -> None:
    def full(*_: object) -> None:
        raise error

    monkeypatch.setattr("headstart.backbones.convert.export_network", full)
    with pytest.raises(HeadstartError, match=told) as raised:
        load_backbone(f"timm:resnet10t@{weights('resnet10t')}", tmp_path / "networks")
    assert raised.value.exit_code == 1
    assert list((tmp_path / "networks").iterdir()) == []
