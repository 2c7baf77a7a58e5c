"""The previews of a run: small copies of items that its report shows, each with its type of media, in one file.

The file is an ``.npz`` without pickle: ``keys`` and ``media_types`` (N,) text, and the bytes of each preview, uint8,
under its key.
"""

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from headstart.modalities.facets import Thumbnail
from headstart.storage.atomic import replace_bytes


class StoredPreviews(Mapping[str, Thumbnail]):
    """Previews by key, each unpacked when it is asked for."""

    def __init__(self, content: bytes) -> None:
        """Take the bytes of the file, so that it does not stay open.

        Raises:
            ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile: it is damaged.
        """
        self._arrays = np.load(io.BytesIO(content), allow_pickle=False)
        self._types = dict(zip(self._arrays["keys"].tolist(), self._arrays["media_types"].tolist(), strict=True))

    def __getitem__(self, key: str) -> Thumbnail:
        return Thumbnail(self._arrays[key].tobytes(), self._types[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._types)

    def __len__(self) -> int:
        return len(self._types)

    def __contains__(self, key: object) -> bool:
        return key in self._types


def read_previews(file: Path) -> Mapping[str, Thumbnail]:
    """Read the previews of a run; none where it kept none."""
    try:
        return StoredPreviews(file.read_bytes())
    except FileNotFoundError:
        return {}


def save_previews(previews: Mapping[str, Thumbnail], file: Path) -> None:
    """Write previews, whole or not at all."""
    arrays: dict[str, Any] = {key: np.frombuffer(each.content, np.uint8) for key, each in previews.items()}
    content = io.BytesIO()
    np.savez(
        content,
        allow_pickle=False,
        keys=np.array(list(previews), np.str_),
        media_types=np.array([each.media_type for each in previews.values()], np.str_),
        **arrays,
    )
    replace_bytes(file, content.getvalue())
