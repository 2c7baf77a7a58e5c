from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from headstart.backbones.backbone import INPUT, Backbone
from headstart.backbones.catalog import resolve_origin
from headstart.backbones.graph import TracedNetwork, extract_trunk, trace
from headstart.backbones.zoo import load_network
from headstart.engines.openvino import OpenVinoEngine
from headstart.settings import Precision
from headstart.training import trunk as trunks
from headstart.training import windows
from headstart.training.trunk import (
    EngineTrunk,
    FrozenPart,
    IdentityTrunk,
    PyTorchTrunk,
    Trunk,
    build_trunk,
    build_view_trunk,
    limit_view_spec,
)
from headstart_runtime.hardware import ComputePrecision, count_cores
from headstart_runtime.inference.openvino import BATCH
from headstart_runtime.modalities.batch import Batch
from headstart_runtime.modalities.image.spec import ImageSpec
from tests.training.conftest import Network

BOUNDARY = "stage2"


@pytest.fixture
def lite0(tmp_path: Path) -> tuple[Backbone, TracedNetwork]:
    loaded = load_network(resolve_origin("efficientnet_lite0"))
    backbone = Backbone(
        "efficientnet_lite0", "tf_efficientnet_lite0", loaded.weights, loaded.weights_sha256, loaded.licence,
        loaded.parameters, loaded.layers, loaded.spec, tmp_path,
    )  # fmt: skip
    return backbone, trace(loaded)


