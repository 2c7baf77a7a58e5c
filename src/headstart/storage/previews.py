"""The previews of a run: small copies of items that its report shows, each with its type of media, in one file.

The file is an ``.npz`` without pickle: ``keys`` and ``media_types`` (N,) text, and the bytes of each preview, uint8,
under its key.
"""

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.storage.atomic import replace_bytes
from headstart.storage.run_files import make_damage_error
from headstart_runtime.modalities.facets import Thumbnail
from headstart_runtime.parsing import ParsedArrays


class StoredPreviews(Mapping[str, Thumbnail]):
    """Previews by key, each unpacked when it is asked for."""

    def __init__(self, file: Path) -> None:
        """Take the bytes of the file, so that it does not stay open.

        Raises:
            FileNotFoundError: there is none.
            UserError: it is damaged.
        """
        self._file, content = file, file.read_bytes()
        try:
            self._arrays = ParsedArrays(content)
        except ValueError as error:
            raise make_damage_error(file, error) from None
        keys, types = self._read("keys"), self._read("media_types")
        if keys.shape != types.shape or keys.ndim != 1:
            raise make_damage_error(file, "it has not one type of media for each preview")
        self._types = dict(zip(map(str, keys.tolist()), map(str, types.tolist()), strict=True))

    def _read(self, name: str) -> NDArray[Any]:
        try:
            return self._arrays.read(name)
        except ValueError as error:
            raise make_damage_error(self._file, error) from None

    def __getitem__(self, key: str) -> Thumbnail:
        media_type = self._types[key]
        return Thumbnail(self._read(key).tobytes(), media_type)

    def __iter__(self) -> Iterator[str]:
        return iter(self._types)

    def __len__(self) -> int:
        return len(self._types)

    def __contains__(self, key: object) -> bool:
        return key in self._types


def read_previews(file: Path) -> Mapping[str, Thumbnail]:
    """Read the previews of a run; none where it kept none.

    Raises:
        UserError: they are damaged; of a single one, when it is asked for.
    """
    try:
        return StoredPreviews(file)
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
