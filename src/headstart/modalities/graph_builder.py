"""A builder of ONNX graphs: nodes in the order they run, and the constants they read."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper


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
