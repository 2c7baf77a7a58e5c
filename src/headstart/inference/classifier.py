"""A saved classifier: load it, predict with it. No PyTorch, no training code.

Photos go through ``model.onnx`` in ONNX Runtime one by one, in float32; or through the same file's networks in OpenVINO
many at a time, at the precision the heads were fitted at, cropped and resized on the host. Which of the two is the
caller's to choose; how far they agree on test photos is recorded in ``model.json``.
"""

import itertools
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast, overload

from headstart.errors import ClassifierError, DataError
from headstart.hardware import count_cores
from headstart.inference import model_format
from headstart.inference.display import render_table
from headstart.inference.files import ModelFiles, read_files
from headstart.inference.graph_predictor import GraphPredictor
from headstart.inference.postprocess import BatchPredictions
from headstart.inference.prediction import Prediction as Prediction
from headstart.inference.predictors import (
    BatchPredictor,
    InferenceEngine,
    InferenceEngineChoice,
    Predictors,
    check_engine_choice,
)
from headstart.inference.streaming import map_in_order
from headstart.modalities.image.decode import Pixels
from headstart.modalities.image.load import OpenedPhoto, is_one_photo, suggest_remedy
from headstart.modalities.image.load import PhotoLike as PhotoLike
from headstart.modalities.image.spec import ImageSpec
from headstart.modalities.modality import BrokenItem

#: From this many photos on OpenVINO's start (half a second) pays.
BATCH_FROM = 24

Views = Mapping[ImageSpec, Sequence[Pixels]]  #: a photo as each image spec prepares it, one part (S, S, 3)


