"""The saved classifier as a proof asks it: in ONNX Runtime, in float32, with every step of an item's way."""

from collections.abc import Sequence

from headstart.deployment.onnx_format import expose
from headstart_runtime.exported.host import Steps
from headstart_runtime.inference.classifier import Classifier
from headstart_runtime.inference.graph_inputs import load_graph_inputs
from headstart_runtime.libraries import start_onnxruntime
from headstart_runtime.modalities.given import open_item
from headstart_runtime.modalities.item import ItemLike


class Reference:
    """The graph of a saved classifier, of which the tensors inside are seen too."""

    def __init__(self, classifier: Classifier):
        self._record = classifier.record
        self._session = start_onnxruntime(expose(classifier.files.graph, self._record))
        self._outputs = [output.name for output in self._session.get_outputs()]

    @property
    def names(self) -> Sequence[str]:
        """The names of the outputs, as the classifier has them."""
        return self._record.space.names

    def answer(self, item: ItemLike) -> Steps:
        """Return an item's way to its answer.

        Raises:
            BrokenItem: it cannot be read or decoded.
        """
        inputs = load_graph_inputs(open_item(self._record.modality, item), self._record)
        return Steps(dict(zip(self._outputs, self._session.run(self._outputs, dict(inputs)), strict=True)), inputs)
