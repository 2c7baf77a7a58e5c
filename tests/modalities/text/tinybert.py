"""Small networks for the built-in modality of texts; see the package ``tinybert``. Use it in a fixture of your module::

@pytest.fixture(scope="module", autouse=True)
def site(tmp_path_factory):
    with install_networks(tmp_path_factory.mktemp("site")) as folder:
        yield folder
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.plugins import install_plugin, package_folder

PACKAGE = Path(__file__).parents[1] / "tinybert"


@contextmanager
def install_networks(folder: Path) -> Iterator[Path]:
    """Install ``tinybert`` in an empty folder for the length of a ``with``."""
    shutil.copytree(PACKAGE, folder / "tinybert", ignore=shutil.ignore_patterns("__pycache__"))
    install_plugin(folder, "tinybert", "headstart.providers", "tinybert.provider:PROVIDER")
    with package_folder(folder, "tinybert"):
        yield folder