class Classifier:
    """A saved classifier that predicts the classes of photos. Made by ``load``.

    It is what was loaded: its files were read into memory and hashed there, so it does not matter what becomes of the
    folder, nor of the working directory. It travels to other processes as these bytes (pickle, spawn), copies share
    them, and after a fork a child builds its engines anew. It may be used from several threads.
    """

    def __init__(
        self,
        files: ModelFiles,
        folder: Path,
        engine: InferenceEngineChoice = "auto",
        predictors: Predictors | None = None,
    ):
        check_engine_choice(engine, files)
        self.folder = folder  #: where it was loaded from, absolute; nothing is read from there any more
        self.record = files.record
        self.classes = files.record.classes
        self.task = files.record.task
        self.engine: InferenceEngineChoice = engine
        self._files = files
        self._predictors = predictors or Predictors(files)
        self._specs = tuple(dict.fromkeys(branch.spec for branch in files.record.branches))

    def __reduce__(self) -> tuple[Callable[..., "Classifier"], tuple[Any, ...]]:
        return type(self), (self._files, self.folder, self.engine)

    def __fspath__(self) -> str:
        """Return its folder, so that it can be given wherever that can."""
        return str(self.folder)

    def __repr__(self) -> str:
        return f"Classifier({str(self.folder)!r}, {len(self.classes)} classes, {self._name_backbones()})"

    def _repr_html_(self) -> str:
        """Return a small table for notebooks."""
        record = self.record
        rows = [
            ("backbone", self._name_backbones()),
            ("layer", record.layer),
            ("head", record.head),
            *self.task.describe_model(record.space, record.postprocessor, record.scores),
            ("unfamiliar photos", "are told" if record.novelty else "are not told"),
        ]
        return render_table(f"Classifier {self.folder}", rows)

    def _name_backbones(self) -> str:
        return " + ".join(dict.fromkeys(branch.backbone.name for branch in self.record.branches))

    @overload
    def predict(self, photos: PhotoLike) -> Prediction: ...  # type: ignore[overload-overlap]
    @overload
    def predict(self, photos: Iterable[PhotoLike]) -> list[Prediction]: ...
    def predict(self, photos: PhotoLike | Iterable[PhotoLike]) -> Prediction | list[Prediction]:
        """Predict one photo, or each of several.

        Args:
            photos: one path, bytes, open binary file, PIL image or array, or any iterable of them.

        Returns:
            One ``Prediction`` for one photo; for an iterable a list in its order.

        Raises:
            DataError: a single photo cannot be read, or is nothing that a photo can be. Of several, each bad one gets
                an ``error`` instead.
        """
        if is_one_photo(photos):
            (prediction,) = self.stream([cast("PhotoLike", photos)])
            if prediction.error is not None:
                raise DataError(f"{prediction.source}: {prediction.error}{suggest_remedy(photos, prediction.error)}")
            return prediction
        several = cast("Iterable[PhotoLike]", photos)
        if isinstance(several, Sized):
            return list(self.stream(several))
        rest = iter(several)
        first = list(itertools.islice(rest, BATCH_FROM))
        return list(self._predict_all(itertools.chain(first, rest), self.select_engine(len(first))))

    def stream(self, photos: PhotoLike | Iterable[PhotoLike]) -> Iterator[Prediction]:
        """Predict photos one after the other as they come, in order, with bounded memory for any number of them.

        The first prediction comes as soon as the first photo is there. Of an iterator whose photos come quickly more
        are taken in advance; with the engine ``onnxruntime`` each is answered before the next is taken.
        """
        several = [cast("PhotoLike", photos)] if is_one_photo(photos) else cast("Iterable[PhotoLike]", photos)
        return self._predict_all(several, self.select_engine(len(several) if isinstance(several, Sized) else None))

    def with_engine(self, engine: InferenceEngineChoice) -> "Classifier":
        """Return the same classifier on another engine; what is loaded is shared.

        Raises:
            ClassifierError: the engine cannot run it here.
            SettingError: there is no such engine.
        """
        return type(self)(self._files, self.folder, engine, self._predictors)

    def select_engine(self, count: int | None) -> InferenceEngine:
        """Return the engine that predicts so many photos.

        With the engine ``auto`` that is ONNX Runtime for fewer than ``BATCH_FROM``, and OpenVINO for more, where it is
        installed and ran the backbones when the heads were fitted. So it is for a stream of unknown length, None, from
        its first photo on, so that all of one stream go the same way.

        Raises:
            ClassifierError: the engine openvino was asked for and cannot run the classifier.
        """
        if self.engine == "openvino":
            self._predictors.require_batch()
            return "openvino"
        few = count is not None and count < BATCH_FROM
        if self.engine == "onnxruntime" or few or self._predictors.batch is None:
            return "onnxruntime"
        return "openvino"

    def predict_by_engine(
        self,
        photo: Callable[[int], PhotoLike],
        twice: Sequence[bool],
        timed: Callable[[InferenceEngine, float], None] = lambda *_: None,
    ) -> Iterator[dict[InferenceEngine, BatchPredictions] | BrokenItem]:
        """Predict each photo with the engine that takes so many, and some of them with every engine there is here.

        Args:
            photo: gives the photo of an index; called once for each, from several threads.
            twice: for each index whether every engine that can run the classifier predicts that photo.
            timed: told of the seconds that an engine took, its start included, decoding left out: of threads that work
                at the same time each its share. Called from these threads.

        Returns:
            For each photo, in order, the prediction by each engine, as arrays of one row; or the error of a photo that
            cannot be read.
        """
        main, several = self.select_engine(len(twice)), any(twice)
        with _clock("openvino", timed):
            batch = self._predictors.batch if several or main == "openvino" else None
        with _clock("onnxruntime", timed):
            graph = self._predictors.load_graph_of_one_thread() if several or main == "onnxruntime" else None
        size, threads = (batch.runner.batch, batch.runner.streams) if batch else (1, count_cores())

        def predict(indices: list[int]) -> list[dict[InferenceEngine, BatchPredictions] | BrokenItem]:
            views: dict[int, Views] = {}
            rows: dict[int, dict[InferenceEngine, BatchPredictions]] = {index: {} for index in indices}
            broken: dict[int, BrokenItem] = {}
            for index in indices:  # one after the other: each thread holds one decoded photo, whatever its size
                opened = OpenedPhoto(photo(index))
                try:
                    if batch and (twice[index] or main == "openvino"):
                        views[index] = opened.load_for_specs(self._specs)
                    if graph and (twice[index] or main == "onnxruntime"):
                        pixels = opened.load(self.record.spec)
                        with _clock("onnxruntime", timed, threads):
                            rows[index]["onnxruntime"] = graph.predict(pixels)
                except BrokenItem as error:
                    broken[index] = error
                opened.forget()
            if batch and views:
                with _clock("openvino", timed, threads):
                    together = batch.predict(list(views.values()))
                for row, index in enumerate(views):
                    rows[index]["openvino"] = together.select(slice(row, row + 1))
            return [broken.get(index, rows[index]) for index in indices]

        return map_in_order(predict, range(len(twice)), size=size, threads=threads)

    def _predict_all(self, photos: Iterable[PhotoLike], engine: InferenceEngine) -> Iterator[Prediction]:
        if engine == "onnxruntime":
            return (self._predict_one(OpenedPhoto(photo), self._predictors.graph) for photo in photos)
        batch = self._predictors.require_batch()
        runner = batch.runner
        return map_in_order(partial(self._predict_batch, batch), photos, size=runner.batch, threads=runner.streams)

    def _answer(self, photos: Sequence[OpenedPhoto], rows: BatchPredictions) -> list[Prediction]:
        """Return the task's record of the answer for each photo."""
        return self.task.make_predictions(photos, rows, self.record.space)

    def _fail(self, photo: OpenedPhoto, error: Exception) -> Prediction:
        """Return the task's record for a photo that cannot be read."""
        failure: Prediction = self.task.make_failure(photo, error, self.record.space)
        return failure

    def _predict_one(self, photo: OpenedPhoto, graph: GraphPredictor) -> Prediction:
        """Predict a photo with ONNX Runtime."""
        try:
            pixels = photo.load(self.record.spec)
        except BrokenItem as error:
            return self._fail(photo, error)
        return self._answer([photo], graph.predict(pixels))[0]

    def _predict_batch(self, batch: BatchPredictor, photos: Sequence[PhotoLike]) -> list[Prediction]:
        """Predict a batch of photos with OpenVINO."""
        opened = [OpenedPhoto(photo) for photo in photos]
        views = []
        for photo in opened:
            views.append(self._load_views(photo))
            photo.forget()
        sound = [(photo, view) for photo, view in zip(opened, views, strict=True) if not isinstance(view, BrokenItem)]
        rows = batch.predict([view for _, view in sound]) if sound else None
        predicted = iter(self._answer([photo for photo, _ in sound], rows) if rows else ())
        return [
            self._fail(photo, view) if isinstance(view, BrokenItem) else next(predicted)
            for photo, view in zip(opened, views, strict=True)
        ]

    def _load_views(self, photo: OpenedPhoto) -> Views | BrokenItem:
        """Return a photo as each branch's spec prepares it, or why it cannot be."""
        try:
            return photo.load_for_specs(self._specs)
        except BrokenItem as error:
            return error