def pixels(count: int, size: int) -> np.ndarray:
    """Smooth pictures under noise: more like photos than noise alone."""
    chance = np.random.default_rng(0)
    coarse = chance.uniform(0, 255, (count, size // 28, size // 28, 3)).repeat(28, 1).repeat(28, 2)
    return np.clip(coarse + chance.normal(0, 10, coarse.shape), 0, 255).astype(np.uint8)


def batch(values: np.ndarray) -> Batch:
    return {"pixels": values}


def sized(spec: ImageSpec, size: int) -> ImageSpec:
    return replace(spec, size=size)


def on_openvino(part: FrozenPart, precision: ComputePrecision) -> EngineTrunk:
    """The frozen part on OpenVINO, whose whole network is not needed."""
    engine = OpenVinoEngine.__new__(OpenVinoEngine)
    engine.batch, engine.streams, engine.precision = BATCH, count_cores(), precision
    made = build_trunk(part, engine, "cpu")
    assert isinstance(made, EngineTrunk)
    return made


def cosines(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    a, b = (values.reshape(len(values), -1).astype(np.float64) for values in (one, other))
    return (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


def test_openvino_gives_pytorchs_activations(lite0: tuple[Backbone, TracedNetwork]) -> None:
    backbone, traced = lite0
    photos = pixels(3, 224)
    with torch.inference_mode():
        exact = extract_trunk(traced, BOUNDARY)(torch.from_numpy(photos)).numpy()
    assert exact.std() > 0
    found = {}
    for precision, least in (("f32", 0.9999), ("bf16", 0.995)):
        own = on_openvino(FrozenPart(backbone, traced, BOUNDARY), precision)
        found[precision] = own.run(batch(photos))
        assert found[precision].shape == exact.shape == (3, *own.shape)
        assert found[precision].dtype == np.float32
        assert cosines(found[precision], exact).min() > least
    np.testing.assert_allclose(found["f32"], exact, rtol=1e-3, atol=1e-3 * np.abs(exact).max())


def test_the_graph_is_written_once(lite0: tuple[Backbone, TracedNetwork]) -> None:
    backbone, traced = lite0
    part = FrozenPart(backbone, traced, "stage1")
    file = part.export(backbone.spec)
    assert file.parent == backbone.folder
    written = file.stat().st_mtime_ns
    assert part.export(replace(backbone.spec, crop_permille=900)) == file
    assert file.stat().st_mtime_ns == written
    digest = f"{file.name}.sha256"
    assert sorted(entry.name for entry in backbone.folder.iterdir()) == [file.name, digest]  # no draft is left


@pytest.mark.parametrize(("precision", "least"), [("f32", 0.999999), ("bf16", 0.99)])
def test_pytorch_runs_it_too(precision: ComputePrecision, least: float, lite0: tuple[Backbone, TracedNetwork]) -> None:
    backbone, traced = lite0
    own = PyTorchTrunk(FrozenPart(backbone, traced, BOUNDARY), precision, "cpu")
    photos = pixels(2, 224)
    photos.flags.writeable = False
    with torch.inference_mode():
        exact = extract_trunk(traced, BOUNDARY)(torch.from_numpy(np.array(photos))).numpy()
    seen = own.run(batch(photos))
    assert seen.dtype == np.float32
    assert seen.shape == (2, *own.shape)
    assert cosines(seen, exact).min() > least


def test_the_engine_of_the_job_decides(lite0: tuple[Backbone, TracedNetwork]) -> None:
    backbone, traced = lite0
    part, whole = FrozenPart(backbone, traced, "stage1"), FrozenPart(backbone, traced, INPUT)
    alone = SimpleNamespace(name="alone", precision="f32", subgraph=lambda *_: None)
    assert isinstance(build_trunk(whole, alone, "cpu"), IdentityTrunk)
    made = [on_openvino(part, "f32"), build_trunk(part, alone, "cpu")]
    assert [type(own) for own in made] == [EngineTrunk, PyTorchTrunk]
    changed = replace(backbone, weights_sha256="0" * 64)
    others = [
        *made,
        PyTorchTrunk(FrozenPart(backbone, traced, "stage2"), "f32", "cpu"),
        PyTorchTrunk(part, "bf16", "cpu"),
        PyTorchTrunk(FrozenPart(changed, traced, "stage1"), "f32", "cpu"),
        IdentityTrunk(backbone.spec),
        IdentityTrunk(sized(backbone.spec, 240)),
    ]
    assert len({own.fingerprint for own in others}) == len(others)


def test_nothing_gives_the_pixels() -> None:
    photos, spec = pixels(2, 28), ImageSpec(28, 1000, (0.5,) * 3, (0.5,) * 3)
    assert IdentityTrunk(spec).run(batch(photos)) is photos
    assert IdentityTrunk(spec).kind == "u8"


def test_a_transformers_trunk_runs_in_openvino(network: Network, tmp_path: Path) -> None:
    traced = network("test_convnext")
    size = traced.shape_at("stage1")[0] * 4
    spec = ImageSpec(size, 1000, (0.5,) * 3, (0.5,) * 3)
    own = on_openvino(
        FrozenPart(SimpleNamespace(folder=tmp_path, spec=spec, fingerprint="x", name="test"), traced, "stage2"), "f32"
    )
    photos = np.random.default_rng(0).integers(0, 256, (2, size, size, 3), dtype=np.uint8)
    with torch.inference_mode():
        exact = extract_trunk(traced, "stage2")(torch.from_numpy(photos)).numpy()
    assert cosines(own.run(batch(photos)), exact).min() > 0.9999


Choose = Callable[..., Trunk]


@pytest.fixture
def chosen(lite0: tuple[Backbone, TracedNetwork], monkeypatch: pytest.MonkeyPatch) -> Choose:
    """What runs changed views beside a trunk, on a processor with bf16."""
    monkeypatch.setattr(trunks, "has_bf16", lambda: True)

    def choose(precision: Precision, exact: Trunk, size: int = 224) -> Trunk:
        return build_view_trunk(exact, sized(lite0[0].spec, size), precision, lambda: batch(pixels(4, 224)))

    return choose


def test_changed_views_take_the_faster_arithmetic(
    lite0: tuple[Backbone, TracedNetwork], chosen: Choose, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = FrozenPart(*lite0, BOUNDARY)
    exact = on_openvino(part, "f32")
    fast = chosen("auto", exact)
    assert isinstance(fast, EngineTrunk)
    assert fast.precision == "bf16"
    assert fast.fingerprint != exact.fingerprint  # activations of the two are never mixed
    assert chosen("f32", exact) is exact  # it was asked for
    assert chosen("auto", fast) is fast
    pytorch = PyTorchTrunk(part, "f32", "cpu")
    assert chosen("auto", pytorch) is pytorch
    monkeypatch.setattr(trunks, "has_bf16", lambda: False)
    assert chosen("auto", exact) is exact


@pytest.mark.parametrize("precision", ["auto", "f32"])
def test_smaller_views_have_a_trunk_of_their_own(
    precision: Precision, lite0: tuple[Backbone, TracedNetwork], chosen: Choose
) -> None:
    backbone, traced = lite0
    part, photos = FrozenPart(*lite0, BOUNDARY), pixels(4, 168)
    with torch.inference_mode():
        exact = extract_trunk(traced, BOUNDARY)(torch.from_numpy(photos)).numpy()
    for whole in (on_openvino(part, "f32"), PyTorchTrunk(part, "f32", "cpu")):
        smaller = chosen(precision, whole, 168)
        assert type(smaller) is type(whole)
        assert smaller.fingerprint != whole.fingerprint
        assert smaller.shape == exact.shape[1:] != whole.shape
        assert cosines(smaller.run(batch(photos)), exact).min() > 0.995
    bare = chosen(precision, IdentityTrunk(backbone.spec), 168)
    assert isinstance(bare, IdentityTrunk)
    assert bare.shape == (168, 168, 3)
    same = [chosen("auto", on_openvino(part, one), 168).fingerprint for one in ("bf16", "f32")]
    assert same[0] == same[1]


@pytest.mark.parametrize(
    ("name", "whole", "edge"),
    [("test_resnet", 160, 128), ("test_convnext", 160, 128), ("vit_tiny_patch16_224", 224, 224)],
)
def test_views_are_smaller_where_the_network_bears_them(
    name: str, whole: int, edge: int, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    traced = network(name)
    own = ImageSpec(whole, 1000, (0.5,) * 3, (0.5,) * 3)
    for boundary in (INPUT, traced.sections[1].name):
        assert limit_view_spec(traced, boundary, own, sized(own, 128)) == sized(own, edge)
        assert limit_view_spec(traced, boundary, own, own) == own
    monkeypatch.setattr(windows, "_fully_connected", lambda module: isinstance(module, torch.nn.Conv2d))
    assert limit_view_spec(traced, INPUT, own, sized(own, 128)) == own


def test_changed_views_stay_exact_where_bf16_is_broken(
    lite0: tuple[Backbone, TracedNetwork], chosen: Choose, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = OpenVinoEngine.forward

    def broken(self: OpenVinoEngine, photos: Batch) -> dict[str, np.ndarray]:
        values = whole(self, photos)
        return {name: np.roll(rows, 1, axis=-1) if self.precision == "bf16" else rows for name, rows in values.items()}

    monkeypatch.setattr(OpenVinoEngine, "forward", broken)
    exact = on_openvino(FrozenPart(*lite0, BOUNDARY), "f32")
    assert chosen("auto", exact) is exact
