"""Answers of this classifier, in OpenVINO.

pip install 'headstart-runtime[openvino]'
python predict.py ITEM...       an answer for each, as a line of JSON
python predict.py --check       the golden items are answered as the saved classifier did
"""

from pathlib import Path

import numpy as np

from headstart_runtime.exported.command import main
from headstart_runtime.exported.host import Host, Steps
from headstart_runtime.hardware import has_bf16
from headstart_runtime.libraries import import_openvino
from headstart_runtime.modalities.item import ItemLike

FOLDER = Path(__file__).resolve().parent


class Exported:
    """The exported classifier: ``start().answer("new.jpg").outputs``."""

    def __init__(self, folder: Path = FOLDER):
        self.host = Host(folder)  # the manifest and the SHA-256 of every file are checked here
        self.names = self.host.names
        precision = self.host.manifest.facts["precision"]
        self._half = precision in ("f16", "bf16")  # heads are then computed here, in float32
        hint = "bf16" if precision == "bf16" and has_bf16() else "f32"
        core = import_openvino().Core()
        # weights are read into memory, so that nothing depends on the folder later
        model = core.read_model((folder / "model.xml").read_bytes(), (folder / "model.bin").read_bytes())
        self._network = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": hint})
        self._inputs = [port.get_any_name() for port in self._network.inputs]

    def answer(self, item: ItemLike) -> Steps:
        """Return the outputs for an item: its path, the bytes of its file, or as ``headstart_runtime`` takes it."""
        opened = self.host.open(item)
        tensors = self.host.load_tensors(opened)
        found = self._network({name: tensors[name] for name in self._inputs})
        values = {name: np.array(value) for port, value in found.items() for name in port.get_names()}
        if self._half:
            features = {name: values[name].mean(axis=0) for name in self.host.features}
            values |= self.host.apply_heads(features)
        return Steps(values, {**self.host.decode(opened), **tensors})


def start(folder: Path = FOLDER) -> Exported:
    """Return the exported classifier, ready to answer."""
    return Exported(folder)


if __name__ == "__main__":
    main(start, FOLDER)
