"""Answers of this classifier, in ONNX Runtime.

pip install headstart-runtime
python predict.py ITEM...       an answer for each, as a line of JSON
python predict.py --check       the golden items are answered as the saved classifier did
"""

from pathlib import Path

from headstart_runtime.exported.command import main
from headstart_runtime.exported.host import Host, Steps
from headstart_runtime.libraries import start_onnxruntime
from headstart_runtime.modalities.item import ItemLike

FOLDER = Path(__file__).resolve().parent


class Exported:
    """The exported classifier: ``start().answer("new.jpg").outputs``."""

    def __init__(self, folder: Path = FOLDER, graph: bytes | None = None):
        self.host = Host(folder)  # the manifest and the SHA-256 of every file are checked here
        self.names = self.host.names
        self._session = start_onnxruntime(graph or folder / "model.onnx")
        self._outputs = [output.name for output in self._session.get_outputs()]

    def answer(self, item: ItemLike) -> Steps:
        """Return the outputs for an item: its path, the bytes of its file, or as ``headstart_runtime`` takes it."""
        inputs = self.host.load_graph_inputs(self.host.open(item))
        values = self._session.run(self._outputs, dict(inputs))
        return Steps(dict(zip(self._outputs, values, strict=True)), inputs)


def start(folder: Path = FOLDER, graph: bytes | None = None) -> Exported:
    """Return the exported classifier, ready to answer.

    Args:
        folder: of the export.
        graph: the bytes of a graph to run in place of ``model.onnx``, such as one with more outputs.
    """
    return Exported(folder, graph)


if __name__ == "__main__":
    main(start, FOLDER)
