"""The whole job as a regressor."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin

from headstart.sklearn.job import JobEstimator
from headstart.verbs.calling import call_with_keywords
from headstart_runtime.arrays import Doubles
from headstart_runtime.errors import DataError

if TYPE_CHECKING:
    from sklearn.utils import Tags


class Regressor(RegressorMixin, JobEstimator):
    """The whole job for numbers: fitted on items and a number for each, or several, tested on a share of them."""

    @call_with_keywords
    def fit(self, X: Iterable[Any], y: Any) -> Self:
        """Make a model from items and their numbers.

        Args:
            X: N items, as of ``Classifier.fit``.
            y: (N,) numbers, or (N, K); NaN where one is not known.

        Raises:
            UserError: items, numbers or settings that cannot be used.
            HeadstartError: anything else that went wrong.
        """
        numbers = _read_numbers(y)
        self._several = numbers.ndim == 2
        self._count = numbers.shape[1] if self._several else 1
        self.run_job(X, numbers if self._several else [_write_number(value) for value in numbers], "regression")
        return self

    @call_with_keywords
    def predict(self, X: Iterable[Any]) -> Doubles:
        """Return the numbers of items, (N,) or (N, K) as ``y`` had them.

        Raises:
            DataError: an item that cannot be read.
        """
        answers = self.answer_items(X)
        rows = np.array([one.values for one in answers], np.float64).reshape(len(answers), self._count)
        return rows if self._several else rows[:, 0]

    @call_with_keywords
    def predict_interval(self, X: Iterable[Any]) -> NDArray[np.float64]:
        """Return the intervals with the promised coverage: lowest and highest number, (N, 2) or (N, K, 2).

        Raises:
            DataError: an item that cannot be read, or the model makes none.
        """
        answers = self.answer_items(X)
        if any(not one.intervals for one in answers):
            raise DataError("this model makes no intervals; fit it on more items")
        rows = np.array([one.intervals for one in answers], np.float64).reshape(len(answers), self._count, 2)
        return rows if self._several else rows[:, 0]

    def __sklearn_tags__(self) -> "Tags":
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _read_numbers(y: Any) -> Doubles:
    """Return numbers (N,) or (N, K), float64.

    Raises:
        DataError: anything else.
    """
    try:
        numbers = np.asarray(y if hasattr(y, "__len__") else list(y), np.float64)
    except (TypeError, ValueError):
        raise DataError("y holds what is no number; wanted (N,) numbers, or (N, K)") from None
    if numbers.ndim not in (1, 2):
        raise DataError(f"y has shape {numbers.shape}; wanted (N,) numbers, or (N, K)")
    return numbers


def _write_number(number: float) -> str:
    """Return a number as a label; "" where it is not known."""
    return "" if np.isnan(number) else repr(float(number))
