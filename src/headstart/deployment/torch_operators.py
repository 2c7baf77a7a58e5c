"""Operators of ONNX as functions of PyTorch, for networks whose shapes are known: what converters of PyTorch are given.

Each takes the attributes of a node and its inputs: tensors, or NumPy arrays where they are constants.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch.nn import functional

Attributes = Mapping[str, Any]
Operator = Callable[..., Any]


def as_tensor(value: Any) -> torch.Tensor:
    """Return a value as a tensor."""
    return value if isinstance(value, torch.Tensor) else torch.from_numpy(np.array(value))


def to_ints(value: Any) -> list[int]:
    """Return a constant as whole numbers.

    Raises:
        NotImplementedError: it is computed from the item.
    """
    if isinstance(value, torch.Tensor):
        raise NotImplementedError("a shape that depends on the item")
    return [int(one) for one in np.atleast_1d(value)]


def _list_pads(
    attributes: Attributes, sizes: Sequence[int], kernel: Sequence[int], strides: Sequence[int]
) -> list[tuple[int, int]]:
    """Return the padding before and behind each axis of a window's."""
    dims, how = len(kernel), attributes.get("auto_pad", "NOTSET")
    if how in ("SAME_UPPER", "SAME_LOWER"):
        steps = attributes.get("dilations", [1] * dims)
        reach = [(size - 1) * step + 1 for size, step in zip(kernel, steps, strict=True)]
        each = zip(sizes, reach, strides, strict=True)
        missing = [max((-(-size // stride) - 1) * stride + width - size, 0) for size, width, stride in each]
        halves = [(one // 2, one - one // 2) for one in missing]
        return halves if how == "SAME_UPPER" else [(last, first) for first, last in halves]
    pads = attributes.get("pads", [0] * 2 * dims)
    return [(pads[axis], pads[axis + dims]) for axis in range(dims)]


def _pad_ends(x: torch.Tensor, ends: Sequence[tuple[int, int]], value: float = 0.0) -> torch.Tensor:
    """Return a tensor with its last axes padded; as it is where nothing is added."""
    flat = [pad for pair in reversed(ends) for pad in pair]
    return functional.pad(x, flat, value=value) if any(flat) else x


def _convolve(attributes: Attributes, x: torch.Tensor, weight: Any, bias: Any = None) -> torch.Tensor:
    weight = as_tensor(weight)
    dims = weight.ndim - 2
    strides = attributes.get("strides", [1] * dims)
    ends = _list_pads(attributes, x.shape[2:], weight.shape[2:], strides)
    even = all(first == last for first, last in ends)
    convolve: Any = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}[dims]
    found: torch.Tensor = convolve(
        x if even else _pad_ends(x, ends),
        weight,
        None if bias is None else as_tensor(bias),
        strides,
        [first for first, _ in ends] if even else 0,
        attributes.get("dilations", [1] * dims),
        attributes.get("group", 1),
    )
    return found


def _pool(attributes: Attributes, x: torch.Tensor, *, largest: bool) -> torch.Tensor:
    kernel = attributes["kernel_shape"]
    dims = len(kernel)
    strides, round_up = attributes.get("strides", [1] * dims), bool(attributes.get("ceil_mode", 0))
    ends = _list_pads(attributes, x.shape[2:], kernel, strides)
    if largest:
        pool: Any = {1: functional.max_pool1d, 2: functional.max_pool2d}[dims]
        padded = _pad_ends(x, ends, float("-inf"))
        return as_tensor(pool(padded, kernel, strides, 0, attributes.get("dilations", 1), round_up))
    if any(first != last for first, last in ends):
        raise NotImplementedError("an average over uneven padding")
    average: Any = {1: functional.avg_pool1d, 2: functional.avg_pool2d}[dims]
    counted = bool(attributes.get("count_include_pad", 0))
    return as_tensor(average(x, kernel, strides, [first for first, _ in ends], round_up, counted))


def _reduce(attributes: Attributes, x: torch.Tensor, axes: Any = None, *, how: Callable[..., Any]) -> torch.Tensor:
    given = attributes.get("axes") if axes is None else to_ints(axes)
    if given is None and attributes.get("noop_with_empty_axes"):
        return x
    places = tuple(given) if given is not None else tuple(range(x.ndim))
    return as_tensor(how(x, places, bool(attributes.get("keepdims", 1))))


def _clip(attributes: Attributes, x: torch.Tensor, low: Any = None, high: Any = None) -> torch.Tensor:
    bounds = [None if one is None else float(as_tensor(one)) for one in (low, high)]
    if bounds == [0.0, 6.0]:
        return functional.relu6(x)
    return torch.clamp(x, *bounds)


def _slice(attributes: Attributes, x: torch.Tensor, starts: Any, ends: Any, axes: Any = None, steps: Any = None) -> Any:
    first, last = to_ints(starts), to_ints(ends)
    places = list(range(len(first))) if axes is None else to_ints(axes)
    strides = [1] * len(first) if steps is None else to_ints(steps)
    index = [slice(None)] * x.ndim
    for axis, begin, end, step in zip(places, first, last, strides, strict=True):
        if step < 0:
            raise NotImplementedError("a slice that runs backwards")
        index[axis] = slice(begin, min(end, 2**31 - 1), step)
    return x[tuple(index)]


def _reshape(attributes: Attributes, x: torch.Tensor, shape: Any) -> torch.Tensor:
    wanted = to_ints(shape)
    return x.reshape([x.shape[axis] if size == 0 else size for axis, size in enumerate(wanted)])


def _squeeze(attributes: Attributes, x: torch.Tensor, axes: Any = None) -> torch.Tensor:
    given = attributes.get("axes") if axes is None else to_ints(axes)
    return x.squeeze() if given is None else x.squeeze(tuple(given))


def _unsqueeze(attributes: Attributes, x: torch.Tensor, axes: Any = None) -> torch.Tensor:
    given = attributes["axes"] if axes is None else to_ints(axes)
    for axis in sorted(axis % (x.ndim + len(given)) for axis in given):
        x = x.unsqueeze(axis)
    return x


def _split(attributes: Attributes, x: torch.Tensor, sizes: Any = None) -> Sequence[torch.Tensor]:
    axis = attributes.get("axis", 0)
    if sizes is not None or "split" in attributes:
        return torch.split(x, to_ints(sizes) if sizes is not None else list(attributes["split"]), axis)
    return torch.chunk(x, attributes["outputs"], axis)


def _gather(attributes: Attributes, x: Any, places: Any) -> torch.Tensor:
    x, places, axis = as_tensor(x), as_tensor(places), attributes.get("axis", 0)
    if axis == 0 and x.ndim == 2 and x.is_floating_point():
        return functional.embedding(places, x)
    found = x.index_select(axis, places.reshape(-1) % x.shape[axis])
    return found.reshape(*x.shape[:axis], *places.shape, *x.shape[axis:][1:])


def _gemm(attributes: Attributes, a: torch.Tensor, b: Any, c: Any = None) -> torch.Tensor:
    a, b = (a.T if attributes.get("transA") else a), as_tensor(b)
    found = attributes.get("alpha", 1.0) * (a @ (b.T if attributes.get("transB") else b))
    return found if c is None else found + attributes.get("beta", 1.0) * as_tensor(c)


def _pad(attributes: Attributes, x: Any, pads: Any = None, value: Any = None, axes: Any = None) -> torch.Tensor:
    widths = to_ints(pads) if pads is not None else list(attributes["pads"])
    places = list(range(x.ndim)) if axes is None else to_ints(axes)
    if attributes.get("mode", "constant") != "constant":
        raise NotImplementedError(f"padding by {attributes['mode']}")
    whole = [(0, 0)] * x.ndim
    for number, axis in enumerate(places):
        whole[axis] = widths[number], widths[number + len(places)]
    flat = [width for pair in reversed(whole) for width in pair]
    return functional.pad(x, flat, value=0.0 if value is None else float(as_tensor(value)))


def _normalise_layer(attributes: Attributes, x: torch.Tensor, scale: Any, bias: Any = None) -> torch.Tensor:
    shape = x.shape[attributes.get("axis", -1) :]
    shift = None if bias is None else as_tensor(bias)
    return functional.layer_norm(x, shape, as_tensor(scale), shift, attributes.get("epsilon", 1e-5))


def _normalise_batch(attributes: Attributes, x: torch.Tensor, *rest: Any) -> torch.Tensor:
    scale, bias, mean, variance = map(as_tensor, rest)
    return functional.batch_norm(x, mean, variance, scale, bias, False, 0.0, attributes.get("epsilon", 1e-5))


_FLOATS = dict.fromkeys((1, 10, 11), torch.float32)  #: all are computed in float32
DTYPES = {**_FLOATS, 2: torch.uint8, 6: torch.int32, 7: torch.int64, 9: torch.bool}  #: by their numbers in ONNX


def _cast(attributes: Attributes, x: Any) -> torch.Tensor:
    return as_tensor(x).to(DTYPES[attributes["to"]])


def _global_average(attributes: Attributes, x: torch.Tensor) -> torch.Tensor:
    return x.mean(dim=tuple(range(2, x.ndim)), keepdim=True)


def _flatten(attributes: Attributes, x: torch.Tensor) -> torch.Tensor:
    axis = attributes.get("axis", 1)
    return x.reshape(int(np.prod(x.shape[:axis])), -1)


def _norm(x: torch.Tensor, axes: tuple[int, ...], keep: bool) -> torch.Tensor:
    return x.square().sum(axes, keep).sqrt()


def _plain(function: Callable[..., Any]) -> Operator:
    return lambda attributes, *values: function(*map(as_tensor, values))


def _hard_sigmoid(attributes: Attributes, x: torch.Tensor) -> torch.Tensor:
    return torch.clamp(attributes.get("alpha", 0.2) * x + attributes.get("beta", 0.5), 0, 1)


def _gelu(attributes: Attributes, x: torch.Tensor) -> torch.Tensor:
    return functional.gelu(x, approximate=attributes.get("approximate", "none"))


OPERATORS: Mapping[str, Operator] = {
    "Add": _plain(torch.add),
    "Sub": _plain(torch.sub),
    "Mul": _plain(torch.mul),
    "Pow": _plain(torch.pow),
    "Max": _plain(torch.maximum),
    "Min": _plain(torch.minimum),
    "MatMul": _plain(torch.matmul),
    "Sqrt": _plain(torch.sqrt),
    "Exp": _plain(torch.exp),
    "Log": _plain(torch.log),
    "Abs": _plain(torch.abs),
    "Neg": _plain(torch.neg),
    "Erf": _plain(torch.erf),
    "Relu": _plain(torch.relu),
    "Tanh": _plain(torch.tanh),
    "Sigmoid": _plain(torch.sigmoid),
    "Reciprocal": _plain(torch.reciprocal),
    "Identity": _plain(lambda x: x),
    "HardSwish": _plain(functional.hardswish),
    "Where": _plain(torch.where),
    "Equal": _plain(torch.eq),
    "Greater": _plain(torch.gt),
    "Less": _plain(torch.lt),
    "Not": _plain(torch.logical_not),
    "And": _plain(torch.logical_and),
    "Div": _plain(torch.div),
    "LeakyRelu": lambda attributes, x: functional.leaky_relu(x, attributes.get("alpha", 0.01)),
    "HardSigmoid": _hard_sigmoid,
    "Gelu": _gelu,
    "Softmax": lambda attributes, x: torch.softmax(x, attributes.get("axis", -1)),
    "Transpose": lambda attributes, x: x.permute(attributes.get("perm", list(range(x.ndim))[::-1])),
    "Concat": lambda attributes, *values: torch.cat([as_tensor(one) for one in values], attributes["axis"]),
    "Expand": lambda attributes, x, shape: as_tensor(x).broadcast_to(torch.broadcast_shapes(x.shape, to_ints(shape))),
    "CumSum": lambda attributes, x, axis: torch.cumsum(x, to_ints(axis)[0]),
    "ReduceMean": lambda attributes, *values: _reduce(attributes, *values, how=torch.mean),
    "ReduceSum": lambda attributes, *values: _reduce(attributes, *values, how=torch.sum),
    "ReduceMax": lambda attributes, *values: _reduce(attributes, *values, how=torch.amax),
    "ReduceMin": lambda attributes, *values: _reduce(attributes, *values, how=torch.amin),
    "ReduceL2": lambda attributes, *values: _reduce(attributes, *values, how=_norm),
    "MaxPool": lambda attributes, x: _pool(attributes, x, largest=True),
    "AveragePool": lambda attributes, x: _pool(attributes, x, largest=False),
    "Conv": _convolve,
    "Clip": _clip,
    "Slice": _slice,
    "Reshape": _reshape,
    "Squeeze": _squeeze,
    "Pad": _pad,
    "Unsqueeze": _unsqueeze,
    "Split": _split,
    "Gather": _gather,
    "Gemm": _gemm,
    "Cast": _cast,
    "LayerNormalization": _normalise_layer,
    "BatchNormalization": _normalise_batch,
    "Flatten": _flatten,
    "GlobalAveragePool": _global_average,
}
