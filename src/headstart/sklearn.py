"""Estimators for scikit-learn: a frozen network as a transformer, and the whole job as a classifier.

``make_pipeline(FeatureExtractor("efficientnet_lite0"), SVC())`` learns from photos: paths, bytes or arrays.
"""

import csv
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from headstart import events
from headstart.arrays import Floats
from headstart.backbones.backbone import Backbone
from headstart.data.inspection import inspect
from headstart.data.readers.listing import RawSample
from headstart.data.samples import (
    ArraySource,
    FileSource,
    FileStatus,
    GroupKind,
    Sample,
    SampleGroup,
    SampleSource,
    compute_digest,
)
from headstart.engines.choose import ParitySamples, choose_engine
from headstart.errors import DataError
from headstart.events import RunLog
from headstart.extraction.extract import extract
from headstart.modalities.image.decoding.depth import BitDepth
from headstart.modalities.image.load import PhotoLike
from headstart.pipeline.backbones import load_backbones
from headstart.pipeline.fit import fit as run_fit
from headstart.selection.budget import Budget
from headstart.selection.context import RunContext
from headstart.settings import EngineName, FitSettings, HeadName, Precision, StrategyName, locate_store
from headstart.storage.store import Store

if TYPE_CHECKING:
    from sklearn.utils import Tags  # from scikit-learn 1.6 on


@dataclass(frozen=True, slots=True)
class BytesSource:
    """A photo's file in memory."""

    content: bytes

    def read(self) -> bytes:
        """Return the bytes of the file."""
        return self.content


