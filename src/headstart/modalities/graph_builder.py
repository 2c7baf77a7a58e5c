"""A builder of ONNX graphs: nodes in the order they run, and the constants they read."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from headstart_runtime.linalg import FAR


@dataclass(frozen=True, slots=True)
class GraphBuilder:
    """A growing graph."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def node(self, kind: str, inputs: list[str], output: str, *more: str, **attributes: Any) -> str:
        """Add a node; return the name of its one output, or of the first of several, which is the node's too."""
        self.nodes.append(helper.make_node(kind, inputs, [output, *more], name=output, **attributes))
        return output

    def constant(self, name: str, value: Any, dtype: type[np.generic] = np.int64) -> str:
        """Add a constant; return its name."""
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def sigmoid(self, logits: str, output: str) -> str:
        """Add ``linalg.sigmoid`` of a tensor; ONNX Runtime's own node takes all below -18 for -18."""
        one, low, high = (
            self.constant(f"{output}/{name}", value, np.float32)
            for name, value in (("one", 1), ("low", -FAR), ("high", FAR))
        )
        opposite = self.node("Neg", [logits], f"{output}/opposite")
        near = self.node("Clip", [opposite, low, high], f"{output}/near")
        odds = self.node("Add", [self.node("Exp", [near], f"{output}/power"), one], f"{output}/odds")
        return self.node("Reciprocal", [odds], output)
