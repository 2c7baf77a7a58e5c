"""A saved classifier: load it, predict with it. No PyTorch, no training code.

One photo goes through ``model.onnx`` in ONNX Runtime. Many go through the same file's networks in OpenVINO, at the
precision the heads were fitted at, cropped and resized on the host; without OpenVINO, through ONNX Runtime too.
"""

import importlib.util
import itertools
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from headstart.errors import ClassifierError, DataError, EngineError
from headstart.pixels.contract import PixelContract
from headstart.pixels.decode import BrokenPhoto, Pixels
from headstart.runtime import folder as layout
from headstart.runtime.answers import Answers, Head, apply_head, combined, finished, read_head
from headstart.runtime.libraries import import_onnxruntime
from headstart.runtime.novelty import Novelty
from headstart.runtime.photos import PhotoLike as PhotoLike
from headstart.runtime.photos import name_of, views_of, whole

if TYPE_CHECKING:
    from headstart.runtime.passes import Passes

#: From this many photos on OpenVINO's start (half a second) pays.
MANY = 24
AHEAD = 4  #: batches per core that may be under way or wait for an earlier one, so that memory stays bounded


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """The answer for one photo. A photo that could not be read has an ``error``, no label and no probabilities."""

    source: str  #: the path as given, or "bytes" or "array"
    label: str | None  #: the likeliest class, also of a photo that is declined
    probability: float  #: of ``label``; 0 where there is none
    probabilities: NDArray[np.float32]  #: (C,), in the order of the classifier's classes, sums to 1; (0,) on an error
    error: str | None = None
    uncalibrated: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    #: (C,), the probabilities before calibration; (0,) on an error
    prediction_set: tuple[str, ...] = ()
    #: the classes that it takes to hold the true one with the promised coverage, likeliest first; empty on an error and
    #: where the classifier makes none
    novelty: float | None = None  #: how unlike the training photos, 1.0 at the threshold; None where it is not judged
    declined: bool = False  #: novelty is above 1: the label means little, for the photo is unlike all training photos