class FeatureExtractor(TransformerMixin, BaseEstimator):
    """A frozen network that turns photos into rows of features; each photo is computed once and stored.

    Parameters are those of ``headstart.features``. A photo is a path, the bytes of a file, or pixels, uint8 (H, W),
    (H, W, 3) or (H, W, 4); several of them are a list or an array.
    """

    def __init__(
        self,
        backbone: str = "efficientnet_lite0",
        *,
        layer: str | None = None,
        engine: EngineName = "auto",
        precision: Precision = "auto",
        workers: int = 0,
        store: str | Path | None = None,
    ):
        self.backbone = backbone
        self.layer = layer
        self.engine = engine
        self.precision = precision
        self.workers = workers
        self.store = store

    def fit(self, X: Iterable[Any], y: Any = None) -> Self:
        """Load the network and choose the engine that runs it; nothing is learnt from the photos.

        Args:
            X: photos; the engine is proved on some of them.
            y: not used.

        Raises:
            UserError: no photo, one that cannot be read, or a name that is none.
            HeadstartError: a network that cannot be had.
        """
        settings = self._settings()
        samples = list_samples(X)
        with Store(locate_store(settings.store)) as store, store.in_use():
            context = RunContext(settings, store, Budget(None), RunLog(events.ignore))
            backbones = load_backbones(samples, len(samples), context)
        loaded = backbones.first
        self.backbone_: Backbone = loaded.backbone
        self.engine_: str = loaded.chosen.engine.name
        self.precision_: str = loaded.chosen.engine.precision
        self.layer_: str = self.layer if self.layer is not None else loaded.backbone.layers[-1].name
        self.n_features_out_: int = loaded.backbone.layer(self.layer_).width
        self._chosen = loaded.chosen
        return self

    def transform(self, X: Iterable[Any]) -> Floats:
        """Return the features of photos, float32 (N, D).

        Raises:
            DataError: a photo that cannot be read.
        """
        check_is_fitted(self)
        settings = self._settings()
        samples = list_samples(X)
        with Store(locate_store(settings.store)) as store, store.in_use():
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
            size = self.backbone_.spec.size
            blank = ParitySamples("none", lambda: np.zeros((1, size, size, 3), np.uint8))
            self._chosen = choose_engine(
                self.backbone_,
                blank,
                engine=cast("EngineName", self.engine_),
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


class Classifier(ClassifierMixin, BaseEstimator):
    """The whole job as an estimator: fitted on photos and labels, calibrated, tested on a share of them.

    The test photos are taken from those given to ``fit``; ``test_`` is their score.
    """

    def __init__(
        self,
        backbone: str = "efficientnet_lite0",
        *,
        strategy: StrategyName = "auto",
        head: HeadName = "logistic",
        budget: str | None = None,
        seed: int = 0,
        out: str | Path | None = None,
        store: str | Path | None = None,
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
            settings: further settings of ``headstart.fit``, by name or by chapter.
        """
        self.backbone = backbone
        self.strategy = strategy
        self.head = head
        self.budget = budget
        self.seed = seed
        self.out = out
        self.store = store
        self.settings = settings

    def fit(self, X: Iterable[Any], y: Iterable[Any]) -> Self:
        """Make a classifier from photos and their labels.

        Args:
            X: paths of photos, or pixels, uint8 (N, H, W) or (N, H, W, channels).
            y: N labels, text or numbers.

        Raises:
            UserError: photos, labels or settings that cannot be used.
            HeadstartError: anything else that went wrong.
        """
        photos, labels = list(X), np.asarray(list(y))
        if len(photos) != len(labels):
            raise DataError(f"{len(photos)} photos have {len(labels)} labels; give one for each")
        classes = np.unique(labels)
        names = {str(label): label for label in classes}
        options = {name: getattr(self, name) for name in ("backbone", "strategy", "head", "budget", "seed", "store")}
        options |= self.settings or {}
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(self.out) if self.out is not None else Path(scratch) / "run"
            if photos and isinstance(photos[0], str | Path):
                run = run_fit(write_table(photos, labels, Path(scratch) / "labels.csv"), out=folder, **options)
            else:
                pixels = np.stack([np.asarray(photo) for photo in photos])
                run = run_fit(pixels, labels=[str(label) for label in labels], out=folder, **options)
            self.classifier_ = run.classifier
            self.test_ = run.test
        if set(run.classes) != names.keys():
            raise DataError(f"labels {sorted(names)[:5]} were read as {list(run.classes)[:5]}; give them plainer names")
        self._order = [run.classes.index(str(label)) for label in classes]
        self.classes_ = classes
        return self

    def predict_proba(self, X: Iterable[Any]) -> NDArray[np.float64]:
        """Return calibrated probabilities, (N, C), in the order of ``classes_``.

        Raises:
            DataError: a photo that cannot be read.
        """
        check_is_fitted(self)
        photos = [cast("PhotoLike", _as_path(photo)) for photo in X]
        predictions = self.classifier_.predict(photos)
        bad = next((one for one in predictions if one.error is not None), None)
        if bad is not None:
            raise DataError(f"{bad.source}: {bad.error}; leave it out")
        rows = np.stack([one.probabilities for one in predictions]) if predictions else np.zeros((0, len(self._order)))
        return np.asarray(rows[:, self._order], np.float64)

    def predict(self, X: Iterable[Any]) -> NDArray[Any]:
        """Return the likeliest class of each photo, as ``y`` had it.

        Raises:
            DataError: a photo that cannot be read.
        """
        check_is_fitted(self)
        return np.asarray(self.classes_[self.predict_proba(X).argmax(axis=1)])

    def __sklearn_tags__(self) -> "Tags":
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        return tags


def list_samples(X: Iterable[Any]) -> list[Sample]:
    """Return photos as samples without a class.

    Raises:
        DataError: none is given, or one of them is no photo that can be read.
    """
    photos = {_name(photo, number): photo for number, photo in enumerate(X)}
    if not photos:
        raise DataError("no photos are given; wanted paths, bytes or arrays")
    found = [RawSample(name, "", _source(photo)) for name, photo in photos.items() if not isinstance(photo, bytes)]
    samples = {}
    for inspected in inspect(found, events.ignore):
        entry = inspected.entry
        if entry.status is FileStatus.SKIPPED:
            raise DataError(f"{entry.name}: {entry.reason}; leave it out")
        samples[entry.name] = _sample(entry.name, entry.digest, inspected.raw.source, entry.depth)
    for name, photo in photos.items():
        if isinstance(photo, bytes):
            samples[name] = _sample(name, compute_digest(photo), cast("SampleSource", BytesSource(photo)), None)
    return [samples[name] for name in photos]


def _sample(name: str, digest: str, source: SampleSource, depth: BitDepth | None) -> Sample:
    return Sample(name, digest, 0, SampleGroup(GroupKind.CONTENT, digest), None, source, depth)


def is_broken(issue: Any) -> bool:
    """Return whether a photo could not be decoded."""
    return issue is not None and issue.broken


def write_table(photos: Iterable[str | Path], labels: Iterable[Any], file: Path) -> Path:
    """Write a table of photos and labels for ``fit``; return its path."""
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("path", "label"))
        writer.writerows((str(Path(photo).absolute()), str(label)) for photo, label in zip(photos, labels, strict=True))
    return file


def _as_path(photo: Any) -> Any:
    return str(photo) if isinstance(photo, np.str_) else photo


def _name(photo: Any, number: int) -> str:
    return f"{number}: {photo}" if isinstance(photo, str | Path) else f"#{number}"


def _source(photo: Any) -> SampleSource:
    if isinstance(photo, str | Path):
        return FileSource(Path(photo).expanduser())
    pixels = np.asarray(photo)
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3):
        raise DataError(
            f"a photo is {type(photo).__name__} of {pixels.dtype} {pixels.shape}; wanted a path, bytes, or uint8 "
            "(H, W) or (H, W, channels)"
        )
    return ArraySource(pixels[None], 0)
