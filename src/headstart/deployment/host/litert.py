"""Answers of this classifier, in LiteRT; the head and what follows it run in NumPy.

pip install 'headstart-runtime[litert]'
python predict.py ITEM...       an answer for each, as a line of JSON
python predict.py --check       the golden items are answered as the saved classifier did
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from headstart_runtime.exported.command import main
from headstart_runtime.exported.host import Host, Steps
from headstart_runtime.modalities.item import ItemLike

FOLDER = Path(__file__).resolve().parent


class PartNetwork:
    """A network that takes one part of an item at a time, padded to the length that it was converted for."""

    def __init__(self, folder: Path, record: dict[str, Any]):
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter = Interpreter(model_content=(folder / record["file"]).read_bytes(), num_threads=2)
        self._run = self._interpreter.get_signature_runner()
        self._types = {name: one["dtype"] for name, one in self._run.get_input_details().items()}  # int64 became int32
        self._inputs: list[dict[str, Any]] = record["inputs"]
        self._outputs: dict[str, str] = record["outputs"]

    def run(self, tensors: dict[str, Any]) -> dict[str, Any]:
        """Return the features by name, (D,) each: the mean of those of all parts."""
        rows = []
        for part in range(len(tensors[self._inputs[0]["name"]])):
            given = {one["signature"]: self._pad(tensors[one["name"]][part], one) for one in self._inputs}
            found = self._run(**given)
            rows.append({name: np.array(found[own][0]) for name, own in self._outputs.items()})
        return {name: np.mean([row[name] for row in rows], axis=0, dtype=np.float32) for name in self._outputs}

    def _pad(self, part: Any, record: dict[str, Any]) -> Any:
        whole = np.zeros([1, *record["shape"]], self._types[record["signature"]])
        inside: Any = (0, *(slice(0, size) for size in part.shape))
        whole[inside] = part
        return whole


class Exported:
    """The exported classifier: ``start().answer("new.jpg").outputs``."""

    def __init__(self, folder: Path = FOLDER):
        self.host = Host(folder)  # the manifest and the SHA-256 of every file are checked here
        self.names = self.host.names
        self._networks = [PartNetwork(folder, one) for one in json.loads((folder / "networks.json").read_text("utf-8"))]

    def answer(self, item: ItemLike) -> Steps:
        """Return the outputs for an item: its path, the bytes of its file, or as ``headstart_runtime`` takes it."""
        opened = self.host.open(item)
        tensors = dict(self.host.load_tensors(opened))
        features: dict[str, Any] = {}
        for network in self._networks:
            features |= network.run(tensors)
        return Steps(self.host.apply_heads(features), {**self.host.decode(opened), **tensors, **features})


def start(folder: Path = FOLDER) -> Exported:
    """Return the exported classifier, ready to answer."""
    return Exported(folder)


if __name__ == "__main__":
    main(start, FOLDER)
