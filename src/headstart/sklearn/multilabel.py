"""The whole job as a classifier of several labels."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from headstart.sklearn.job import JobEstimator
from headstart.verbs.calling import call_with_keywords
from headstart_runtime.arrays import Doubles, Ints
from headstart_runtime.errors import DataError

if TYPE_CHECKING:
    from sklearn.utils import Tags


class MultilabelClassifier(ClassifierMixin, JobEstimator):
    """The whole job for several labels: fitted on items and an indicator matrix, tested on a share of the items."""

    @call_with_keywords
    def fit(self, X: Iterable[Any], y: Any) -> Self:
        """Make a model from items and the labels that they have.

        Args:
            X: N items, as of ``Classifier.fit``.
            y: (N, K) of 0 and 1, whether each label is there; NaN where it is not known. ``MultiLabelBinarizer`` makes
                one of sets of names.

        Raises:
            UserError: items, labels or settings that cannot be used.
            HeadstartError: anything else that went wrong.
        """
        given = _read_indicators(y)
        self.run_job(X, given, "multilabel")
        self.classes_ = np.arange(given.shape[1])
        return self

    @call_with_keywords
    def predict_proba(self, X: Iterable[Any]) -> NDArray[np.float64]:
        """Return the calibrated probability that each label is there, (N, K).

        Raises:
            DataError: an item that cannot be read.
        """
        check_is_fitted(self)
        rows = [one.probabilities for one in self.answer_items(X)]
        return np.array(rows, np.float64).reshape(len(rows), len(self.classes_))

    @call_with_keywords
    def predict(self, X: Iterable[Any]) -> Ints:
        """Return whether each label is there by its threshold, (N, K) of 0 and 1.

        Raises:
            DataError: an item that cannot be read.
        """
        check_is_fitted(self)
        names = self.classifier_.classes
        rows = [[name in one.labels for name in names] for one in self.answer_items(X)]
        return np.array(rows, np.int64).reshape(len(rows), len(self.classes_))

    def __sklearn_tags__(self) -> "Tags":
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.classifier_tags.multi_label = True
        return tags


def _read_indicators(y: Any) -> Doubles:
    """Return whether each label is there, float64 (N, K) of 0, 1 and NaN.

    Raises:
        DataError: anything else.
    """
    wanted = "wanted (N, K) of 0 and 1, whether each label is there"
    try:
        given = np.asarray(y.toarray() if hasattr(y, "toarray") else y, np.float64)  # a sparse matrix is one too
    except (TypeError, ValueError):
        raise DataError(f"y holds what is no number; {wanted}") from None
    if given.ndim != 2:
        raise DataError(f"y has shape {given.shape}; {wanted}")
    if not np.isin(given[~np.isnan(given)], (0, 1)).all():
        raise DataError(f"y has other numbers than 0 and 1; {wanted}")
    return given
