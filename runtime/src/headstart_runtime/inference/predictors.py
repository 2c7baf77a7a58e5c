"""The predictors of a classifier: its graph in ONNX Runtime, and its networks in OpenVINO.

Both are made from memory when they are first needed, by one thread at a time, and once more in a forked child.
"""

import importlib.util
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from headstart_runtime.arrays import Floats
from headstart_runtime.blas import limit_blas
from headstart_runtime.errors import ClassifierError, EngineError, SettingError, nearest
from headstart_runtime.inference.files import ModelFiles
from headstart_runtime.inference.forking import after_fork, keep_for_ever
from headstart_runtime.inference.graph_predictor import GraphPredictor
from headstart_runtime.inference.novelty import Novelty
from headstart_runtime.inference.postprocess import BatchPredictions, DenseLayers, apply_head, postprocess
from headstart_runtime.modalities.batch import AnySpec, Part

if TYPE_CHECKING:
    from headstart_runtime.inference.batch_runner import BatchRunner

InferenceEngine = Literal["onnxruntime", "openvino"]
InferenceEngineChoice = Literal["auto", "onnxruntime", "openvino"]
CHOICES = ("auto", "onnxruntime", "openvino")


class FeaturePredictor:
    """A classifier's heads and what follows them, in NumPy."""

    def __init__(self, files: ModelFiles):
        """Read heads and novelty.

        Raises:
            ClassifierError: they do not belong to the record.
        """
        self._record = files.record
        self._heads: tuple[DenseLayers, ...] = files.load_heads()
        self._novelty: Novelty | None = files.load_novelty()
        width, wanted = self._heads[-1][-1][1].size, self._record.task.count_outputs(self._record.space)
        if width != wanted:
            raise ClassifierError(
                f"the head gives {width} outputs, model.json names {wanted}; copy the whole model folder again"
            )

    def predict(self, features: Sequence[Floats]) -> BatchPredictions:
        """Return predictions from the features of each branch, float32 (B, D)."""
        members, task = self._record.members, self._record.task
        rows = [
            task.activate(apply_head(head, np.concatenate([features[branch] for branch in member.branches], axis=1)))
            for head, member in zip(self._heads, members, strict=True)
        ]
        combined = task.combine(rows, [member.weight for member in members], self._record.combine)
        return postprocess(combined, features, self._record.postprocessor, self._novelty)


class BatchPredictor:
    """A classifier's networks in OpenVINO; its heads and what follows them in NumPy."""

    def __init__(self, files: ModelFiles, parts: int | None = None):
        """Compile the networks.

        Args:
            files: of the classifier.
            parts: in a call; None for as many as are best for many items.

        Raises:
            EngineError: OpenVINO cannot read or compile one.
            ClassifierError: heads or novelty do not belong to the record.
        """
        from headstart_runtime.inference.batch_runner import compile_branches

        self._predict_features = FeaturePredictor(files).predict
        given = {} if parts is None else {"parts": parts}
        self.runner: BatchRunner = compile_branches(files.graph, files.record.branches, files.record.modality, **given)

    def predict(self, items: Sequence[Mapping[AnySpec, Sequence[Part]]]) -> BatchPredictions:
        """Return predictions for items, each prepared for all specs."""
        features = self.runner.extract(items)
        with limit_blas(1):  # threads of BLAS that spin between batches would take a core from other batches
            return self._predict_features(features)


class Predictors:
    """The predictors of one classifier, each made when it is first asked for."""

    def __init__(self, files: ModelFiles):
        self._files = files
        self._forget()
        after_fork(self, Predictors._abandon)

    def _forget(self) -> None:
        self._lock = threading.RLock()
        self._graph: GraphPredictor | None = None
        self._one_thread: GraphPredictor | None = None
        self._batch: BatchPredictor | None = None
        self._trouble: str | None = None  #: why OpenVINO does not run here, once that is known

    def _abandon(self) -> None:
        keep_for_ever(self._graph, self._one_thread, self._batch)
        self._forget()

    @property
    def graph(self) -> GraphPredictor:
        """The one in ONNX Runtime."""
        with self._lock:
            if self._graph is None:
                self._graph = GraphPredictor(self._files)
            return self._graph

    @property
    def graph_of_one_thread(self) -> GraphPredictor:
        """The one in ONNX Runtime for threads that each ask about another item: it takes one core for each."""
        with self._lock:
            if self._one_thread is None:
                self._one_thread = GraphPredictor(self._files, threads=1)
            return self._one_thread

    @property
    def batch(self) -> BatchPredictor | None:
        """The one in OpenVINO; None where it cannot be used."""
        with self._lock:
            if self._batch is None:
                self._batch = self.compile_batch()
            return self._batch

    def compile_batch(self, parts: int | None = None) -> BatchPredictor | None:
        """Compile the networks anew, for so many parts in a call; None where OpenVINO cannot be used."""
        with self._lock:  # two threads that compile at once could wait for each other for ever: see Runner
            if self._trouble is None:
                self._trouble = explain_no_openvino(self._files)
            if self._trouble is None:
                try:
                    return BatchPredictor(self._files, parts)
                except EngineError as error:
                    self._trouble = str(error)
            return None

    def require_batch(self) -> BatchPredictor:
        """Return the one in OpenVINO.

        Raises:
            ClassifierError: it cannot run the classifier.
        """
        batch = self.batch
        if batch is None:
            raise self.refuse_batch()
        return batch

    def refuse_batch(self) -> ClassifierError:
        """Return the error where OpenVINO was asked for and cannot be used."""
        return ClassifierError(f"{self._trouble}; take the engine auto or onnxruntime")


def explain_no_openvino(files: ModelFiles) -> str | None:
    """Return why OpenVINO is not tried: it is to be installed, and to have run all backbones when heads were fitted."""
    others = sorted({branch.engine for branch in files.record.branches} - {"openvino"})
    if others:
        return f"the classifier was fitted with {others[0]}, so its answers in OpenVINO were never tested"
    return None if importlib.util.find_spec("openvino") else "OpenVINO is not installed"


def check_engine_choice(engine: str, files: ModelFiles) -> None:
    """Check an engine that was asked for by name.

    Raises:
        SettingError: there is no such engine.
        ClassifierError: it cannot run the classifier here.
    """
    if engine == "pytorch":
        raise SettingError(
            "engine 'pytorch' runs backbones while a classifier is made; a saved one is answered by onnxruntime or "
            "openvino; choose one of them, or auto"
        )
    if engine not in CHOICES:
        raise SettingError(f"unknown engine {str(engine)[:40]!r}; {nearest(str(engine)[:40], list(CHOICES))}")
    if engine != "openvino" or (reason := explain_no_openvino(files)) is None:
        return
    if importlib.util.find_spec("openvino") is None:
        raise ClassifierError(f"{reason}; install it with: pip install openvino, or take the engine onnxruntime")
    raise ClassifierError(f"{reason}; take the engine auto or onnxruntime")
