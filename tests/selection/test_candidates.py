"""What ``--backbone auto`` may try: what is here first, the hub only where it answers."""

import json
from pathlib import Path

from timm.models import get_pretrained_cfg

from headstart.backbones.backbone import RECORD
from headstart.backbones.catalog import resolve_origin
from headstart.backbones.providers.bundled import BUNDLED
from headstart.selection.candidates import HUB, list_offline, list_tiers
from headstart_runtime.modalities.image.spec import WHOLE_EDGE, ImageSpec


def converted(networks: Path, name: str, parameters: int, size: int) -> None:
    folder = networks / f"{len(list(networks.glob('*')))}"
    folder.mkdir(parents=True)
    spec = ImageSpec(size, WHOLE_EDGE, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)).to_json()
    record = {"name": name, "parameters": parameters, "spec": spec, "licence": "mit", "weights": "hub"}
    (folder / RECORD).write_text(json.dumps(record))


def fetched(cache: Path, repository: str, file: str, size: int) -> None:
    home = cache / f"models--{repository.replace('/', '--')}"
    (home / "refs").mkdir(parents=True)
    (home / "refs" / "main").write_text("a" * 40)
    (home / "snapshots" / ("a" * 40)).mkdir(parents=True)
    (home / "snapshots" / ("a" * 40) / file).write_bytes(b"0" * size)


def test_bundled_then_here_then_the_hub(tmp_path) -> None:
    converted(tmp_path, "resnet50", 25_000_000, 224)
    converted(tmp_path, "vit_s_16", 22_000_000, 224)
    bundled, local, hub = list_tiers(tmp_path, lambda: True)
    assert bundled == tuple(BUNDLED)
    assert local == ("vit_s_16", "resnet50")
    assert hub == tuple(name for name in HUB if name != "vit_s_16")


def test_the_hub_is_asked_for_only_when_all_else_was_tried(tmp_path) -> None:
    asked: list[bool] = []
    names = list_tiers(tmp_path, lambda: bool(asked.append(True)))
    next(names)
    next(names)
    assert not asked
    assert list(names) == []
    assert asked == [True]


def test_networks_on_this_machine_are_ordered_by_size_and_checkpoints_are_left_out(tmp_path) -> None:
    networks, cache = tmp_path / "networks", tmp_path / "hub"
    converted(networks, "timm:small", 1_000_000, 160)
    converted(networks, "vgg16", 138_000_000, 224)
    converted(networks, "timm:vgg19.tv_in1k", 143_000_000, 224)
    converted(networks, "vgg16@mine.pth", 138_000_000, 224)
    converted(networks, "efficientnet_lite0", 4_000_000, 224)
    fetched(cache, "timm/resnet18.tv_in1k", "model.safetensors", 47_000)
    fetched(cache, "timm/vgg16.tv_in1k", "model.safetensors", 500)
    fetched(cache, "timm/unfinished.in1k", "config.json", 10)
    fetched(cache, "other/model", "model.safetensors", 10)
    assert list_offline(networks, cache) == ("resnet18", "timm:small", "vgg16", "vgg19")
    assert list_offline(tmp_path / "none", tmp_path / "nothing") == ()


def test_every_name_of_the_hub_is_one_of_timm_with_a_licence_for_any_use() -> None:
    for name in HUB:
        config = get_pretrained_cfg(resolve_origin(name).architecture)
        assert config is not None, name
        assert config.hf_hub_id, name
        assert config.license in ("apache-2.0", "mit", "bsd-3-clause"), name
