"""The whole job as the base of estimators: fitted on items and labels, and tested on a share of them."""

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from headstart.pipeline.fit import fit as run_fit
from headstart.runs.run import Run
from headstart.settings import HeadName, StrategyName
from headstart.sklearn.items import split_items
from headstart_runtime.errors import DataError

if TYPE_CHECKING:
    from sklearn.utils import Tags  # from scikit-learn 1.6 on

_OWN = ("backbone", "strategy", "head", "budget", "seed", "store", "modality")


class JobEstimator(BaseEstimator):
    """The base of the estimators of all tasks.

    The test items are taken from those given to ``fit``; ``test_`` is their score.
    """

    def __init__(
        self,
        backbone: str | None = None,
        *,
        strategy: StrategyName = "auto",
        head: HeadName | None = None,
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
            head: what is fitted on the features; that of the task when not given.
            budget: time that may be spent.
            seed: of the split and the folds.
            out: the folder of the run; None keeps the model alone.
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

    def run_job(self, X: Iterable[Any], labels: Any, task: str, **options: Any) -> Run:
        """Fit, keep the saved model and its score, and return the run.

        Args:
            X: N items.
            labels: of the items, (N, ...), as ``headstart.fit`` takes them.
            task: its name.
            **options: settings that the estimator gives; those of the user win.

        Raises:
            UserError: items, labels or settings that cannot be used.
            HeadstartError: anything else that went wrong.
        """
        items = split_items(X)
        if len(items) != len(labels):
            raise DataError(f"{len(items)} items have {len(labels)} labels; give one for each")
        given = {name: value for name in _OWN if (value := getattr(self, name)) is not None}
        given |= {"task": task, **options, **(self.settings or {})}
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(self.out) if self.out is not None else Path(scratch) / "run"
            run = run_fit(items, labels=labels, out=folder, **given)
            self.classifier_ = run.classifier
            self.test_ = run.test
        return run

    def answer_items(self, X: Iterable[Any]) -> list[Any]:
        """Return the saved model's answers for items, in their order.

        Raises:
            DataError: an item that cannot be read.
        """
        check_is_fitted(self)
        answers = self.classifier_.predict(split_items(X))
        bad = next((one for one in answers if one.error is not None), None)
        if bad is not None:
            raise DataError(f"{bad.source}: {bad.error}; leave it out")
        return list(answers)

    def __sklearn_tags__(self) -> "Tags":
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        return tags
