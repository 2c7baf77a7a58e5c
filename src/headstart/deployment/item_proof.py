"""One item answered by the saved classifier and by an export of it: how far each step of the two ways is apart."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart_runtime.errors import DataError
from headstart_runtime.exported.host import ExportRunner, Steps
from headstart_runtime.modalities.item import BrokenItem, ItemLike


class UnreadItem(BrokenItem):
    """An item of a kind that the export is known not to read."""

    def __init__(self, kind: str, reason: str):
        """Name the kind, such as "TIFF"."""
        super().__init__(reason)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class ProofItem:
    """An item on which an export is proved."""

    name: str
    value: ItemLike
    drawn: bool = False  #: by the modality; else one of the user's own


@dataclass(frozen=True, slots=True)
class TensorDifference:
    """The difference of two tensors."""

    kind: str  #: "levels" of whole numbers 0..255, "share" of other whole numbers, "numbers"
    value: float  #: mean in levels; share that differ; mean over the mean size; infinite for another shape


@dataclass(frozen=True, slots=True, eq=False)
class ComparedItem:
    """The differences of one item; all empty where both ways refuse it, or the export does not read its kind."""

    item: ProofItem
    seen: Mapping[str, TensorDifference] = field(default_factory=dict)  #: what is seen on the way, by name
    cosines: Mapping[str, float] = field(default_factory=dict)  #: of the features of each branch, by name
    reference: Mapping[str, NDArray[Any]] = field(default_factory=dict)  #: outputs of the saved classifier
    found: Mapping[str, NDArray[Any]] = field(default_factory=dict)  #: outputs of the export, of the same names
    refusal: str = ""  #: why only one of the two refuses it, for a person
    unread: str = ""  #: the kind that it is of, where the export is known not to read that
    seconds: tuple[float, float] = (0.0, 0.0)  #: of the saved classifier, of the export

    @property
    def answered(self) -> bool:
        """Whether both ways answer it."""
        return bool(self.reference)


def compare_item(
    item: ProofItem, reference: ExportRunner, runner: ExportRunner, outputs: Sequence[str], features: Sequence[str]
) -> ComparedItem:
    """Answer an item both ways and compare every step that both show.

    Args:
        item: is answered.
        reference: the saved classifier.
        runner: the export.
        outputs: names of the classifier's outputs.
        features: names of the features of each branch.
    """
    wanted, first = _answer(reference, item)
    found, second = _answer(runner, item)
    if isinstance(wanted, DataError) or isinstance(found, DataError):
        if isinstance(wanted, DataError) and isinstance(found, DataError):
            return ComparedItem(item)
        if isinstance(found, UnreadItem):
            return ComparedItem(item, unread=found.kind)
        refused, saved = "the export answers it", "the saved one answers it"
        if isinstance(found, DataError):
            refused = f"the export refuses it: {str(found) or 'unreadable'}"
        if isinstance(wanted, DataError):
            saved = f"the saved classifier refuses it: {str(wanted) or 'unreadable'}"
        return ComparedItem(item, refusal=f"{refused}; {saved}")
    one, other = {**wanted.seen, **wanted.outputs}, {**found.seen, **found.outputs}
    between = [name for name in one if name in other and name not in outputs]
    return ComparedItem(
        item,
        {name: measure_difference(one[name], other[name]) for name in between if name not in features},
        {name: _compare_features(one[name], other[name]) for name in between if name in features},
        {name: np.asarray(one[name]) for name in outputs},
        {name: np.asarray(other[name]) for name in outputs if name in other},
        seconds=(first, second),
    )


def _answer(runner: ExportRunner, item: ProofItem) -> tuple[Steps | DataError, float]:
    began = time.perf_counter()
    try:
        found: Steps | DataError = runner.answer(item.value)
    except DataError as error:
        found = error
    seconds = time.perf_counter() - began
    return found, seconds if isinstance(found, DataError) or found.seconds is None else found.seconds


def measure_difference(one: NDArray[Any], other: NDArray[Any]) -> TensorDifference:
    """Return how far two arrays are apart."""
    one, other = np.asarray(one), np.asarray(other)
    kind = "levels" if one.dtype == np.uint8 else "numbers" if one.dtype.kind == "f" else "share"
    if one.shape != other.shape or one.dtype.kind != other.dtype.kind:
        return TensorDifference(kind, float("inf"))
    if not one.size:
        return TensorDifference(kind, 0.0)
    if kind == "share":
        return TensorDifference(kind, float((one != other).mean()))
    apart = float(np.abs(one.astype(np.float64) - other).mean())
    if kind == "numbers":
        apart /= max(float(np.abs(one).mean()), 1e-3)
    return TensorDifference(kind, apart if np.isfinite(apart) else float("inf"))


def _compare_features(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Return the cosine of an item's features, (D,) or (P, D) of its parts, of which the mean counts."""
    a, b = (np.atleast_2d(rows).mean(axis=0).astype(np.float64) for rows in (one, other))
    if a.shape != b.shape:
        return -1.0
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    if lengths < 1e-12:
        return float(np.allclose(a, b))
    return float(a @ b / lengths)
