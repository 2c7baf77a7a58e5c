"""The training photos most like a photo: 'because it looks like these'.

Likeness is the cosine of the head's input features, each standardised over the training photos; projected to their 128
strongest directions, so that a row takes 256 bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from headstart.errors import ClassifierError
from headstart.storage.atomic import replace_bytes

SCHEMA_VERSION = 1
MOST_WIDTH = 128
MOST_ROWS = 4096  #: rows that the directions are found from; more change them little
FLAT = 1e-6  #: a feature whose deviation is smaller says nothing


class NearestSamples(NamedTuple):
    """Training photos most like each of M photos."""

    indices: NDArray[np.int64]  #: (M, k), into ``Neighbours.ids``, the most alike first
    similarity: NDArray[np.float32]  #: (M, k), cosine, -1..1


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """Training photos, ready to be compared with others."""

    ids: tuple[str, ...]  #: of the training photos
    rows: NDArray[np.float16]  #: (N, W), projected, of length 1; W is at most 128
    centre: NDArray[np.float32]  #: (D,), mean of the training photos' features
    directions: NDArray[np.float32]  #: (D, W), standardisation and projection in one

    @classmethod
    def of(cls, ids: Sequence[str], features: NDArray[np.float32], *, seed: int = 0) -> Self:
        """From the training photos.

        Args:
            ids: of the photos.
            features: (N, D), what the head reads of them.
            seed: draws the rows that directions are found from, where there are more than 4096.

        Raises:
            ValueError: no rows, or another number of them than ids.
        """
        if len(ids) != len(features) or not len(ids):
            raise ValueError(f"{len(ids)} ids of {len(features)} rows; wanted as many, and at least one")
        centre = features.mean(axis=0, dtype=np.float64).astype(np.float32)
        deviation = features.std(axis=0, dtype=np.float64).astype(np.float32)
        scale = np.where(deviation > FLAT, 1 / np.maximum(deviation, FLAT), 0).astype(np.float32)
        some = _some(len(features), seed)
        directions = np.asarray(scale[:, None] * _strongest((features[some] - centre) * scale), np.float32)
        rows = _unit((features - centre) @ directions).astype(np.float16)
        return cls(tuple(ids), rows, centre, directions)

    def nearest(self, features: NDArray[np.float32], k: int) -> NearestSamples:
        """The training photos most like some photos.

        Args:
            features: (M, D), as the training photos' were.
            k: how many; at most as many as there are.
        """
        k = min(k, len(self.ids))
        asked = np.asarray((features - self.centre) @ self.directions, np.float32)
        cosines = _unit(asked) @ self.rows.astype(np.float32).T
        order = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
        return NearestSamples(order, np.clip(np.take_along_axis(cosines, order, axis=1), -1, 1))

    def save(self, file: Path) -> None:
        """As a safetensors file, whole or not at all."""
        from safetensors.numpy import save

        names = "\n".join(it.replace("\\", "\\\\").replace("\n", "\\n") for it in self.ids)
        text = np.frombuffer(names.encode("utf-8", "surrogateescape"), np.uint8)
        tensors: dict[str, NDArray[Any]] = {
            "rows": self.rows,
            "centre": self.centre,
            "directions": self.directions,
            "ids": text,
        }
        replace_bytes(file, save(tensors, {"schema_version": str(SCHEMA_VERSION)}))

    @classmethod
    def load(cls, file: Path) -> Self:
        """The inverse of ``save``.

        Raises:
            ClassifierError: not readable, of a newer schema, or damaged.
        """
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(file, framework="numpy") as tensors:
                version = (tensors.metadata() or {}).get("schema_version")
                if version != str(SCHEMA_VERSION):
                    raise ClassifierError(
                        f"{str(file)!r} has schema version {version}, this headstart reads {SCHEMA_VERSION}; "
                        "install the headstart that saved it or a newer one"
                    )
                rows, centre, directions, text = map(tensors.get_tensor, ("rows", "centre", "directions", "ids"))
        except (OSError, SafetensorError) as error:
            raise ClassifierError(f"{str(file)!r} cannot be read: {error}; copy the whole folder again") from None
        names = text.tobytes().decode("utf-8", "surrogateescape").split("\n")
        ids = tuple(_unescaped(name) for name in names)
        if rows.shape != (len(ids), directions.shape[-1]) or directions.shape[:1] != centre.shape:
            raise ClassifierError(f"{str(file)!r} is damaged: its parts do not fit together; copy the folder again")
        return cls(ids, rows, centre, directions)


def _strongest(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """The strongest directions of centred rows (N, D), as columns (D, at most 128), the strongest first.

    By the smaller of the two products with itself. Signs are fixed, so that the same rows give the same columns.
    """
    across = len(rows) < rows.shape[1]
    product = (rows @ rows.T if across else rows.T @ rows).astype(np.float64)
    strength, vectors = np.linalg.eigh(product)
    kept = np.flatnonzero(strength > 1e-6 * max(float(strength[-1]), 1e-12))[::-1][:MOST_WIDTH]
    if not len(kept):
        return np.zeros((rows.shape[1], 1), np.float32)
    found = vectors[:, kept]
    columns = (rows.T @ found) / np.sqrt(strength[kept]) if across else found
    largest = np.abs(columns).argmax(axis=0)
    return np.asarray(columns * np.sign(columns[largest, np.arange(len(kept))]), np.float32)


def _some(count: int, seed: int) -> NDArray[np.int64]:
    if count <= MOST_ROWS:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, MOST_ROWS, replace=False))


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-12), np.float32)


def _unescaped(name: str) -> str:
    return name.replace("\\\\", "\0").replace("\\n", "\n").replace("\0", "\\")
