"""The whole job as an estimator."""

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from headstart.errors import DataError
from headstart.inference.prediction import Prediction
from headstart.pipeline.fit import fit as run_fit
from headstart.settings import HeadName, StrategyName
from headstart.sklearn.items import split_items
from headstart.tasks.task import DEFAULT
from headstart.verbs.calling import call_with_keywords

if TYPE_CHECKING:
    from sklearn.utils import Tags  # from scikit-learn 1.6 on


class Classifier(ClassifierMixin, BaseEstimator):
    """The whole job as an estimator: fitted on items and labels, calibrated, tested on a share of them.

    The test items are taken from those given to ``fit``; ``test_`` is their score.
    """

    def __init__(
        self,
        backbone: str | None = None,
        *,
        strategy: StrategyName = "auto",
        head: HeadName = "logistic",
        budget: str | None = None,
        seed: int = 0,
        out: str | Path | None = None,
        store: str | Path | None = None,
        modality: str = "auto",
        settings: Mapping[str, Any] | None = None,
    ):
        """Keep the parameters.

        Args:
            backbone: as of ``headstart.fit``, like ``strategy``, ``head``, ``budget``, ``seed`` and ``store``.
            strategy: how to transfer.
            head: what is fitted on the features.
            budget: time that may be spent.
            seed: of the split and the folds.
            out: the folder of the run; None keeps the classifier alone.
            store: the folder of what is computed.
            modality: the kind of data; "auto" goes by what the items look like.
            settings: further settings of ``headstart.fit``, by name or by chapter.
        """
        self.backbone = backbone
        self.strategy = strategy
        self.head = head
        self.budget = budget
        self.seed = seed
        self.out = out
        self.store = store
        self.modality = modality
        self.settings = settings

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
        items, labels = split_items(X), np.asarray(list(y))
        if len(items) != len(labels):
            raise DataError(f"{len(items)} items have {len(labels)} labels; give one for each")
        classes = np.unique(labels)
        names = {str(label): label for label in classes}
        own = ("backbone", "strategy", "head", "budget", "seed", "store", "modality")
        options = {name: getattr(self, name) for name in own}
        options |= {"task": DEFAULT, **(self.settings or {})}
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(self.out) if self.out is not None else Path(scratch) / "run"
            run = run_fit(items, labels=[str(label) for label in labels], out=folder, **options)
            self.classifier_ = run.classifier
            self.test_ = run.test
        if set(run.classes) != names.keys():
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
        predictions = self._predict_all(X)
        rows = np.stack([one.probabilities for one in predictions]) if predictions else np.zeros((0, len(self._order)))
        return np.asarray(rows[:, self._order], np.float64)

    @call_with_keywords
    def predict(self, X: Iterable[Any]) -> NDArray[Any]:
        """Return the predicted class of each item, as ``y`` had it: the likeliest, or what an operating point says.

        Raises:
            DataError: an item that cannot be read.
        """
        predictions = self._predict_all(X)
        index = {str(label): place for place, label in enumerate(self.classes_)}
        return np.asarray(self.classes_[np.array([index[str(one.label)] for one in predictions], np.int64)])

    def _predict_all(self, items: Iterable[Any]) -> list[Prediction]:
        check_is_fitted(self)
        predictions: list[Prediction] = self.classifier_.predict(split_items(items))
        bad = next((one for one in predictions if one.error is not None), None)
        if bad is not None:
            raise DataError(f"{bad.source}: {bad.error}; leave it out")
        return predictions

    def __sklearn_tags__(self) -> "Tags":
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        return tags
