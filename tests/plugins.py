"""What installing a package that extends headstart leaves."""

from pathlib import Path


def install_plugin(folder: Path, name: str, group: str, value: str) -> None:
    """Write the metadata of a package with one entry point, of the package's own name, into a folder of packages.

    Args:
        folder: made if it is not there; to be on ``sys.path``.
        name: of the package and of its entry point.
        group: of the entry point.
        value: the object, as ``module:name``.
    """
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {value}\n")
