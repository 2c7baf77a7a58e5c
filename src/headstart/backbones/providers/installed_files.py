"""Files inside installed packages, found without importing these."""

import importlib.util
from pathlib import Path


def find_installed_file(package: str, *parts: str) -> Path | None:
    """Return a file of a package by the parts of its path; None where the package or the file is not there."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):  # a finder that refuses it
        return None
    for folder in (spec.submodule_search_locations or []) if spec else []:
        file = Path(folder, *parts)
        if file.is_file():
            return file
    return None
