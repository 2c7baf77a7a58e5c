"""A run on texts, fitted once for all tests of the folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import headstart
from tests.modalities.text.tinybert import install_networks
from tests.modalities.texts import draw_texts, write_table


@pytest.fixture(scope="package")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of packages with small networks for texts, installed."""
    with install_networks(tmp_path_factory.mktemp("site")) as folder:
        yield folder


@pytest.fixture(scope="package")
def run(networks: Path, tmp_path_factory: pytest.TempPathFactory) -> headstart.Run:
    """A run on 120 drawn texts of two classes; only read."""
    folder = tmp_path_factory.mktemp("runs")
    table = write_table(folder / "texts.csv", draw_texts(120))
    options = {"store": folder / "store", "out": folder / "run", "backbone": "tinybert:net", "modality": "text"}
    return headstart.fit(table, progress=False, **options)  # type: ignore[arg-type]
