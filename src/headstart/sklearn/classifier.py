"""The whole job as a classifier."""

from collections.abc import Iterable
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin

from headstart.sklearn.job import JobEstimator
from headstart.verbs.calling import call_with_keywords
from headstart_runtime.errors import DataError
from headstart_runtime.tasks.task import DEFAULT


class Classifier(ClassifierMixin, JobEstimator):
    """The whole job as an estimator: fitted on items and labels, calibrated, tested on a share of them.

    The test items are taken from those given to ``fit``; ``test_`` is their score.
    """

    @call_with_keywords
    def fit(self, X: Iterable[Any], y: Iterable[Any]) -> Self:
        """Make a classifier from items and their labels.

        Args:
            X: N items, each a path, the bytes of a file, a text or an array; or an array of them, such as
                (N, H, W, 3) uint8.
            y: N labels, text or numbers.

        Raises:
            UserError: items, labels or settings that cannot be used.
            HeadstartError: anything else that went wrong.
        """
        labels = np.asarray(list(y))
        classes = np.unique(labels)
        names = {str(label) for label in classes}
        run = self.run_job(X, [str(label) for label in labels], DEFAULT)
        if set(run.classes) != names:
            raise DataError(f"labels {sorted(names)[:5]} were read as {list(run.classes)[:5]}; give them plainer names")
        self._order = [run.classes.index(str(label)) for label in classes]
        self.classes_ = classes
        return self

    @call_with_keywords
    def predict_proba(self, X: Iterable[Any]) -> NDArray[np.float64]:
        """Return calibrated probabilities, (N, C), in the order of ``classes_``.

        Raises:
            DataError: an item that cannot be read.
        """
        answers = self.answer_items(X)
        rows = np.stack([one.probabilities for one in answers]) if answers else np.zeros((0, len(self._order)))
        return np.asarray(rows[:, self._order], np.float64)

    @call_with_keywords
    def predict(self, X: Iterable[Any]) -> NDArray[Any]:
        """Return the class of each item, as ``y`` had it: the one that is told by the threshold, else the likeliest.

        Raises:
            DataError: an item that cannot be read.
        """
        answers = self.answer_items(X)
        index = {str(label): place for place, label in enumerate(self.classes_)}
        return np.asarray(self.classes_[np.array([index[str(one.label)] for one in answers], np.int64)])
