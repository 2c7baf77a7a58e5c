"""Neighbours: the training samples most like a sample, 'because it looks like these'.

Similarity is the cosine of the head's input features, each standardised over the training samples, projected to their
128 strongest directions, so that a row takes 256 bytes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from headstart.storage.atomic import replace_bytes
from headstart_runtime.arrays import Floats, Ints
from headstart_runtime.errors import ClassifierError, describe_schema_mismatch
from headstart_runtime.linalg import iterate_subspace, normalize_rows

SCHEMA_VERSION = 1
MOST_WIDTH = 128
MOST_ROWS = 4096  #: rows that the directions are found from; more change them little
LARGE = 512  #: rows and features beyond which not all directions are computed for the strongest
SPARE, ROUNDS = 32, 4  #: directions more than are wanted, and rounds of subspace iteration, by which these are found
FLAT = 1e-6  #: a feature whose deviation is smaller says nothing
SIMILAR = 3  #: samples that are named beside one that is worth a look


class NearestSamples(NamedTuple):
    """Training samples most like each of M samples."""

    indices: Ints  #: (M, k), into ``Neighbours.ids``, the most alike first
    similarity: Floats  #: (M, k), cosine, -1..1


@dataclass(frozen=True, slots=True)
class SimilarSample:
    """A sample that was learnt from and is like another."""

    id: str
    similarity: float  #: cosine, -1..1


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """Training samples by their projected features, to be compared with others."""

    ids: tuple[str, ...]  #: of the training samples
    rows: NDArray[np.float16]  #: (N, W), projected, of length 1; W is at most 128
    centre: Floats  #: (D,), mean of the training samples' features
    directions: Floats  #: (D, W), standardisation and projection in one

    @classmethod
    def fit(cls, ids: Sequence[str], features: Floats, *, seed: int = 0) -> Self:
        """Fit the projection on the training samples and project them.

        Args:
            ids: of the samples.
            features: (N, D), what the head reads of them.
            seed: of the sample of rows that directions are computed from, where there are more than 4096.

        Raises:
            ValueError: no rows, or another number of them than ids.
        """
        if len(ids) != len(features) or not len(ids):
            raise ValueError(f"{len(ids)} ids of {len(features)} rows; wanted as many, and at least one")
        centre = features.mean(axis=0, dtype=np.float64).astype(np.float32)
        deviation = _deviate(features)
        scale = np.where(deviation > FLAT, 1 / np.maximum(deviation, FLAT), 0).astype(np.float32)
        sample = _draw_rows(len(features), seed)
        directions = np.asarray(scale[:, None] * _find_directions((features[sample] - centre) * scale), np.float32)
        projected = np.concatenate([(block - centre) @ directions for block in _split(features)])
        rows = normalize_rows(projected, 1e-12).astype(np.float16)
        return cls(tuple(ids), rows, centre, directions)

    def query(self, features: Floats, k: int) -> NearestSamples:
        """Return the training samples most like some samples.

        Args:
            features: (M, D), as the training samples' were.
            k: how many; at most as many as there are.
        """
        k = min(k, len(self.ids))
        projected = np.asarray((features - self.centre) @ self.directions, np.float32)
        cosines = normalize_rows(projected, 1e-12) @ self.rows.astype(np.float32).T
        order = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
        return NearestSamples(order, np.clip(np.take_along_axis(cosines, order, axis=1), -1, 1))

    def save(self, file: Path) -> None:
        """Write a safetensors file, whole or not at all."""
        from safetensors.numpy import save

        names = "\n".join(_escape(id_) for id_ in self.ids)
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
        """Read what ``save`` wrote.

        Raises:
            ClassifierError: not readable, of another schema, or damaged.
        """
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(file, framework="numpy") as tensors:
                version = (tensors.metadata() or {}).get("schema_version")
                if version != str(SCHEMA_VERSION):
                    raise ClassifierError(describe_schema_mismatch(str(file), version, SCHEMA_VERSION))
                rows, centre, directions, text = map(tensors.get_tensor, ("rows", "centre", "directions", "ids"))
        except (OSError, SafetensorError) as error:
            raise ClassifierError(f"{str(file)!r} cannot be read: {error}; copy the whole folder again") from None
        names = text.tobytes().decode("utf-8", "surrogateescape").split("\n")
        ids = tuple(_unescape(name) for name in names)
        if rows.shape != (len(ids), directions.shape[-1]) or directions.shape[:1] != centre.shape:
            raise ClassifierError(f"{str(file)!r} is damaged: its parts do not fit together; copy the folder again")
        return cls(ids, rows, centre, directions)


def find_similar(
    neighbours: Neighbours, ids: Sequence[str], features: Floats, k: int = SIMILAR
) -> dict[str, tuple[SimilarSample, ...]]:
    """Return, by the ids of M samples, the training samples that are most like each, the most alike first.

    Args:
        neighbours: the training samples.
        ids: of M samples.
        features: (M, D) of them.
        k: training samples for each.
    """
    found = neighbours.query(features, k)
    return {
        id_: tuple(SimilarSample(neighbours.ids[row], float(cosine)) for row, cosine in zip(rows, cosines, strict=True))
        for id_, rows, cosines in zip(ids, found.indices, found.similarity, strict=True)
    }


def _deviate(features: Floats) -> Floats:
    """Return the standard deviation of each column, (D,); a block of rows at a time is copied to float64."""
    mean = features.mean(axis=0, dtype=np.float64)
    squares = sum(np.square(block - mean).sum(axis=0) for block in _split(features))
    return np.asarray(np.sqrt(squares / len(features)), np.float32)


def _split(rows: Floats) -> Iterator[Floats]:
    return (rows[first : first + MOST_ROWS] for first in range(0, len(rows), MOST_ROWS))


def _find_directions(rows: Floats) -> Floats:
    """Return the strongest directions of centred rows (N, D), as columns (D, at most 128), the strongest first.

    By the smaller of the two products with itself; where both are large, by subspace iteration: 4,096 rows of 2,304
    features take 0.4 s so, and 2.4 s by all eigenvectors. Signs are fixed, so that the same rows give the same columns.
    """
    if min(rows.shape) > LARGE:
        start = np.random.default_rng(0).standard_normal((rows.shape[1], MOST_WIDTH + SPARE), dtype=np.float32)
        basis = iterate_subspace(lambda block: rows.T @ (rows @ block), start, rounds=ROUNDS)
        inner = _find_directions(rows @ basis)[:, :MOST_WIDTH]
        return _fix_signs(basis @ inner)
    across = len(rows) < rows.shape[1]
    product = (rows @ rows.T if across else rows.T @ rows).astype(np.float64)
    strength, vectors = np.linalg.eigh(product)
    kept = np.flatnonzero(strength > 1e-6 * max(float(strength[-1]), 1e-12))[::-1][:MOST_WIDTH]
    if not len(kept):
        return np.zeros((rows.shape[1], 1), np.float32)
    found = vectors[:, kept]
    return _fix_signs((rows.T @ found) / np.sqrt(strength[kept]) if across else found)


def _fix_signs(columns: NDArray[np.floating]) -> Floats:
    """Return columns (D, W) turned so that the largest number of each is above 0."""
    largest = np.abs(columns).argmax(axis=0)
    return np.asarray(columns * np.sign(columns[largest, np.arange(columns.shape[1])]), np.float32)


def _draw_rows(count: int, seed: int) -> Ints:
    if count <= MOST_ROWS:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, MOST_ROWS, replace=False))


def _escape(name: str) -> str:
    """Return a name without line breaks, for a text of a name a line."""
    return name.replace("\\", "\\\\").replace("\n", "\\n")


def _unescape(name: str) -> str:
    return name.replace("\\\\", "\0").replace("\\n", "\n").replace("\0", "\\")
