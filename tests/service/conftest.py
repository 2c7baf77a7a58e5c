"""A service on the small run that all tests share, asked in this process."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from headstart_runtime.service.app import Service, make_app, make_service
from headstart_runtime.service.settings import ServiceSettings
from tests.conftest import Small

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of starlette about its own client
    from starlette.testclient import TestClient

JPEG = {"Content-Type": "image/jpeg"}


@pytest.fixture(scope="session")
def service(small: Small) -> Service:
    """The small run as two models: its own name, and "other"; limits are low."""
    settings = ServiceSettings(max_body=0.2, max_items=4, watch=0, body_timeout=5, engine="onnxruntime")
    return make_service([str(small.run), f"other={small.run / 'model'}"], settings)


@pytest.fixture(scope="session")
def client(service: Service) -> Iterator[TestClient]:
    """A client of the service."""
    with TestClient(make_app(service)) as found:
        yield found


@pytest.fixture(scope="session")
def item(small: Small) -> bytes:
    """The bytes of an item."""
    return next(small.photos.glob("*/*.jpg")).read_bytes()


@pytest.fixture
def copied(small: Small, tmp_path: Path) -> Path:
    """A model folder that a test may change."""
    import shutil

    return Path(shutil.copytree(small.run / "model", tmp_path / "copied"))
