"""A saved classifier: load it, predict with it. No PyTorch, no training code.

Items go through ``model.onnx`` in ONNX Runtime one by one, in float32; or through the same file's networks in OpenVINO
many at a time, at the precision the heads were fitted at, prepared on the host. Which of the two is the caller's to
choose; how far they agree on test items is recorded in ``model.json``.
"""

import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from functools import partial
from pathlib import Path
from typing import Any, cast, overload

from headstart_runtime.arrays import Floats
from headstart_runtime.errors import ClassifierError, DataError
from headstart_runtime.hardware import count_cores
from headstart_runtime.inference import model_format
from headstart_runtime.inference.batch_worker import SPARE_THREADS, BatchWorker, compile_calls
from headstart_runtime.inference.display import render_table
from headstart_runtime.inference.files import ModelFiles, read_files
from headstart_runtime.inference.item_predictor import ByEngine, ItemPredictor, clock_engine
from headstart_runtime.inference.postprocess import BatchPredictions
from headstart_runtime.inference.prediction import Prediction as Prediction
from headstart_runtime.inference.predictors import (
    FeaturePredictor,
    InferenceEngine,
    InferenceEngineChoice,
    Predictors,
    check_engine_choice,
)
from headstart_runtime.inference.streaming import Arrivals, Prefetchable, map_in_order
from headstart_runtime.modalities.given import check_several, open_item
from headstart_runtime.modalities.item import BrokenItem, NamedItem
from headstart_runtime.modalities.item import ItemLike as ItemLike
from headstart_runtime.tasks.task import OutputRule
from headstart_runtime.tasks.threshold_task import make_threshold_rule

#: From this many items on OpenVINO's start (half a second) pays.
BATCH_FROM = 24


