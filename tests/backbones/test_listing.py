import json
from pathlib import Path

import pytest

from headstart.backbones.convert import load_backbone
from headstart.backbones.listing import list_local, search_backbones
from headstart_runtime.modalities.image.spec import ImageSpec
from tests.backbones.conftest import Weights


def test_what_is_on_this_machine(tmp_path: Path, weights: Weights) -> None:
    names = [entry.name for entry in list_local(tmp_path)]
    assert names == ["efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2", "minilm", "speech_embedding"]
    name = f"timm:resnet10t@{weights('resnet10t')}"
    load_backbone(name, tmp_path)
    assert list_local(tmp_path)[-1].name == name
    assert list_local(tmp_path)[-1].parameters > 5e6
    assert all(entry.is_local for entry in list_local(tmp_path))


def test_timm_is_searched(tmp_path: Path) -> None:
    found = search_backbones("MobileNetV2_110d", tmp_path)
    assert [entry.name for entry in found] == ["timm:mobilenetv2_110d.ra_in1k"]
    assert found[0].licence == "apache-2.0"
    assert not found[0].is_local
    assert found[0].parameters == 4_516_520
    assert [entry.name for entry in search_backbones("*lite1", tmp_path)][:1] == ["efficientnet_lite1"]
    assert search_backbones("no such network", tmp_path) == []


def test_known_networks_are_listed_under_their_own_names(tmp_path: Path) -> None:
    found = search_backbones("VGG1", tmp_path)
    names = [entry.name for entry in found]
    assert names[:4] == ["vgg11", "vgg13", "vgg16", "vgg19"]
    assert "timm:vgg16.tv_in1k" not in names
    assert "timm:vgg11_bn.tv_in1k" in names
    vgg16 = found[2]
    assert (vgg16.parameters, vgg16.size, vgg16.licence) == (138_357_544, 224, "bsd-3-clause")
    assert vgg16.weights == "hub: timm/vgg16.tv_in1k"
    assert not vgg16.is_local
    (vit,) = (entry for entry in search_backbones("ViT-B/16", tmp_path) if entry.name == "vit_b_16")
    assert vit.weights == "hub: timm/vit_base_patch16_224.augreg_in21k_ft_in1k"


@pytest.mark.parametrize("name", ["mobilenet_v2", "timm:mobilenetv2_100.ra_in1k"])
def test_a_known_network_that_was_converted_is_here(tmp_path: Path, name: str) -> None:
    spec = ImageSpec(224, 1000, (0.5,) * 3, (0.5,) * 3).to_json()
    record = {"name": name, "parameters": 1, "spec": spec, "licence": "apache-2.0", "weights": "hub"}
    (tmp_path / "some-network").mkdir()
    (tmp_path / "some-network" / "backbone.json").write_text(json.dumps(record))
    (entry,) = search_backbones("mobilenetv2_100", tmp_path)
    assert (entry.name, entry.is_local) == ("mobilenet_v2", True)


def test_weights_that_are_not_on_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path))
    (entry,) = search_backbones("legacy_xception", tmp_path)
    assert (entry.name, entry.weights) == ("xception", "github.com: legacy_xception.tf_in1k")
    assert not entry.is_local
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "xception-43020ad28.pth").touch()
    assert search_backbones("legacy_xception", tmp_path)[0].is_local


def test_weights_in_the_hubs_cache_are_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = tmp_path / "models--timm--mobilenetv2_100.ra_in1k" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot / "model.safetensors").touch()
    refs = snapshot.parents[1] / "refs"
    refs.mkdir()
    (refs / "main").write_text("abc")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    (entry,) = search_backbones("mobilenetv2_100", tmp_path / "networks")
    assert entry.is_local


def test_sizes_and_parameters_are_what_the_networks_have() -> None:
    """Second opinion: the networks themselves."""
    from headstart.backbones.catalog import resolve_origin
    from headstart.backbones.providers.bundled import BUNDLED
    from headstart.backbones.zoo import load_network

    for name, entry in BUNDLED.items():
        loaded = load_network(resolve_origin(name))
        assert (entry.parameters, entry.size) == (loaded.parameters, loaded.spec.size), name
