"""Files and folders that are there whole or not at all: written beside their place, then renamed into it."""

import hashlib
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from headstart_runtime.errors import StoreError, is_disk_full

_DRAFT = re.compile(r"\..+\.[0-9a-f]{12}")  #: names that ``_draft_path`` gives


def replace_text(path: Path, text: str) -> None:
    """Write UTF-8 text; a reader, or a run after a crash, sees the old file or the new one, never half of one.

    Names of files that are no valid text are kept as JSON's escapes of them.
    """
    replace_bytes(path, text.encode("utf-8", errors="backslashreplace"))


def replace_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, with the rights that any new file gets.

    Raises:
        OSError: it cannot be written.
        StoreError: there is no space left.
    """
    with new_file(path) as file:
        file.write(content)


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a draft of a file, open to be written, which takes its place at the end; after an error nothing is left.

    Raises:
        OSError: it cannot be written.
        StoreError: there is no space left.
    """
    draft = _draft_path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        _refuse_full(error, path)
        raise
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Yield a draft of a folder beside its place, renamed into it at the end; after an error nothing is left of it.

    Raises:
        OSError: it cannot be made, or the place is taken by a folder that is not empty.
        StoreError: there is no space left.
    """
    draft = _draft_path(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        draft.mkdir()
        yield draft
        for file in draft.iterdir():
            if file.is_file():
                _sync(file)
        draft.replace(target)
    except OSError as error:
        _refuse_full(error, target)
        raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def hash_file(file: Path) -> str:
    """Return the SHA-256 of a file's bytes, hexadecimal; it is read in pieces."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def stamp_version(status: os.stat_result) -> tuple[int, ...]:
    """Return numbers that change whenever a file's content does, by its status.

    A copy may keep size and time of change (``cp -p``); the time of its entry is the system's own.
    """
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def is_draft(name: str) -> bool:
    """Return whether a file or folder of that name is one that a writer which was killed left."""
    return _DRAFT.fullmatch(name) is not None


def remove_drafts(folder: Path) -> None:
    """Remove what writers that were killed left under a folder; nobody else may be writing there."""
    for draft in [path for path in folder.rglob(".*") if is_draft(path.name)]:
        if draft.is_dir() and not draft.is_symlink():
            shutil.rmtree(draft, ignore_errors=True)
        else:
            with suppress(OSError):
                draft.unlink()


def _refuse_full(error: OSError, path: Path) -> None:
    if is_disk_full(error):
        raise StoreError(f"no space left to write {str(path)!r}; free some and run the same command again") from error


def _draft_path(path: Path) -> Path:
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}")


def _sync(file: Path) -> None:
    """Wait until a file's bytes are on the disk, so that a power cut after the rename leaves no empty file."""
    with file.open("rb+") as stream:
        os.fsync(stream.fileno())
