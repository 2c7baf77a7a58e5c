"""Files that are there whole or not at all: written beside their place, then renamed into it."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def replace_text(path: Path, text: str) -> None:
    """Writes UTF-8 text; a reader, or a run after a crash, sees the old file or the new one, never half of one.

    Names of files that are no valid text are kept as JSON's escapes of them.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode("utf-8", errors="backslashreplace"))
            file.flush()
            os.fsync(file.fileno())
        Path(partial).chmod(0o666 & ~_umask())
        Path(partial).replace(path)
    finally:
        Path(partial).unlink(missing_ok=True)


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A draft of a folder beside its place, renamed into it at the end; after an error nothing is left of it.

    Raises:
        OSError: it cannot be made, or the place is taken by a folder that is not empty.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    draft.chmod(0o777 & ~_umask())  # mkdtemp hides its folder from everybody else
    try:
        yield draft
        draft.replace(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _umask() -> int:
    """The rights that new files don't get; mkstemp ignores it and hides its file from everybody else."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
