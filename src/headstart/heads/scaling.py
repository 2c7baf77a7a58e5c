"""Standardised features, and the way back: a head on standardised features as a head on raw ones."""

import weakref
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from headstart.heads.head import Dense, TrainingSet
from headstart.heads.kernel_rows import KernelRows, is_kernel
from headstart_runtime.arrays import Floats
from headstart_runtime.errors import DataError

_BLOCK = 1 << 22  #: values converted to float64 at a time
_FEW = 256  #: rows that are few, however few columns they have


def knows_each_row(features: Floats | KernelRows) -> bool:
    """Return whether rows (N, D) are so few that the mean and spread of their columns tell of each of them.

    A head that is asked about rows that it was not fitted on then has to be fitted on features that the others alone
    standardise: a unit that is nearly always 0 gets its spread from the one row in which it is not. Of 700 rows of
    1,280 features it makes no difference any more (``logistic.predict_held_out_path``).
    """
    return not isinstance(features, KernelRows) and len(features) <= max(_FEW, features.shape[1])


@dataclass(frozen=True, slots=True)
class Scaling:
    """``(x - mean) * inverse``; ``inverse`` is 0 for a column that never changes, which so leaves the head."""

    mean: Floats  #: (D,)
    inverse: Floats  #: (D,)

    @classmethod
    def fit(cls, features: Floats | KernelRows) -> Self:
        """Return the scaling of rows (N, D) by the mean and spread of their columns; of kernel rows by the mean alone.

        Raises:
            DataError: no rows, or values that are not finite.
            ValueError: an earlier fit overwrote the features.
        """
        if isinstance(features, KernelRows):
            return cls(features.average(), np.ones(features.shape[1], np.float32))
        if features.ndim != 2 or 0 in features.shape:
            raise DataError(f"features have shape {features.shape}; wanted (rows, columns), at least one of each")
        _refuse_overwritten(features)
        mean = _column_sums(features) / len(features)
        if not np.isfinite(mean).all():
            rows = np.flatnonzero(~np.isfinite(features).all(axis=1))
            raise DataError(
                f"{len(rows)} of {len(features)} rows of features hold NaN or infinity, the first is row "
                f"{rows[0] if len(rows) else 0}; leave these out or extract them in f32"
            )
        spread = np.sqrt(_column_sums(features, mean) / len(features))
        # float32 carries 24 bits: what varies by less than that share of its size is rounding.
        moving = spread > 4e-7 * np.abs(mean) + 1e-30
        inverse = np.divide(1, spread, out=np.zeros_like(spread), where=moving)
        return cls(mean.astype(np.float32), inverse.astype(np.float32))

    @classmethod
    def centre(cls, features: Floats) -> Self:
        """Return the scaling that only takes the mean from columns, (N, D), and leaves those out that never change.

        Raises:
            DataError: no rows, or values that are not finite.
        """
        fitted = cls.fit(features)
        return cls(fitted.mean, (fitted.inverse > 0).astype(np.float32))

    def transform(self, features: Floats, *, overwrite: bool = False) -> Floats:
        """Return features (N, D) standardised: a new array, or, where they may be overwritten, these themselves.

        Kernel rows are returned as they are: they are centred where they are used.
        """
        if is_kernel(features):
            return features
        scaled = np.subtract(features, self.mean, out=features if overwrite and features.flags.writeable else None)
        scaled *= self.inverse
        return np.asarray(scaled, np.float32)

    def unfold(self, weight: Floats, bias: Floats) -> Dense:
        """Return the layer on raw features that does what ``weight`` (D, outputs), ``bias`` do on standardised ones."""
        raw = weight.astype(np.float64) * self.inverse[:, None]
        return Dense(raw.astype(np.float32), (bias - self.mean.astype(np.float64) @ raw).astype(np.float32))


def standardise(training_set: TrainingSet) -> tuple[Scaling, Floats]:
    """Return the scaling of a training set's features, and these (N, D) standardised: in place where that is allowed.

    Of 200,000 rows of 1,920 features the second copy would take 1.5 GB.
    """
    features = training_set.features
    scaling = Scaling.fit(features)
    scaled = scaling.transform(features, overwrite=training_set.disposable)
    if isinstance(features, np.ndarray) and np.may_share_memory(scaled, features):
        _OVERWRITTEN[id(features)] = weakref.ref(features, partial(_forget, id(features)))
    return scaling, scaled


#: Features that were standardised in place, by ``id``, for as long as they are somewhere.
_OVERWRITTEN: "dict[int, weakref.ref[NDArray[Any]]]" = {}


def _forget(key: int, gone: "weakref.ref[NDArray[Any]]") -> None:
    if _OVERWRITTEN.get(key) is gone:  # another array may stand where this one stood
        del _OVERWRITTEN[key]


def _refuse_overwritten(features: Floats) -> None:
    """Raise where features were standardised in place: read once more they would be others in silence."""
    known = _OVERWRITTEN.get(id(features))
    if known is not None and known() is features:
        raise ValueError(
            "features were overwritten by an earlier fit: what reads a training set twice clears disposable"
        )


def _column_sums(features: Floats, mean: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """Return sums in float64 of the columns, or of their squared distances to ``mean``; a block of rows at a time."""
    total = np.zeros(features.shape[1])
    rows = max(1, _BLOCK // features.shape[1])
    for start in range(0, len(features), rows):
        block = features[start : start + rows].astype(np.float64)
        if mean is not None:
            block -= mean
            np.square(block, out=block)
        total += block.sum(axis=0)
    return total
