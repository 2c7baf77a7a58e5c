"""What a classifier computes with: its graph in ONNX Runtime, and its networks in OpenVINO.

Both are made from memory when they are first needed, by one thread at a time, and once more in a forked child.
"""

import importlib.util
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from headstart.errors import ClassifierError, EngineError, SettingError, nearest
from headstart.inference.files import ModelFiles
from headstart.inference.forking import after_fork, keep_for_ever
from headstart.inference.novelty import Novelty
from headstart.inference.postprocess import BatchPredictions, DenseLayers, apply_head, combine_members, postprocess
from headstart.inference.session import GraphPredictor
from headstart.modalities.image.decoding.decode import Pixels
from headstart.modalities.image.spec import ImageSpec

if TYPE_CHECKING:
    from headstart.inference.batch_runner import BatchRunner

InferenceEngine = Literal["onnxruntime", "openvino"]
InferenceEngineChoice = Literal["auto", "onnxruntime", "openvino"]
CHOICES = ("auto", "onnxruntime", "openvino")


class BatchPredictor:
    """A classifier's networks in OpenVINO; heads and what is made of their answers in NumPy."""

    def __init__(self, files: ModelFiles):
        """Compile the networks.

        Raises:
            EngineError: OpenVINO cannot read or compile one.
            ClassifierError: heads or novelty do not belong to the record.
        """
        from headstart.inference.batch_runner import compile_branches

        self._record = files.record
        self._heads: tuple[DenseLayers, ...] = files.heads()
        self._novelty: Novelty | None = files.novelty_score()
        width = self._heads[-1][-1][1].size
        if width != len(self._record.classes):
            raise ClassifierError(
                f"the head gives {width} probabilities, model.json names {len(self._record.classes)} classes; "
                "copy the whole model folder again"
            )
        self.passes: BatchRunner = compile_branches(files.graph, files.record.branches)

    def answer(self, views: Sequence[dict[ImageSpec, Pixels]]) -> BatchPredictions:
        """Return what is said of photos, each as all specs prepare it, uint8 (S, S, 3); at most a batch."""
        pixels = {spec: np.stack([seen[spec] for seen in views]) for spec in self.passes.specs}
        return self._answered(self.passes.features(pixels))

    def _answered(self, features: Sequence[NDArray[np.float32]]) -> BatchPredictions:
        """For each branch float32 (B, D) -> what is said of the photos."""
        facts = self._record.members
        rows = [
            apply_head(head, np.concatenate([features[branch] for branch in answer.branches], axis=1))
            for head, answer in zip(self._heads, facts, strict=True)
        ]
        together = combine_members(rows, [answer.weight for answer in facts], self._record.combine)
        return postprocess(together, features, self._record.calibration, self._record.conformal, self._novelty)


class Predictors:
    """A classifier's engines."""

    def __init__(self, files: ModelFiles):
        self._files = files
        self._forget()
        after_fork(self, Predictors._abandon)

    def _forget(self) -> None:
        self._lock = threading.RLock()
        self._session: GraphPredictor | None = None
        self._batch: BatchPredictor | None = None
        self._trouble: str | None = None  #: why OpenVINO does not run here, once that is known

    def _abandon(self) -> None:
        keep_for_ever(self._session, self._batch)
        self._forget()

    @property
    def session(self) -> GraphPredictor:
        """ONNX Runtime."""
        with self._lock:
            if self._session is None:
                self._session = GraphPredictor(self._files)
            return self._session

    def session_of_one_thread(self) -> GraphPredictor:
        """Load the graph once more, for threads that each ask about another photo."""
        return GraphPredictor(self._files, threads=1)

    @property
    def batch(self) -> BatchPredictor | None:
        """OpenVINO; None where it cannot be used."""
        with self._lock:  # two threads that compile at once could wait for each other for ever: see Runner
            if self._batch is None and self._trouble is None:
                self._trouble = why_no_openvino(self._files)
                if self._trouble is None:
                    try:
                        self._batch = BatchPredictor(self._files)
                    except EngineError as error:
                        self._trouble = str(error)
            return self._batch

    def batch_or_error(self) -> BatchPredictor:
        """Return OpenVINO.

        Raises:
            ClassifierError: it cannot run the classifier.
        """
        batch = self.batch
        if batch is None:
            raise ClassifierError(f"{self._trouble}; take the engine auto or onnxruntime")
        return batch


def why_no_openvino(files: ModelFiles) -> str | None:
    """Return why OpenVINO is not tried: it is to be installed, and to have run all backbones when heads were fitted."""
    others = sorted({branch.engine for branch in files.record.branches} - {"openvino"})
    if others:
        return f"the classifier was fitted and judged with {others[0]}, so its answers in OpenVINO were never tested"
    return None if importlib.util.find_spec("openvino") else "OpenVINO is not installed"


def check_engine_choice(engine: str, files: ModelFiles) -> None:
    """Check an engine that was asked for by name.

    Raises:
        SettingError: there is no such engine.
        ClassifierError: it cannot run the classifier here.
    """
    if engine not in CHOICES:
        raise SettingError(f"unknown engine {str(engine)[:40]!r}; {nearest(str(engine)[:40], list(CHOICES))}")
    if engine != "openvino" or (reason := why_no_openvino(files)) is None:
        return
    if importlib.util.find_spec("openvino") is None:
        raise ClassifierError(f"{reason}; install it with: pip install openvino, or take the engine onnxruntime")
    raise ClassifierError(f"{reason}; take the engine auto or onnxruntime")
