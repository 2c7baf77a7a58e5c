from dataclasses import replace
from pathlib import Path

import pytest
from tests.conftest import Warm

from headstart.backbones.backbone import Backbone
from headstart.backbones.convert import obtain


def _cropped(backbone: Backbone, permille: int) -> Backbone:
    """With a contract that cuts something off, as no backbone of the zoo has it: a saved graph must be able to."""
    return replace(backbone, contract=replace(backbone.contract, crop_permille=permille))


@pytest.fixture(scope="session")
def lite0(warm: Warm) -> Backbone:
    return _cropped(obtain("efficientnet_lite0", warm.store / "networks"), 875)


@pytest.fixture(scope="session")
def lite1(shared_folder: Path) -> Backbone:
    """Another network, with an input of another size."""
    return _cropped(obtain("efficientnet_lite1", shared_folder / "networks"), 882)
