"""A frozen network as a transformer."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from headstart import events
from headstart.backbones.backbone import Backbone
from headstart.engines.choose import choose_engine
from headstart.engines.parity import ParitySamples
from headstart.events import RunLog
from headstart.extraction.extract import extract
from headstart.pipeline.backbones import load_backbones
from headstart.selection.budget import Budget
from headstart.selection.context import RunContext
from headstart.settings import FitSettings, Precision, locate_store
from headstart.sklearn.items import find_modality, list_samples, split_items
from headstart.storage.store import Store
from headstart.verbs.calling import call_with_keywords
from headstart_runtime.arrays import Floats
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.batch import make_blank
from headstart_runtime.modalities.modality import get_modality

if TYPE_CHECKING:
    from sklearn.utils import Tags  # from scikit-learn 1.6 on


class FeatureExtractor(TransformerMixin, BaseEstimator):
    """A frozen network that turns items into rows of features; each item is computed once and stored.

    Parameters are those of ``headstart.features``; ``modality`` is the kind of data, where the items do not tell. An
    item is a path, the bytes of a file, a text or an array, of the kind of data that the network reads; several of
    them are a list, a column of a table or an array.
    """

    def __init__(
        self,
        backbone: str | None = None,
        *,
        layer: str | None = None,
        engine: str = "auto",
        precision: Precision = "auto",
        workers: int = 0,
        store: str | Path | None = None,
        modality: str = "auto",
    ):
        self.backbone = backbone
        self.layer = layer
        self.engine = engine
        self.precision = precision
        self.workers = workers
        self.store = store
        self.modality = modality

    @call_with_keywords
    def fit(self, X: Iterable[Any], y: Any = None) -> Self:
        """Load the network and choose the engine that runs it; nothing is learnt from the items.

        Args:
            X: items; the engine is proved on some of them.
            y: not used.

        Raises:
            UserError: no item, one that cannot be read, or a name that is none.
            HeadstartError: a network that cannot be had.
        """
        settings = self._settings()
        items = split_items(X)
        modality = find_modality(items, self.modality)
        samples = list_samples(items, modality)
        with Store(locate_store(settings.store)) as store, store.mark_in_use():
            context = RunContext(settings, store, Budget(None), RunLog(events.ignore))
            backbones = load_backbones(samples, modality.name, context)
        loaded = backbones.first
        self.backbone_: Backbone = loaded.backbone
        self.engine_: str = loaded.chosen.engine.name
        self.precision_: str = loaded.chosen.engine.precision
        self.layer_: str = self.layer if self.layer is not None else loaded.backbone.layers[-1].name
        self.n_features_out_: int = loaded.backbone.layer(self.layer_).width
        self._chosen = loaded.chosen
        return self

    @call_with_keywords
    def transform(self, X: Iterable[Any]) -> Floats:
        """Return the features of items, float32 (N, D).

        Raises:
            DataError: an item that cannot be read.
        """
        check_is_fitted(self)
        settings = self._settings()
        samples = list_samples(split_items(X), get_modality(self.backbone_.spec.kind))
        with Store(locate_store(settings.store)) as store, store.mark_in_use():
            done = extract(samples, self.backbone_, self._load_engine(), store, workers=self.workers)
            broken = next((sample for sample in samples if is_broken(done.issues.get(sample.digest))), None)
            if broken is not None:
                raise DataError(f"{broken.name}: {done.issues[broken.digest].reason}; leave it out")
            return store.read(done.space, [sample.digest for sample in samples], self.layer_)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return names of the features: those of the layer, numbered."""
        check_is_fitted(self)
        return np.array([f"{self.layer_}_{number}" for number in range(self.n_features_out_)], dtype=object)

    def _settings(self) -> FitSettings:
        return FitSettings.load(
            backbone=self.backbone,
            engine=self.engine,
            precision=self.precision,
            workers=self.workers,
            store=self.store,
        )

    def _load_engine(self) -> Any:
        """Return the engine that was chosen; in another process it is made anew."""
        if getattr(self, "_chosen", None) is None:
            blank = ParitySamples("none", lambda: make_blank(self.backbone_.spec, 1))
            self._chosen = choose_engine(
                self.backbone_,
                blank,
                engine=self.engine_,
                precision=cast("Precision", self.precision_),
            )
        return self._chosen.engine

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_chosen": None}  # an engine belongs to its process

    def __sklearn_tags__(self) -> "Tags":
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.requires_fit = True
        return tags


def is_broken(issue: Any) -> bool:
    """Return whether an item could not be decoded."""
    return issue is not None and issue.broken
