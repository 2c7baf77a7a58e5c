"""The record of a backbone: a pretrained network as a small record and an ONNX graph beside it.

The graph reads the tensors of the input spec, by their names, and gives every layer's pooled output, float32
(N, width), under the layer's name. Normalisation is inside. Engines run the graph, so a backbone that was converted
once is used without importing PyTorch.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from headstart_runtime.errors import BackboneError, nearest
from headstart_runtime.modalities.batch import AnySpec
from headstart_runtime.modalities.modality import read_spec
from headstart_runtime.modalities.spec_files import attach_files, list_contents

SCHEMA_VERSION = 3
GRAPH = "network.onnx"
RECORD = "backbone.json"
OPSET = 18  #: of all graphs: the first with an antialiased Resize, which the saved classifier's graph needs
PYTORCH_EXPORT = "pytorch"  #: the conversion of a network whose graph PyTorch's exporter wrote
INPUT = "input"  #: the boundary under which nothing lies


@dataclass(frozen=True, slots=True)
class Layer:
    """A named place in a backbone."""

    name: str  #: "stage1" ... "final", from the input to the last features before the pretrained classifier
    width: int  #: D of its pooled features
    tells_strangers: bool = False  #: whether items unlike all others are told by it better than by the layers above


@dataclass(frozen=True, slots=True)
class Backbone:
    """A pretrained network that is on this machine, ready to run."""

    name: str  #: as a user names it: "efficientnet_lite0", "timm:resnet50.a1_in1k", "timm:resnet18@weights.pth"
    architecture: str  #: timm's name of the architecture
    weights: str  #: where the weights come from, for a person
    weights_sha256: str
    licence: str  #: of the weights, an SPDX name in lower case, or "unknown"
    parameters: int
    layers: tuple[Layer, ...]  #: from the input upwards; the last is "final"
    spec: AnySpec  #: the ``InputSpec`` of its modality
    folder: Path  #: where ``network.onnx`` and this record lie
    conversion: str = PYTORCH_EXPORT  #: what made the graph, with its version where that is not PyTorch

    @property
    def graph(self) -> Path:
        """The ONNX graph, weights inside."""
        return self.folder / GRAPH

    def layer(self, name: str) -> Layer:
        """Return the layer of that name.

        Raises:
            BackboneError: there is none.
        """
        for layer in self.layers:
            if layer.name == name:
                return layer
        known = [layer.name for layer in self.layers]
        raise BackboneError(f"{self.name} has no layer {name!r}; {nearest(name, known)}")

    @property
    def fingerprint(self) -> str:
        """40 hexadecimal digits that change whenever the features would: weights, architecture, conversion, spec."""
        facts = [self.architecture, self.weights_sha256, self.spec.to_json()]
        if self.conversion != PYTORCH_EXPORT:
            facts.append(self.conversion)
        return hashlib.blake2b(json.dumps(facts, sort_keys=True).encode(), digest_size=20).hexdigest()

    def with_spec(self, spec: AnySpec) -> Self:
        """Return the same network for items that are prepared by another spec."""
        return replace(self, spec=spec)

    def to_json(self) -> dict[str, Any]:
        """Return a dict of plain values, without the folder: that is where it was read from."""
        record = asdict(replace(self, spec=None))
        del record["folder"]
        return {"schema_version": SCHEMA_VERSION, **record, "spec": self.spec.to_json()}

    @classmethod
    def from_json(cls, record: dict[str, Any], folder: Path) -> Self:
        """Return the backbone of a dict that ``to_json`` gave; the files of its spec are read in the folder.

        Raises:
            OSError: one of them is not there.
        """
        fields = {key: value for key, value in record.items() if key != "schema_version"}
        fields["layers"] = tuple(Layer(**layer) for layer in record["layers"])
        fields["spec"] = attach_files(read_spec(record["spec"]), lambda name, _: (folder / name).read_bytes())
        return cls(**fields, folder=folder)


def write_record(backbone: Backbone, folder: Path) -> None:
    """Write the record of a backbone into a folder, and beside it the files of its spec."""
    for name, content in list_contents(backbone.spec).items():
        (folder / name).write_bytes(content)
    (folder / RECORD).write_text(json.dumps(backbone.to_json(), indent=2), "utf-8")


def middle_stage(names: Sequence[str]) -> str:
    """Return the stage that training begins at unless one is named.

    Args:
        names: of all layers, from the input upwards; the last is "final".
    """
    stages = names[:-1]
    return stages[len(stages) // 2]
