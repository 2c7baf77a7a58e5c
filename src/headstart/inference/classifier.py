"""A saved classifier: load it, predict with it. No PyTorch, no training code.

Photos go through ``model.onnx`` in ONNX Runtime one by one, in float32; or through the same file's networks in OpenVINO
many at a time, at the precision the heads were fitted at, cropped and resized on the host. Which of the two is the
caller's to choose; how far their answers agree on test photos stands in ``model.json``.
"""

import itertools
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast, overload

from headstart.errors import ClassifierError, DataError
from headstart.hardware import count_cores
from headstart.inference import model_format
from headstart.inference.engines import (
    BatchPredictor,
    InferenceEngine,
    InferenceEngineChoice,
    Predictors,
    check_engine_choice,
)
from headstart.inference.files import ModelFiles, read_files
from headstart.inference.prediction import Prediction as Prediction
from headstart.inference.prediction import make_failure, make_predictions
from headstart.inference.session import GraphPredictor
from headstart.inference.streaming import PREFETCH as PREFETCH
from headstart.inference.streaming import answer_in_order
from headstart.modalities.image.decoding.decode import BrokenPhoto, Pixels
from headstart.modalities.image.load import OpenedPhoto, is_one_photo, suggest_remedy
from headstart.modalities.image.load import PhotoLike as PhotoLike
from headstart.modalities.image.spec import ImageSpec

#: From this many photos on OpenVINO's start (half a second) pays.
BATCH_FROM = 24


