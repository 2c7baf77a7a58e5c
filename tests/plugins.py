"""What installing a package that extends headstart leaves."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from headstart_runtime.plugins import forget_plugins


def install_plugin(folder: Path, name: str, group: str, value: str, *, package: str = "") -> None:
    """Write the metadata of a package with one entry point into a folder of packages.

    Args:
        folder: made if it is not there; to be on ``sys.path``.
        name: of the entry point.
        group: of the entry point.
        value: the object, as ``module:name``.
        package: its name; that of the entry point when not given.
    """
    info = folder / f"{(package or name).replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package or name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {value}\n")
    forget_plugins()


#: Groups of entry points, without their prefix.
GROUPS = ("modalities", "tasks", "heads", "strategies", "providers", "engines", "readers")


def install_broken_plugins(folder: Path) -> None:
    """Write a package for each group, ``bad-GROUP``, which registers None as ``bad_GROUP``."""
    for group in GROUPS:
        install_plugin(folder, f"bad_{group}", f"headstart.{group}", "bad_plugins:ADDED", package=f"bad-{group}")
    (folder / "bad_plugins.py").write_text("ADDED = None\n")


@contextmanager
def package_folder(folder: Path, *modules: str) -> Iterator[Path]:
    """Have a folder of packages on ``sys.path``; what they registered is forgotten before and after.

    Args:
        folder: of the packages.
        *modules: that they bring; they are imported anew the next time.
    """
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.syspath_prepend(str(folder))
            forget_plugins()
            yield folder
    finally:
        forget_plugins()
        for name in [name for name in sys.modules if name.partition(".")[0] in modules]:
            del sys.modules[name]
