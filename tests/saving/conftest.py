from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock

from headstart.backbones.backbone import Backbone
from headstart.backbones.convert import load_backbone
from tests.conftest import Warm


def _cropped(backbone: Backbone, permille: int) -> Backbone:
    """With a spec that cuts something off, as no backbone of the zoo has it: a saved graph must be able to."""
    return replace(backbone, spec=replace(backbone.spec, crop_permille=permille))


def _small(family: str, folder: Path) -> Backbone:
    from tests import small_network

    architecture = small_network.FAMILIES[family]
    weights = folder / f"{architecture}.safetensors"
    with FileLock(folder / f"{architecture}.lock"):
        if not weights.exists():
            small_network.write_weights(weights, architecture)
        return load_backbone(small_network.name_of(weights, architecture), folder / "networks")


@pytest.fixture(scope="session")
def lite0(warm: Warm) -> Backbone:
    return _cropped(load_backbone("efficientnet_lite0", warm.store / "networks"), 875)


@pytest.fixture(scope="session")
def network(shared_folder: Path) -> Backbone:
    """A network of 32 pixels, where any would do."""
    return _cropped(_small("ResNet", shared_folder), 875)


@pytest.fixture(scope="session")
def other(shared_folder: Path) -> Backbone:
    """Another network, with an input of 48 pixels."""
    return _cropped(_small("ConvNeXt", shared_folder), 882)