class Classifier:
    """Predicts classes of photos. Made by ``load``."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.record = layout.read(folder)
        self.classes = self.record.classes
        self._lock = threading.RLock()
        _check(folder / layout.GRAPH, self.record.graph_sha256)
        _check(folder / layout.HEAD, self.record.head_sha256)
        if self.record.novelty_sha256 is not None:
            _check(folder / layout.NOVELTY_ARRAYS, self.record.novelty_sha256)

    def __repr__(self) -> str:
        backbones = " + ".join(dict.fromkeys(tower.backbone.name for tower in self.record.towers))
        return f"Classifier({str(self.folder)!r}, {len(self.classes)} classes, {backbones})"

    @overload
    def predict(self, photos: PhotoLike) -> Prediction: ...  # type: ignore[overload-overlap]
    @overload
    def predict(self, photos: Iterable[PhotoLike]) -> list[Prediction]: ...
    def predict(self, photos: PhotoLike | Iterable[PhotoLike]) -> Prediction | list[Prediction]:
        """Predicts one photo, or each of several.

        Args:
            photos: one path, bytes or array, or any iterable of them.

        Returns:
            One ``Prediction`` for one photo; for an iterable a list in its order.

        Raises:
            DataError: a single photo cannot be read. Of several, each bad one gets an ``error`` instead.
        """
        if not isinstance(photos, str | os.PathLike | bytes | np.ndarray):
            return list(self.stream(photos))
        prediction = self._one(photos)
        if prediction.error is not None:
            raise DataError(f"{prediction.source}: {prediction.error}; give a photo that opens in a viewer")
        return prediction

    def stream(self, photos: Iterable[PhotoLike]) -> Iterator[Prediction]:
        """Predicts photos one after the other as they come, in order, with bounded memory for any number of them."""
        photos = iter(photos)
        first = list(itertools.islice(photos, MANY))
        passes = self._passes if len(first) >= MANY else None
        if passes is None:
            yield from map(self._one, itertools.chain(first, photos))
            return
        batches = _batched(itertools.chain(first, photos), passes.batch)
        yield from _in_order(partial(self._many, passes), batches, passes.lanes)

    def _one(self, photo: PhotoLike) -> Prediction:
        try:
            pixels = whole(photo, self.record.contract)
        except BrokenPhoto as error:
            return self._failed(photo, error)
        session = self._session
        names = [output.name for output in session.get_outputs()]  # older graphs have fewer
        said = dict(zip(names, session.run(names, {layout.IMAGE: pixels}), strict=True))
        probabilities = said[layout.PROBABILITIES][None]
        uncalibrated = said[layout.UNCALIBRATED][None] if layout.UNCALIBRATED in said else probabilities
        sets = said[layout.PREDICTION_SET][None] if layout.PREDICTION_SET in said else None
        novelty = said[layout.NOVELTY][None] if layout.NOVELTY in said else None
        return self._predictions([photo], Answers(probabilities, uncalibrated, sets, novelty))[0]

    def _many(self, passes: "Passes", photos: list[PhotoLike]) -> list[Prediction]:
        """A batch through OpenVINO."""
        answers: dict[int, Prediction] = {}
        views: dict[int, dict[PixelContract, Pixels]] = {}
        for index, photo in enumerate(photos):
            try:
                views[index] = views_of(photo, passes.contracts)
            except BrokenPhoto as error:
                answers[index] = self._failed(photo, error)
        if views:
            pixels = {contract: np.stack([seen[contract] for seen in views.values()]) for contract in passes.contracts}
            predicted = self._predictions([photos[index] for index in views], self._answered(passes.features(pixels)))
            answers |= dict(zip(views, predicted, strict=True))
        return [answers[index] for index in range(len(photos))]

    def _answered(self, features: Sequence[NDArray[np.float32]]) -> Answers:
        """For each tower float32 (B, D) -> what is said of the photos."""
        facts = self.record.answers
        rows = [
            apply_head(head, np.concatenate([features[tower] for tower in answer.towers], axis=1))
            for head, answer in zip(self._heads, facts, strict=True)
        ]
        together = combined(rows, [answer.weight for answer in facts], self.record.combine)
        return finished(together, features, self.record.calibration, self.record.sets, self._novelty)

    def _predictions(self, photos: Sequence[PhotoLike], said: Answers) -> list[Prediction]:
        """A prediction for each photo."""
        declined = said.declined
        predictions = []
        for index, (photo, row) in enumerate(zip(photos, said.probabilities, strict=True)):
            best = int(row.argmax())
            prediction = Prediction(
                name_of(photo),
                self.classes[best],
                float(row[best]),
                row,
                uncalibrated=said.uncalibrated[index],
                prediction_set=() if said.sets is None else self._named(row, said.sets[index]),
                novelty=None if said.novelty is None else float(said.novelty[index]),
                declined=bool(declined[index]),
            )
            predictions.append(prediction)
        return predictions

    def _named(self, row: NDArray[np.float32], chosen: NDArray[np.bool_]) -> tuple[str, ...]:
        """A prediction set (C,) by its names, likeliest first."""
        return tuple(self.classes[index] for index in np.argsort(-row, kind="stable") if chosen[index])

    def _failed(self, photo: PhotoLike, error: Exception) -> Prediction:
        return Prediction(name_of(photo), None, 0.0, np.zeros(0, np.float32), str(error))

    @property
    def _session(self) -> Any:
        with self._lock:
            return self._loaded_session

    @property
    def _passes(self) -> "Passes | None":
        with self._lock:  # two threads that compile at once could wait for each other for ever: see Runner
            return self._compiled_passes

    @cached_property
    def _loaded_session(self) -> Any:
        onnxruntime = import_onnxruntime()
        try:
            return onnxruntime.InferenceSession(self.folder / layout.GRAPH, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise ClassifierError(
                f"{str(self.folder / layout.GRAPH)!r} does not load in ONNX Runtime: {error}"
            ) from error

    @cached_property
    def _compiled_passes(self) -> "Passes | None":
        """OpenVINO, where it is installed, ran all backbones when the heads were fitted, and can run them here."""
        ran_all = all(tower.engine == "openvino" for tower in self.record.towers)
        if not ran_all or importlib.util.find_spec("openvino") is None:
            return None
        from headstart.runtime.passes import compiled

        try:
            return compiled(self.folder / layout.GRAPH, self.record.towers)
        except EngineError:
            return None

    @cached_property
    def _heads(self) -> tuple[Head, ...]:
        count = len(self.record.answers)
        prefixes = [f"{index}/" for index in range(count)] if count > 1 else [""]
        return tuple(read_head(self.folder / layout.HEAD, prefix) for prefix in prefixes)

    @cached_property
    def _novelty(self) -> Novelty | None:
        if self.record.novelty is None:
            return None
        from safetensors.numpy import load_file

        try:
            return Novelty.from_json(self.record.novelty, load_file(self.folder / layout.NOVELTY_ARRAYS))
        except (KeyError, TypeError, ValueError) as error:
            raise ClassifierError(
                f"{str(self.folder / layout.NOVELTY_ARRAYS)!r} does not belong to model.json: {error}; "
                "copy the whole model folder again"
            ) from None


def load(folder: str | os.PathLike[str]) -> Classifier:
    """Loads a saved classifier.

    Args:
        folder: a ``model`` folder, or a run that has one.

    Raises:
        ClassifierError: there is none, it is damaged, or a newer headstart saved it.
    """
    return Classifier(layout.find(Path(folder).expanduser()))


def _check(file: Path, wanted: str) -> None:
    try:
        seen = layout.sha256(file)
    except OSError as error:
        raise ClassifierError(f"{str(file)!r} cannot be read: {error.strerror}; copy the whole model folder") from None
    if seen != wanted:
        raise ClassifierError(
            f"{str(file)!r} is not the file that was saved (SHA-256 {seen[:12]}…, model.json says {wanted[:12]}…); "
            "copy the whole model folder again"
        )


def _batched(photos: Iterable[PhotoLike], size: int) -> Iterator[list[PhotoLike]]:
    photos = iter(photos)
    while batch := list(itertools.islice(photos, size)):
        yield batch


def _in_order(
    work: Callable[[list[PhotoLike]], list[Prediction]], batches: Iterator[list[PhotoLike]], threads: int
) -> Iterator[Prediction]:
    """Works on batches in threads; answers come in order, and only so many batches are under way."""
    with ThreadPoolExecutor(threads, thread_name_prefix="predict") as pool:
        waiting: deque[Future[list[Prediction]]] = deque()
        try:
            for batch in batches:
                waiting.append(pool.submit(work, batch))
                if len(waiting) >= threads * AHEAD:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
