"""Digests of a folder's files, kept beside them: what was changed or cut since is not taken for what was written.

A network is run, proved and shipped from its folder long after it was written, and a changed byte of its weights would
give other answers in silence.
"""

import json
from functools import lru_cache
from pathlib import Path

from headstart.storage.atomic import replace_text
from headstart_runtime.whole_files import hash_file, stamp_version

DIGESTS = "digests.json"
_LATER = "proof-"  #: begins the names of files that are added, and made again, later


def write_digests(folder: Path) -> None:
    """Write the digests of all files of a folder into it, but of proofs."""
    files = [file for file in sorted(folder.iterdir()) if file.is_file() and not file.name.startswith(_LATER)]
    (folder / DIGESTS).write_text(json.dumps({file.name: _hash(file) for file in files}, indent=2), "utf-8")


def is_intact(folder: Path) -> bool:
    """Return whether the files of a folder are as they were written; one of before digests were kept passes."""
    try:
        digests = json.loads((folder / DIGESTS).read_text("utf-8"))
    except FileNotFoundError:
        return True
    except (OSError, ValueError):
        return False
    try:
        return all(_hash(folder / name) == digest for name, digest in digests.items())
    except (OSError, AttributeError, TypeError):
        return False


def write_digest(file: Path) -> None:
    """Write the digest of a file that is added to a folder later beside it."""
    replace_text(_name_digest(file), _hash(file))


def is_file_intact(file: Path) -> bool:
    """Return whether such a file is there, as it was written; one of before digests were kept passes."""
    try:
        return file.is_file() and _name_digest(file).read_text("utf-8") == _hash(file)
    except FileNotFoundError:
        return file.is_file()
    except (OSError, ValueError):
        return False


def _name_digest(file: Path) -> Path:
    return file.with_name(f"{file.name}.sha256")


def _hash(file: Path) -> str:
    return _hash_content(file, stamp_version(file.stat()))


@lru_cache(maxsize=64)  # a run asks for a network several times
def _hash_content(file: Path, version: tuple[int, ...]) -> str:
    return hash_file(file)