class Classifier:
    """Predicts classes of photos. Made by ``load``.

    It is what was loaded: its files were read into memory and hashed there, so it does not matter what becomes of the
    folder, nor of the working directory. It travels to other processes as these bytes (pickle, spawn), copies share
    them, and after a fork a child builds its engines anew. It may be used from several threads.
    """

    def __init__(
        self,
        files: ModelFiles,
        folder: Path,
        engine: InferenceEngineChoice = "auto",
        engines: Predictors | None = None,
    ):
        check_engine_choice(engine, files)
        self.folder = folder  #: where it was loaded from, absolute; nothing is read from there any more
        self.record = files.record
        self.classes = files.record.classes
        self.engine: InferenceEngineChoice = engine
        self._files = files
        self._engines = engines or Predictors(files)

    def __reduce__(self) -> tuple[Callable[..., "Classifier"], tuple[Any, ...]]:
        return type(self), (self._files, self.folder, self.engine)

    def __fspath__(self) -> str:
        """Its folder, so that it can be given wherever that can."""
        return str(self.folder)

    def __repr__(self) -> str:
        backbones = " + ".join(dict.fromkeys(branch.backbone.name for branch in self.record.branches))
        return f"Classifier({str(self.folder)!r}, {len(self.classes)} classes, {backbones})"

    @overload
    def predict(self, photos: PhotoLike) -> Prediction: ...  # type: ignore[overload-overlap]
    @overload
    def predict(self, photos: Iterable[PhotoLike]) -> list[Prediction]: ...
    def predict(self, photos: PhotoLike | Iterable[PhotoLike]) -> Prediction | list[Prediction]:
        """Predicts one photo, or each of several.

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
        return list(self._answered(itertools.chain(first, rest), self.engine_for(len(first))))

    def stream(self, photos: PhotoLike | Iterable[PhotoLike]) -> Iterator[Prediction]:
        """Predicts photos one after the other as they come, in order, with bounded memory for any number of them.

        The first answer comes as soon as the first photo is there. Of an iterator whose photos come quickly more are
        taken in advance; with the engine ``onnxruntime`` each is answered before the next is taken.
        """
        several = [cast("PhotoLike", photos)] if is_one_photo(photos) else cast("Iterable[PhotoLike]", photos)
        return self._answered(several, self.engine_for(len(several) if isinstance(several, Sized) else None))

    def with_engine(self, engine: InferenceEngineChoice) -> "Classifier":
        """Return the same classifier answering with another engine; what is loaded is shared.

        Raises:
            ClassifierError: the engine cannot run it here.
            SettingError: there is no such engine.
        """
        return type(self)(self._files, self.folder, engine, self._engines)

    def engine_for(self, count: int | None) -> InferenceEngine:
        """Return what answers so many photos.

        With the engine ``auto`` that is ONNX Runtime for fewer than ``BATCH_FROM``, and OpenVINO for more, where it is
        installed and ran the backbones when the heads were fitted. So it is for a stream of unknown length, None, from
        its first photo on, so that all of one stream go the same way.

        Raises:
            ClassifierError: the engine openvino was asked for and cannot run the classifier.
        """
        if self.engine == "openvino":
            self._engines.batch_or_error()
            return "openvino"
        if self.engine == "onnxruntime" or (count is not None and count < BATCH_FROM) or self._engines.batch is None:
            return "onnxruntime"
        return "openvino"

    def answer_by_both(
        self,
        photo: Callable[[int], PhotoLike],
        twice: Sequence[bool],
        timed: Callable[[InferenceEngine, float], None] = lambda *_: None,
    ) -> Iterator[dict[InferenceEngine, Prediction]]:
        """Yield each photo's prediction by the engine that takes so many, and of some by every engine there is here.

        Args:
            photo: gives the photo of an index; called once for each, from several threads.
            twice: for each index whether every engine that can run the classifier answers that photo.
            timed: told of the seconds that an engine took, its start included, decoding left out: of threads that work
                at the same time each its share. Called from these threads.
        """
        main, several = self.engine_for(len(twice)), any(twice)
        with _clock("openvino", timed):
            batch = self._engines.batch if several or main == "openvino" else None
        with _clock("onnxruntime", timed):
            session = self._engines.session_of_one_thread() if several or main == "onnxruntime" else None
        size, threads = (batch.passes.batch, batch.passes.streams) if batch else (1, count_cores())

        def answer(indices: list[int]) -> list[dict[InferenceEngine, Prediction]]:
            opened = {index: OpenedPhoto(photo(index)) for index in indices}
            said: dict[int, dict[InferenceEngine, Prediction]] = {index: {} for index in indices}
            if batch:
                asked = [index for index in indices if twice[index] or main == "openvino"]
                views = [self._viewed(opened[index]) for index in asked]
                with _clock("openvino", timed, threads):
                    predictions = self._answer_views(batch, [opened[index] for index in asked], views)
                for index, prediction in zip(asked, predictions, strict=True):
                    said[index]["openvino"] = prediction
            if session:
                asked = [index for index in indices if twice[index] or main == "onnxruntime"]
                with _clock("onnxruntime", timed, threads):
                    for index in asked:
                        said[index]["onnxruntime"] = self._one(opened[index], session)
            return list(said.values())

        return answer_in_order(answer, range(len(twice)), size=size, threads=threads)

    def _answered(self, photos: Iterable[PhotoLike], engine: InferenceEngine) -> Iterator[Prediction]:
        if engine == "onnxruntime":
            return (self._one(OpenedPhoto(photo), self._engines.session) for photo in photos)
        batch = self._engines.batch_or_error()
        passes = batch.passes
        return answer_in_order(partial(self._many, batch), photos, size=passes.batch, threads=passes.streams)

    def _one(self, photo: OpenedPhoto, session: GraphPredictor) -> Prediction:
        """A photo through ONNX Runtime."""
        try:
            pixels = photo.load(self.record.spec)
        except BrokenPhoto as error:
            return make_failure(photo, error)
        return make_predictions([photo], session.answer(pixels), self.classes)[0]

    def _many(self, batch: BatchPredictor, photos: Sequence[PhotoLike]) -> list[Prediction]:
        """A batch through OpenVINO."""
        opened = [OpenedPhoto(photo) for photo in photos]
        return self._answer_views(batch, opened, [self._viewed(photo) for photo in opened])

    def _viewed(self, photo: OpenedPhoto) -> dict[ImageSpec, Pixels] | BrokenPhoto:
        """A photo as each branch's spec prepares it, or why it cannot be."""
        try:
            return photo.load_for_specs(tuple(dict.fromkeys(branch.spec for branch in self.record.branches)))
        except BrokenPhoto as error:
            return error

    def _answer_views(
        self,
        batch: BatchPredictor,
        photos: Sequence[OpenedPhoto],
        views: Sequence[dict[ImageSpec, Pixels] | BrokenPhoto],
    ) -> list[Prediction]:
        sound = [(photo, seen) for photo, seen in zip(photos, views, strict=True) if isinstance(seen, dict)]
        said = batch.answer([seen for _, seen in sound]) if sound else None
        predicted = iter(make_predictions([photo for photo, _ in sound], said, self.classes) if said else ())
        return [
            make_failure(photo, seen) if isinstance(seen, BrokenPhoto) else next(predicted)
            for photo, seen in zip(photos, views, strict=True)
        ]


@contextmanager
def _clock(
    engine: InferenceEngine, timed: Callable[[InferenceEngine, float], None], threads: int = 1
) -> Iterator[None]:
    """Tell what is done inside as an engine's seconds, shared by threads that work at the same time."""
    began = time.perf_counter()
    yield
    timed(engine, (time.perf_counter() - began) / threads)


def load(folder: str | os.PathLike[str], engine: InferenceEngineChoice = "auto") -> Classifier:
    """Loads a saved classifier into memory.

    Args:
        folder: a ``model`` folder, or a run that has one; a ``Run`` or a ``Classifier`` stands for its folder.
        engine: what answers: ``onnxruntime``, ``openvino``, or ``auto``, which goes by how many are asked for; see
            ``Classifier.engine_for``.

    Raises:
        ClassifierError: there is none, it is damaged, a newer headstart saved it, or the engine cannot run it.
        SettingError: there is no such engine.
    """
    if not isinstance(folder, str | os.PathLike):
        raise ClassifierError(
            f"a classifier cannot be loaded from {type(folder).__name__}; wanted the path of a model folder or of a run"
        )
    found = model_format.find_model(Path(folder).expanduser())
    return Classifier(read_files(found), Path(os.path.abspath(found)), engine)  # noqa: PTH100 (resolves no links)
