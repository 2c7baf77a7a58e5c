"""Bytes on the disk: of files and folders, and those that are free."""

import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path


def list_files(path: Path) -> list[os.stat_result]:
    """Return the status of a file or of all files under a folder; what vanishes meanwhile is left out."""
    found = []
    for file in [path, *path.rglob("*")]:
        with suppress(FileNotFoundError):
            status = file.stat()
            if not stat.S_ISDIR(status.st_mode):
                found.append(status)
    return found


def get_disk_usage(path: Path) -> int:
    """Return the bytes of a file or of all files under a folder."""
    return sum(status.st_size for status in list_files(path))


def get_free_bytes(folder: Path) -> int:
    """Return the bytes that are free on the disk of a folder, which need not be there yet."""
    there = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    return shutil.disk_usage(there).free