class Classifier:
    """A saved classifier that predicts the classes of items of its modality. Made by ``load``.

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
        self._modality = files.record.modality

    @property
    def files(self) -> ModelFiles:
        """The bytes of its files, as they were loaded."""
        return self._files

    def __reduce__(self) -> tuple[Callable[..., "Classifier"], tuple[Any, ...]]:
        return type(self), (self._files, self.folder, self.engine)

    def __fspath__(self) -> str:
        """Return its folder, so that it can be given wherever that can."""
        return str(self.folder)

    def __repr__(self) -> str:
        (name, text), *_ = self.task.describe_model(self.record.space, self.record.postprocessor, self.record.scores)
        return f"Classifier({str(self.folder)!r}, {name} {text}, {self._name_backbones()})"

    def _repr_html_(self) -> str:
        """Return a small table for notebooks."""
        record = self.record
        rows = [
            ("backbone", self._name_backbones()),
            ("layer", record.layer),
            ("head", record.head),
            *self.task.describe_model(record.space, record.postprocessor, record.scores),
            (f"unfamiliar {self._modality.noun.many}", "are told" if record.novelty else "are not told"),
        ]
        return render_table(f"Classifier {self.folder}", rows)

    def _name_backbones(self) -> str:
        return " + ".join(dict.fromkeys(branch.backbone.name for branch in self.record.branches))

    @overload
    def predict(self, items: ItemLike, *, threshold: float | None = None) -> Prediction: ...  # type: ignore[overload-overlap]
    @overload
    def predict(self, items: Iterable[ItemLike], *, threshold: float | None = None) -> list[Prediction]: ...
    def predict(
        self, items: ItemLike | Iterable[ItemLike], *, threshold: float | None = None
    ) -> Prediction | list[Prediction]:
        """Predict one item, or each of several.

        Args:
            items: one item as its modality takes it, such as a path, bytes, an open binary file or an array; or any
                iterable of them.
            threshold: the least probability from which on the positive class is predicted; None takes that of the
                model, or the likeliest class.

        Returns:
            One ``Prediction`` for one item; for an iterable a list in its order.

        Raises:
            DataError: a single item cannot be read, or is nothing that an item can be. Of several, each bad one gets
                an ``error`` instead.
            SettingError: a threshold that is no probability, or a model that does not say which class it would be of.
        """
        if isinstance(items, NamedItem) or self._modality.accepts(items):
            (prediction,) = self.stream([cast("ItemLike", items)], threshold=threshold)
            if prediction.error is not None:
                remedy = self._modality.suggest_remedy(items, prediction.error)
                raise DataError(f"{prediction.source}: {prediction.error}{remedy}")
            return prediction
        check_several(self._modality, items)
        several = cast("Iterable[ItemLike]", items)
        if isinstance(several, Sized):
            return list(self.stream(several, threshold=threshold))
        rest = iter(several)
        first = list(itertools.islice(rest, BATCH_FROM))
        everything = Prefetchable(itertools.chain(first, rest)) if len(first) == BATCH_FROM else first
        return list(self._predict_all(everything, self.select_engine(len(first)), threshold))

    def stream(self, items: ItemLike | Iterable[ItemLike], *, threshold: float | None = None) -> Iterator[Prediction]:
        """Predict items one after the other as they come, in order, with bounded memory for any number of them.

        The first prediction comes as soon as the first item is there. Of an iterator whose items come quickly more
        are taken in advance; with the engine ``onnxruntime`` each is answered before the next is taken, but of
        ``Prefetchable`` and ``Arrivals``. A threshold is as of ``predict``.
        """
        one = self._modality.accepts(items)
        if not one:
            check_several(self._modality, items)
        several = [cast("ItemLike", items)] if one else cast("Iterable[ItemLike]", items)
        return self._predict_all(
            several, self.select_engine(len(several) if isinstance(several, Sized) else None), threshold
        )

    def with_engine(self, engine: InferenceEngineChoice) -> "Classifier":
        """Return the same classifier on another engine; what is loaded is shared.

        Raises:
            ClassifierError: the engine cannot run it here.
            SettingError: there is no such engine.
        """
        return type(self)(self._files, self.folder, engine, self._predictors)

    def select_engine(self, count: int | None) -> InferenceEngine:
        """Return the engine that predicts so many items.

        With the engine ``auto`` that is ONNX Runtime for fewer than ``BATCH_FROM``, and OpenVINO for more, where it is
        installed and ran the backbones when the heads were fitted. So it is for a stream of unknown length, None, from
        its first item on, so that all of one stream go the same way.

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
        item: Callable[[int], ItemLike],
        twice: Sequence[bool],
        timed: Callable[[InferenceEngine, float], None] = lambda *_: None,
    ) -> Iterator[ByEngine | BrokenItem]:
        """Predict each item with the engine that takes so many, and some of them with every engine there is here.

        Args:
            item: gives the item of an index; called once for each, from several threads.
            twice: for each index whether every engine that can run the classifier predicts that item.
            timed: told of the seconds that an engine took, its start included, decoding left out: of threads that work
                at the same time each its share. Called from these threads.

        Returns:
            For each item, in order, the prediction by each engine, as arrays of one row; or the error of an item that
            cannot be read.
        """
        main, several = self.select_engine(len(twice)), any(twice)
        with clock_engine("openvino", timed):
            batch = self._predictors.batch if several or main == "openvino" else None
        with clock_engine("onnxruntime", timed):
            graph = self._predictors.graph_of_one_thread if several or main == "onnxruntime" else None
        size, threads = (batch.runner.choose_size(len(twice)), batch.runner.streams) if batch else (1, count_cores())
        every: list[InferenceEngine] = ["onnxruntime", "openvino"] if batch else ["onnxruntime"]
        clock = partial(clock_engine, timed=timed, threads=threads)
        predictor = ItemPredictor(self.record, graph, batch, clock)

        def predict(indices: list[int]) -> list[ByEngine | BrokenItem]:
            items = (open_item(self._modality, item(index)) for index in indices)
            return predictor.predict(items, [every if twice[index] else [main] for index in indices])

        return map_in_order(predict, range(len(twice)), size=size, threads=threads)

    def predict_features(self, features: Sequence[Floats]) -> BatchPredictions:
        """Predict items from their features by the saved heads and what follows them, without a network.

        Args:
            features: for each branch float32 (N, D), as the engine made them that ran its backbone.

        Raises:
            ClassifierError: heads or novelty do not belong to the record.
        """
        return FeaturePredictor(self._files).predict(features)

    def make_worker(self) -> BatchWorker:
        """Return what predicts batches that a caller gathers, by a stream's engine; a forked child makes its own."""
        calls = None if self.engine == "onnxruntime" else compile_calls(self._predictors, self.record.branches)
        if calls is None and self.engine == "openvino":
            raise self._predictors.refuse_batch()
        batch, size = calls or (None, 1)
        engine: InferenceEngine = "openvino" if batch else "onnxruntime"
        graph = None if batch else self._predictors.graph_of_one_thread
        threads = (batch.runner.streams if batch else count_cores()) + SPARE_THREADS
        work = partial(self._predict_some, ItemPredictor(self.record, graph, batch), engine)
        return BatchWorker(engine, size, threads, work)

    def _predict_all(
        self, items: Iterable[ItemLike], engine: InferenceEngine, threshold: float | None
    ) -> Iterator[Prediction]:
        rule = make_threshold_rule(threshold, self.task, self.record.postprocessor, self.record.space)
        sized = len(items) if isinstance(items, Sized) else None
        if engine == "openvino":
            batch = self._predictors.require_batch()
            predictor, threads = ItemPredictor(self.record, None, batch), batch.runner.streams
            size = batch.runner.choose_size(sized)
        elif isinstance(items, Arrivals | Prefetchable) or (sized or 0) >= BATCH_FROM:
            predictor = ItemPredictor(self.record, self._predictors.graph_of_one_thread, None)
            size, threads = 1, count_cores()
        else:  # few, or a source that may wait for each answer
            alone = ItemPredictor(self.record, self._predictors.graph, None)
            return (self._predict_some(alone, engine, [rule], [item])[0] for item in items)
        work = partial(self._predict_some, predictor, engine, itertools.repeat(rule))
        return map_in_order(work, items, size=size, threads=threads)

    def _predict_some(
        self, predictor: ItemPredictor, engine: InferenceEngine, rules: Iterable[OutputRule], items: Sequence[ItemLike]
    ) -> list[Prediction]:
        """Predict as many items as an engine takes at a time, each by its rule."""
        opened = [open_item(self._modality, item) for item in items]
        found = predictor.predict(opened, [[engine]] * len(opened))
        task, space = self.task, self.record.space
        return [
            task.make_failure(item, answer, space)
            if isinstance(answer, BrokenItem)
            else task.make_predictions([item], answer[engine].answer_by(rule), space)[0]
            for item, answer, rule in zip(opened, found, rules, strict=False)
        ]


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
