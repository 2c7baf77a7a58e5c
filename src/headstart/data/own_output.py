"""Folders of headstart's output, so that it is not taken for items: runs, classifiers, stores, drawings.

They are known by their files, not by their names.
"""

import os
from pathlib import Path

from headstart.storage.run_layout import MARKER, RECORD, UNFINISHED

_DEPTH = 3  #: folders of nothing but our output, such as runs/

#: Files that only we write into one folder, the folder being known by having all of one row.
_KNOWN = (
    (MARKER,),
    (UNFINISHED,),
    (RECORD, "settings.toml"),
    ("model.json", "model.onnx"),
    ("index.sqlite3", "networks"),
)


def is_own_folder(folder: Path, depth: int = _DEPTH) -> bool:
    """Return whether a folder is a run, a classifier, a store or one of drawings, or holds nothing else."""
    if any(all((folder / name).exists() for name in names) for names in _KNOWN):
        return True
    if not depth:
        return False
    inner = []
    try:
        with os.scandir(folder) as inside:
            for item in inside:
                if item.name.startswith("."):
                    continue
                if not item.is_dir(follow_symlinks=False):
                    return False
                inner.append(folder / item.name)
    except OSError:
        return False
    return bool(inner) and all(is_own_folder(path, depth - 1) for path in inner)


def mark_folder(folder: Path) -> None:
    """Mark a folder of output that is new or empty; one with other things in it is left as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    if not any(folder.iterdir()):
        (folder / MARKER).write_text("headstart wrote this folder; it is skipped where data are read\n", "utf-8")
