"""A TensorFlow Lite model as records: its tensors and its operators in the order that they run.

The numbers of fields and of operators are those of the schema, tensorflow/compiler/mlir/lite/schema/schema.fbs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.backbones.providers.tflite.flatbuffer import Table, read_root
from headstart_runtime.errors import BackboneError

MOST_BYTES = 2**31 - 1

#: Types of tensors by the schema's number.
_DTYPES = {0: "float32", 1: "float16", 2: "int32", 4: "int64", 6: "bool", 7: "int16", 9: "int8"}

#: Operators by the schema's number, with their options: name -> (number of the field, letter of its type, default).
_Option = tuple[int, str, float]
_PADDING, _ACTIVATION = (0, "b", 0), (3, "b", 0)
_CONVOLUTION: dict[str, _Option] = {
    "padding": _PADDING,
    "stride_w": (1, "i", 0),
    "stride_h": (2, "i", 0),
}
_POOL: dict[str, _Option] = {
    **_CONVOLUTION,
    "filter_w": (3, "i", 0),
    "filter_h": (4, "i", 0),
    "activation": (5, "b", 0),
}
_KEEP: dict[str, _Option] = {"keep_dims": (0, "?", 0)}
_OPERATORS: dict[int, tuple[str, dict[str, _Option]]] = {
    0: ("add", {"activation": (0, "b", 0)}),
    1: ("average_pool", _POOL),
    2: ("concatenation", {"axis": (0, "i", 0), "activation": (1, "b", 0)}),
    3: ("conv", {**_CONVOLUTION, "activation": _ACTIVATION, "dilation_w": (4, "i", 1), "dilation_h": (5, "i", 1)}),
    4: (
        "depthwise_conv",
        {**_CONVOLUTION, "activation": (4, "b", 0), "dilation_w": (5, "i", 1), "dilation_h": (6, "i", 1)},
    ),
    6: ("dequantize", {}),
    9: ("fully_connected", {"activation": (0, "b", 0), "keep_dims": (2, "?", 0)}),
    14: ("logistic", {}),
    17: ("max_pool", _POOL),
    18: ("mul", {"activation": (0, "b", 0)}),
    19: ("relu", {}),
    21: ("relu6", {}),
    22: ("reshape", {}),
    28: ("tanh", {}),
    34: ("pad", {}),
    36: ("gather", {"axis": (0, "i", 0)}),
    39: ("transpose", {}),
    40: ("mean", _KEEP),
    41: ("sub", {"activation": (0, "b", 0)}),
    42: ("div", {"activation": (0, "b", 0)}),
    43: ("squeeze", {}),
    47: ("exp", {}),
    55: ("maximum", {}),
    57: ("minimum", {}),
    70: ("expand_dims", {}),
    73: ("log", {}),
    74: ("sum", _KEEP),
    75: ("sqrt", {}),
    76: ("rsqrt", {}),
    82: ("reduce_max", _KEEP),
    92: ("square", {}),
    98: ("leaky_relu", {"alpha": (0, "f", 0)}),
    101: ("abs", {}),
    126: ("batch_matmul", {"adj_x": (0, "?", 0), "adj_y": (1, "?", 0)}),
}
ACTIVATIONS = {0: "", 1: "relu", 3: "relu6", 4: "tanh"}  #: fused into an operator, by the schema's number


@dataclass(frozen=True, slots=True)
class TfliteTensor:
    """A tensor of a model."""

    name: str
    shape: tuple[int, ...]  #: channels last; 1 where a length was left open
    dtype: str  #: NumPy's name
    values: NDArray[Any] | None  #: of a constant; read-only


@dataclass(frozen=True, slots=True)
class TfliteOperator:
    """An operator of a model."""

    kind: str  #: "conv", "max_pool"
    inputs: tuple[int, ...]  #: tensors, by index; -1 for one that is left out
    outputs: tuple[int, ...]
    options: Mapping[str, float]
    squeezed: tuple[int, ...] = ()  #: axes, of "squeeze"


@dataclass(frozen=True, slots=True)
class TfliteModel:
    """A model's first graph."""

    tensors: tuple[TfliteTensor, ...]
    operators: tuple[TfliteOperator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    def list_constants(self, kind: str, place: int) -> list[NDArray[Any]]:
        """Return the constants that the operators of a kind read at a place among their inputs, in order."""
        read = [self.tensors[one.inputs[place]].values for one in self.operators if one.kind == kind]
        return [values for values in read if values is not None]


def read_tflite(content: bytes) -> TfliteModel:
    """Read a model; only its first graph is looked at.

    Raises:
        BackboneError: it is no TensorFlow Lite file, a damaged one, or has operators or types that are not known here.
    """
    try:
        root = read_root(content, b"TFL3")
        return _read_graph(root, root.tables(2)[0])
    except (ValueError, IndexError, OverflowError) as error:
        raise BackboneError(f"not a TensorFlow Lite model that can be read ({error})") from None


def _read_graph(root: Table, graph: Table) -> TfliteModel:
    codes = [max(code.whole(0, "b"), code.whole(3, "i")) for code in root.tables(1)]
    buffers = root.tables(4)
    tensors = tuple(_read_tensor(table, buffers) for table in graph.tables(0))
    operators = tuple(_read_operator(table, codes) for table in graph.tables(3))
    inputs, outputs = (tuple(map(int, graph.array(field, "<i4"))) for field in (1, 2))
    for index in (*inputs, *outputs, *(place for one in operators for place in (*one.inputs, *one.outputs))):
        if not -1 <= index < len(tensors):
            raise ValueError(f"an operator reads tensor {index} of {len(tensors)}")
    return TfliteModel(tensors, operators, inputs, outputs)


def _read_tensor(table: Table, buffers: list[Table]) -> TfliteTensor:
    name, kind = table.text(3), table.whole(1, "b")
    shape = tuple(map(int, table.array(0, "<i4")))
    if kind not in _DTYPES:
        raise ValueError(f"tensor {name!r} has type {kind}; known are {', '.join(_DTYPES.values())}")
    content = buffers[table.whole(2, "I")].array(0, "u1").tobytes()
    values = None
    if content:
        values = np.frombuffer(content, np.dtype(_DTYPES[kind]).newbyteorder("<")).reshape(shape)
    return TfliteTensor(name, shape, _DTYPES[kind], values)


def _read_operator(table: Table, codes: list[int]) -> TfliteOperator:
    code = codes[table.whole(0, "I")]
    if code not in _OPERATORS:
        known = ", ".join(sorted(name for name, _ in _OPERATORS.values()))
        raise ValueError(f"it has the operator {code} of the schema; known are {known}")
    kind, fields = _OPERATORS[code]
    inputs, outputs = (tuple(map(int, table.array(field, "<i4"))) for field in (1, 2))
    options = table.table(4)
    found = {
        name: default if options is None else options.number(field, letter, default)
        for name, (field, letter, default) in fields.items()
    }
    squeezed = options.array(0, "<i4") if kind == "squeeze" and options is not None else ()
    return TfliteOperator(kind, inputs, outputs, found, tuple(map(int, squeezed)))
