"""The host's part of an exported classifier: items become tensors, outputs become answers.

The code in an export's folder, ``predict.py``, runs the network between the two; this does the rest, with the spec, the
thresholds and the names that the folder's manifest has.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from headstart_runtime.exported.manifest import read_manifest
from headstart_runtime.inference import model_format
from headstart_runtime.inference.files import ModelFiles
from headstart_runtime.inference.graph_inputs import collate_inputs, find_first_branches, load_graph_inputs
from headstart_runtime.inference.postprocess import BatchPredictions
from headstart_runtime.inference.predictors import FeaturePredictor
from headstart_runtime.modalities.batch import Batch
from headstart_runtime.modalities.given import open_item
from headstart_runtime.modalities.item import ItemLike, OpenedItem


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """One item's way through a classifier; what a way of running does not show is empty."""

    outputs: Mapping[str, NDArray[Any]]  #: by their names in the graph, without an axis for items
    #: What else there is to see, by name: the decoded item ("image", "waveform"), the tensors that networks read, parts
    #: first ("pixels", "input_ids"), the features of each branch ("features", "features.1"), (D,) or (P, D).
    seen: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    seconds: float | None = None  #: that it took, where more than that was done for a proof's sake


class ExportRunner(Protocol):
    """A running export: answers items from the bytes of files by the code and the files in its folder."""

    @property
    def names(self) -> Sequence[str]:
        """The names of the outputs, as the export has them."""

    def answer(self, item: ItemLike) -> Steps:
        """Return an item's way to its answer.

        Raises:
            BrokenItem: it cannot be read or decoded.
        """


class Host:
    """All that surrounds the network of an export."""

    def __init__(self, folder: Path):
        """Read the manifest of a folder, and check its files.

        Raises:
            ClassifierError: a file is missing or not the one that was exported.
        """
        self.folder = folder
        self.manifest = read_manifest(folder)
        self.record = self.manifest.record
        self.names = self.manifest.names
        self._specs = [branch.spec for branch in self.record.branches]
        #: Names of the features of each branch.
        self.features = [model_format.features_name(index) for index in range(len(self._specs))]
        self._heads: FeaturePredictor | None = None  #: once it was asked for

    def open(self, item: ItemLike) -> OpenedItem:
        """Return an item as a caller gives it, such as a path or the bytes of a file; nothing is read yet."""
        return open_item(self.record.modality, item)

    def decode(self, item: OpenedItem) -> Batch:
        """Return the decoded item as ``model.onnx`` reads it; {} where that reads tensors."""
        graph = self.record.modality.graph
        return {} if graph is None else graph.feed(item.load(self.record.spec))

    def load_graph_inputs(self, item: OpenedItem) -> Batch:
        """Return what ``model.onnx`` reads: the decoded item, or tensors where the host prepares it."""
        return load_graph_inputs(item, self.record)

    def load_tensors(self, item: OpenedItem) -> Batch:
        """Return the tensors that the networks read, parts first, by the names of the first branch of each spec."""
        return collate_inputs(
            self.record.modality, item.load_for_specs(list(find_first_branches(self._specs))), self._specs
        )

    def apply_heads(self, features: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return outputs by name from the features of each branch, by name, float32 (D,): heads, calibration, novelty.

        Raises:
            ClassifierError: the folder has no heads, or others than the manifest's.
        """
        if self._heads is None:
            novelty = self.folder / model_format.NOVELTY_ARRAYS if self.record.novelty is not None else None
            head = (self.folder / model_format.HEAD).read_bytes()
            files = ModelFiles(self.record, b"", head, None if novelty is None else novelty.read_bytes())
            self._heads = FeaturePredictor(files)
        rows = [np.asarray(features[name])[None] for name in self.features]
        found = self._heads.predict(rows)
        outputs = {name: values[0] for name, values in found.outputs.items()}
        if found.novelty is not None:
            outputs[model_format.NOVELTY] = found.novelty[0]
            outputs[model_format.OUT_OF_DISTRIBUTION] = found.out_of_distribution[0]
        return outputs

    def describe(self, item: OpenedItem, steps: Steps) -> dict[str, Any]:
        """Return the answer for an item as plain values: label, probabilities, prediction set, novelty."""
        (answer,) = self.record.task.make_predictions([item], to_batch(steps.outputs), self.record.space)
        return dict(answer.to_json())


def to_batch(outputs: Mapping[str, NDArray[Any]]) -> BatchPredictions:
    """Return the outputs of one item as predictions of one row."""
    rows = {name: np.asarray(value)[None] for name, value in outputs.items()}
    rows.pop(model_format.OUT_OF_DISTRIBUTION, None)
    return BatchPredictions(rows, rows.pop(model_format.NOVELTY, None))
