"""Output of headstart, so that it is not taken for photos: runs, classifiers, pictures, stores.

They are known by their files, not by their names. Pictures say inside that they were drawn, so they are known wherever
they are moved to.
"""

import io
import os
from pathlib import Path
from typing import Any

from PIL import Image, PngImagePlugin

from headstart.storage.run_layout import MARKER, RECORD, UNFINISHED

MARK = b"drawn by headstart"  #: in a comment near the beginning of every picture that is written
WITHIN = 4096  #: bytes of a file in which it stands
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
    """Return whether a folder is a run, a classifier, a store or one of drawn pictures, or holds nothing else."""
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


def is_own_picture(content: bytes) -> bool:
    """Return whether a file's bytes are a picture that headstart drew."""
    return MARK in content[:WITHIN]


def mark_folder(folder: Path) -> None:
    """Mark a folder of output that is new or empty; one with other things in it is left as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    if not any(folder.iterdir()):
        (folder / MARKER).write_text("headstart wrote this folder; it is skipped where photos are read\n", "utf-8")


def save_picture(image: Image.Image, kind: str, **options: Any) -> bytes:
    """Return the bytes of a picture, with the mark in it.

    Args:
        image: the picture.
        kind: JPEG or PNG.
        **options: as Pillow takes them.
    """
    out = io.BytesIO()
    if kind == "PNG":
        note = PngImagePlugin.PngInfo()
        note.add_text("Software", MARK.decode())
        image.save(out, kind, pnginfo=note, **options)
    else:
        image.save(out, kind, comment=MARK, **options)
    return out.getvalue()
