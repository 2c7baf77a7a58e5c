"""A zoo of another package is one file and one entry point."""

from pathlib import Path

import pytest

import headstart
from headstart.backbones.catalog import resolve_origin
from headstart.backbones.listing import search_backbones
from headstart.backbones.origin import Origin
from headstart.backbones.providers import PROVIDERS, find_provider
from headstart_runtime.errors import BackboneError
from tests.conftest import Photos
from tests.plugins import install_plugin

ZOO = '''
import torch
from torch import nn

from headstart.backbones.backbone import Layer
from headstart.backbones.loaded import LoadedNetwork
from headstart.backbones.origin import BackboneListing, Origin
from headstart_runtime.modalities.image.spec import ImageSpec


class Net(nn.Module):
    """Pixels -> the pooled features of two layers."""

    def __init__(self):
        super().__init__()
        self.low, self.high = nn.Conv2d(3, 8, 3, stride=2), nn.Conv2d(8, 16, 3, stride=2)

    def forward(self, pixels):
        low = self.low(pixels.permute(0, 3, 1, 2).float() / 255 - 0.5).relu()
        return low.mean((2, 3)), self.high(low).relu().mean((2, 3))


class Zoo:
    scheme = "meadow"

    def resolve(self, name):
        return Origin(name, self.scheme, name.removeprefix("meadow:"), None, "") if name.startswith("meadow:") else None

    def search(self, pattern):
        if pattern.lower() in "meadow:clover":
            yield BackboneListing("meadow:clover", 1400, 32, "mit", "drawn", is_local=True)

    def load(self, origin, seed=None):
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(7 if seed is None else seed)
            network = Net().eval().requires_grad_(False)
        layers, spec = (Layer("stage1", 8), Layer("final", 16)), ImageSpec(32, 1000, (0.5,) * 3, (0.5,) * 3)
        return LoadedNetwork(
            network=network,
            spec=spec,
            layers=layers,
            weights="drawn",
            weights_sha256="0" * 64,
            licence="mit",
            parameters=1400,
        )


PROVIDER = Zoo()
'''


@pytest.fixture
def _zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package with a provider in it."""
    package = tmp_path / "site"
    install_plugin(package, "meadow", "headstart.providers", "meadow_zoo:PROVIDER")
    (package / "meadow_zoo.py").write_text(ZOO)
    monkeypatch.syspath_prepend(str(package))


@pytest.mark.usefixtures("_zoo")
def test_a_network_of_another_package_is_found_and_fitted(photos: Photos, tmp_path: Path) -> None:
    origin = resolve_origin("meadow:clover")
    assert (origin.provider, origin.architecture) == ("meadow", "clover")
    assert [entry.name for entry in search_backbones("clover", tmp_path)] == ["meadow:clover"]
    run = headstart.fit(
        photos(),
        backbone="meadow:clover",
        arms="linear-probe",
        report=False,
        out=tmp_path / "run",
        store=tmp_path / "store",
    )
    assert "meadow:clover" in (tmp_path / "run" / "run.json").read_text("utf-8")
    photo = next((tmp_path / "photos" / run.classes[0]).iterdir())
    assert run.classifier.predict(photo).label in run.classes


def test_a_provider_that_is_gone_is_named() -> None:
    with pytest.raises(BackboneError, match="no provider of networks 'meadow' is installed"):
        find_provider(Origin("meadow:clover", "meadow", "clover", None, "").provider)


@pytest.mark.parametrize("scheme", PROVIDERS)
def test_each_provider_knows_its_own_names_alone(scheme: str, tmp_path: Path) -> None:
    file = tmp_path / "own.pth"
    file.write_bytes(b"weights")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "config.json").write_text('{"model_type": "t5"}')
    (tmp_path / "own" / "model.safetensors").write_bytes(b"weights")
    names = {"checkpoint": f"VGG16@{file}", "bundled": "EfficientNet-Lite0", "timm": "timm:resnet18"}
    names |= {"minilm": "All-MiniLM-L6-v2", "hf": f"{tmp_path / 'own'}"}
    names |= {"speech": "Speech-Embedding", "mel": "mel:efficientnet_lite1", "yamnet": f"yamnet@{file}"}
    assert [other for other in names if PROVIDERS[scheme].resolve(names[other]) is not None] == [scheme]
