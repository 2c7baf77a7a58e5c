"""One item through a classifier's whole graph in ONNX Runtime."""

from headstart_runtime.errors import ClassifierError, refuse_machine_faults
from headstart_runtime.inference import model_format
from headstart_runtime.inference.files import ModelFiles
from headstart_runtime.inference.postprocess import BatchPredictions
from headstart_runtime.libraries import start_onnxruntime
from headstart_runtime.modalities.batch import Batch


class GraphPredictor:
    """A session of ONNX Runtime with ``model.onnx``, loaded from memory."""

    def __init__(self, files: ModelFiles, threads: int = 0):
        """Load the graph.

        Args:
            files: of the classifier.
            threads: that work on one item; 0 stands for all cores. One, where several items are asked at a time: two
                at a time took a third less than one after the other on two cores.

        Raises:
            ClassifierError: ONNX Runtime cannot load it, or it has not as many outputs as the record.
        """
        try:
            self._session = start_onnxruntime(files.graph, threads=threads)
        except Exception as error:  # its errors have no common base
            refuse_machine_faults(error, f"to load {model_format.GRAPH}")
            raise ClassifierError(
                f"{model_format.GRAPH} does not load in ONNX Runtime: {' '.join(str(error).split())[:300]}"
            ) from error
        outputs = self._session.get_outputs()
        self._names = [output.name for output in outputs]
        task = files.record.task
        shape = next((output.shape for output in outputs if output.name == task.answer), None)
        wanted = len(files.record.space)
        if shape != [wanted]:
            raise ClassifierError(
                f"{model_format.GRAPH} gives {task.answer} of shape {shape}, {model_format.RECORD} names {wanted}; "
                "copy the whole model folder again"
            )

    def predict(self, inputs: Batch) -> BatchPredictions:
        """Return the prediction for one item, as arrays of one row.

        Args:
            inputs: what the graph reads, see ``load_graph_inputs``.
        """
        values = self._session.run(self._names, dict(inputs))
        rows = {name: value[None] for name, value in zip(self._names, values, strict=True)}
        novelty = rows.pop(model_format.NOVELTY, None)
        rows.pop(model_format.OUT_OF_DISTRIBUTION, None)
        return BatchPredictions(rows, novelty)
