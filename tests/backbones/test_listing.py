from pathlib import Path

import pytest
from tests.backbones.conftest import Weights

from headstart.backbones.convert import obtain
from headstart.backbones.listing import here, in_timm


def test_what_is_on_this_machine(tmp_path: Path, weights: Weights) -> None:
    names = [entry.name for entry in here(tmp_path)]
    assert names == ["efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2"]
    name = f"timm:resnet10t@{weights('resnet10t')}"
    obtain(name, tmp_path)
    assert here(tmp_path)[-1].name == name
    assert here(tmp_path)[-1].parameters > 5e6
    assert all(entry.here for entry in here(tmp_path))


def test_timm_is_searched(tmp_path: Path) -> None:
    found = in_timm("mobilenetv2_100", tmp_path)
    assert [entry.name for entry in found] == ["timm:mobilenetv2_100.ra_in1k"]
    assert found[0].licence == "apache-2.0"
    assert not found[0].here
    assert found[0].parameters == 3_504_872
    assert [entry.name for entry in in_timm("*lite1", tmp_path)][:1] == ["efficientnet_lite1"]
    assert in_timm("no such network", tmp_path) == []


def test_weights_in_the_hubs_cache_are_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = tmp_path / "models--timm--mobilenetv2_100.ra_in1k" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot / "model.safetensors").touch()
    refs = snapshot.parents[1] / "refs"
    refs.mkdir()
    (refs / "main").write_text("abc")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    (entry,) = in_timm("mobilenetv2_100", tmp_path / "networks")
    assert entry.here


def test_sizes_and_parameters_are_what_the_networks_have() -> None:
    """Second opinion: the networks themselves."""
    from headstart.backbones.catalog import BUNDLED, find
    from headstart.backbones.zoo import load

    for name, entry in BUNDLED.items():
        loaded = load(find(name))
        assert (entry.parameters, entry.size) == (loaded.parameters, loaded.contract.size), name
