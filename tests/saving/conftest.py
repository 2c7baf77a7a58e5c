from pathlib import Path

import pytest
from tests.conftest import Warm

from headstart.backbones.backbone import Backbone
from headstart.backbones.convert import obtain


@pytest.fixture(scope="session")
def lite0(warm: Warm) -> Backbone:
    return obtain("efficientnet_lite0", warm.store / "networks")


@pytest.fixture(scope="session")
def lite1(shared_folder: Path) -> Backbone:
    """Another network, with an input of another size."""
    return obtain("efficientnet_lite1", shared_folder / "networks")