@contextmanager
def _clock(
    engine: InferenceEngine, timed: Callable[[InferenceEngine, float], None], threads: int = 1
) -> Iterator[None]:
    """Tell the seconds of what is done inside as an engine's, shared by threads that work at the same time."""
    began = time.perf_counter()
    yield
    timed(engine, (time.perf_counter() - began) / threads)


def load(folder: str | os.PathLike[str], engine: InferenceEngineChoice = "auto") -> Classifier:
    """Load a saved classifier into memory.

    Args:
        folder: a ``model`` folder, or a run that has one; a ``Run`` or a ``Classifier`` stands for its folder.
        engine: what predicts: ``onnxruntime``, ``openvino``, or ``auto``, which goes by how many are asked for; see
            ``Classifier.select_engine``.

    Raises:
        ClassifierError: there is none, it is damaged, another headstart saved it, or the engine cannot run it.
        SettingError: there is no such engine.
    """
    if not isinstance(folder, str | os.PathLike):
        raise ClassifierError(
            f"a classifier cannot be loaded from {type(folder).__name__}; wanted the path of a model folder or of a run"
        )
    found = model_format.find_model(Path(folder).expanduser())
    return Classifier(read_files(found), Path(os.path.abspath(found)), engine)  # noqa: PTH100 (resolves no links)
