"""Predictions for a few items at a time, by one engine or both; each item is read and decoded once."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import numpy as np

from headstart_runtime.inference.batch_worker import SizedPredictor
from headstart_runtime.inference.graph_inputs import load_graph_inputs
from headstart_runtime.inference.graph_predictor import GraphPredictor
from headstart_runtime.inference.model_format import ModelRecord
from headstart_runtime.inference.postprocess import BatchPredictions
from headstart_runtime.inference.predictors import BatchPredictor, InferenceEngine
from headstart_runtime.modalities.batch import AnySpec, Part
from headstart_runtime.modalities.item import BrokenItem, OpenedItem

ByEngine = dict[InferenceEngine, BatchPredictions]  #: the prediction for one item by each engine, arrays of one row


@dataclass(frozen=True, slots=True)
class ItemPredictor:
    """A classifier's engines, or one of them, for items that are decoded once for both."""

    record: ModelRecord
    graph: GraphPredictor | None  #: ONNX Runtime
    batch: BatchPredictor | SizedPredictor | None  #: OpenVINO
    #: Gives what surrounds the work of an engine, decoding left out.
    clock: Callable[[InferenceEngine], AbstractContextManager[None]] = lambda _: nullcontext()

    def predict(
        self, items: Iterable[OpenedItem], engines: Sequence[Collection[InferenceEngine]]
    ) -> list[ByEngine | BrokenItem]:
        """Return for each item the prediction by each engine that is asked, or why the item cannot be read.

        Args:
            items: at most as many as the batch predictor takes; each is taken when the one before it is prepared, so
                that one is held decoded, whatever its size.
            engines: for each item those that predict it.
        """
        found: list[ByEngine | BrokenItem] = []
        rows: list[ByEngine] = []  #: of the items that go through OpenVINO
        parts: list[Mapping[AnySpec, Sequence[Part]]] = []  #: of these
        specs = tuple(dict.fromkeys(branch.spec for branch in self.record.branches))
        for item, asked in zip(items, engines, strict=True):
            try:
                prepared = item.load_for_specs(specs) if "openvino" in asked else None
                row = self._run_graph(item) if "onnxruntime" in asked else {}
            except BrokenItem as error:
                found.append(error)
            else:
                found.append(row)
                if prepared is not None:
                    rows.append(row)
                    parts.append(prepared)
            item.forget()
        if parts and self.batch is not None:
            with self.clock("openvino"):
                together = self.batch.predict(parts)
            for index, row in enumerate(rows):
                row["openvino"] = together.select(slice(index, index + 1))
        return [self._expect_numbers(answer) for answer in found]

    def _expect_numbers(self, answer: ByEngine | BrokenItem) -> ByEngine | BrokenItem:
        """Return an answer, or the error of an item for which an engine gives no numbers, as of damaged weights."""
        if isinstance(answer, BrokenItem):
            return answer
        name = self.record.task.answer
        if all(np.isfinite(one.outputs[name]).all() for one in answer.values()):
            return answer
        return BrokenItem("the classifier gives no numbers for it (NaN or infinite): its weights may be damaged")

    def _run_graph(self, item: OpenedItem) -> ByEngine:
        assert self.graph is not None
        inputs = load_graph_inputs(item, self.record)
        with self.clock("onnxruntime"):
            return {"onnxruntime": self.graph.predict(inputs)}


@contextmanager
def clock_engine(
    engine: InferenceEngine, timed: Callable[[InferenceEngine, float], None], threads: int = 1
) -> Iterator[None]:
    """Tell the seconds of what is done inside as an engine's, shared by threads that work at the same time."""
    began = time.perf_counter()
    yield
    timed(engine, (time.perf_counter() - began) / threads)
