"""A format of another package: it is known by its name, and its exports are proved like any."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import headstart
from headstart.deployment.formats import REGISTRY
from headstart.deployment.proof import ProofError
from headstart_runtime.errors import PluginError
from tests.conftest import Warm
from tests.plugins import install_plugin, package_folder

PACKAGE = """
from headstart.deployment.onnx_format import OnnxFormat

class Shouting(OnnxFormat):
    name = "shouting"
    title = "Shouting"

class Lying(OnnxFormat):
    name = "lying"
    def start(self, folder):
        runner = super().start(folder)
        runner.names = runner.names[::-1]
        return runner

SHOUTING, LYING, BROKEN = Shouting(), Lying(), object()
"""


@pytest.fixture(autouse=True)
def package(tmp_path: Path) -> Iterator[None]:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "shouting_formats.py").write_text(PACKAGE)
    for name in ("shouting", "lying", "broken"):
        install_plugin(folder, name, "headstart.formats", f"shouting_formats:{name.upper()}")
    with package_folder(folder, "shouting_formats"):
        yield


def test_its_exports_are_proved_and_written(small: Warm, tmp_path: Path) -> None:
    assert "shouting" in REGISTRY.names()
    made = headstart.export(small.run, to="shouting", out=tmp_path / "made")
    assert made.proof.held_out is not None
    assert (made.folder / "README.md").read_text().startswith("# A classifier for Shouting")


def test_one_that_answers_otherwise_is_refused(small: Warm, tmp_path: Path) -> None:
    with pytest.raises(ProofError, match=r"names of the answers are others.*\(step: postprocessing\)"):
        headstart.export(small.run, to="lying", out=tmp_path / "made")


def test_one_that_is_no_format_is_said_in_a_line(small: Warm, tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"the format 'broken' of the package .* cannot be used"):
        headstart.export(small.run, to="broken", out=tmp_path / "made")
