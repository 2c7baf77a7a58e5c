"""The whole job as a classifier of ordered classes."""

from collections.abc import Iterable
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from headstart.sklearn.job import JobEstimator
from headstart.verbs.calling import call_with_keywords
from headstart_runtime.errors import DataError


class OrdinalClassifier(ClassifierMixin, JobEstimator):
    """The whole job for ordered classes: fitted on items and their grades, tested on a share of them.

    Grades are in the order of ``np.unique``, numbers from the lowest to the highest, or in that of the setting
    ``order``: ``OrdinalClassifier(settings={"order": "bad,fair,good"})``.
    """

    @call_with_keywords
    def fit(self, X: Iterable[Any], y: Iterable[Any]) -> Self:
        """Make a model from items and their grades.

        Args:
            X: N items, as of ``Classifier.fit``.
            y: N grades, text or numbers.

        Raises:
            UserError: items, grades or settings that cannot be used.
            HeadstartError: anything else that went wrong.
        """
        labels = np.asarray(list(y))
        by_name = {str(label): label for label in np.unique(labels)}
        run = self.run_job(X, [str(label) for label in labels], "ordinal", order=",".join(by_name))
        if set(run.classes) != by_name.keys():
            raise DataError(f"grades {list(by_name)[:5]} were read as {list(run.classes)[:5]}; give them plainer names")
        self.classes_ = np.array([by_name[name] for name in run.classes])
        return self

    @call_with_keywords
    def predict_proba(self, X: Iterable[Any]) -> NDArray[np.float64]:
        """Return calibrated probabilities, (N, C), in the order of ``classes_``, which is that of the grades.

        Raises:
            DataError: an item that cannot be read.
        """
        check_is_fitted(self)
        rows = [one.probabilities for one in self.answer_items(X)]
        return np.array(rows, np.float64).reshape(len(rows), len(self.classes_))

    @call_with_keywords
    def predict(self, X: Iterable[Any]) -> NDArray[Any]:
        """Return the grade of each item, as ``y`` had it.

        Raises:
            DataError: an item that cannot be read.
        """
        check_is_fitted(self)
        names = self.classifier_.classes
        rows = [names.index(one.label) for one in self.answer_items(X)]
        return np.asarray(self.classes_[np.array(rows, np.int64)])
