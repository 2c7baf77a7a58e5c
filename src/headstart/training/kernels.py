"""Convolutions that train fast in bf16 on a CPU. They share their parameters with the modules they stand for.

PyTorch's own bf16 convolutions are fast forward and, for some shapes, 50 times slower backward. Here a pointwise
convolution is a matrix product over the channels, and a depthwise one goes backward through kernels that are fast:
to its input by a convolution of the gradient, to its filter in pieces of 3 x 3 taps.
"""

from typing import Any

import torch
from timm.layers import Conv2dSame
from torch import Tensor, fx, nn
from torch.nn import functional


class Pointwise(nn.Module):
    """A 1 x 1 convolution as a matrix product."""

    def __init__(self, conv: nn.Conv2d):
        super().__init__()
        self.weight, self.bias, self.stride = conv.weight, conv.bias, conv.stride

    def forward(self, values: Tensor) -> Tensor:
        """Return (N, D, H', W') with channels last from (N, C, H, W), likewise."""
        if self.stride != (1, 1):
            values = values[:, :, :: self.stride[0], :: self.stride[1]]
        rows = values.permute(0, 2, 3, 1)
        return functional.linear(rows, self.weight.flatten(1), self.bias).permute(0, 3, 1, 2)


class Depthwise(nn.Module):
    """A depthwise convolution with a square filter of odd size."""

    def __init__(self, conv: nn.Conv2d):
        super().__init__()
        self.weight, self.bias, self.stride = conv.weight, conv.bias, conv.stride[0]
        self.padding = 0 if isinstance(conv, Conv2dSame) else int(conv.padding[0])
        self.same = isinstance(conv, Conv2dSame)

    def forward(self, values: Tensor) -> Tensor:
        """Return (N, C, H', W') from (N, C, H, W), computed in bf16."""
        size, padding = self.weight.shape[-1], self.padding
        if self.same:
            values = _pad_same(values, size, self.stride)
        out: Tensor = _Depthwise.apply(values.to(torch.bfloat16), self.weight, self.stride, padding)
        return out if self.bias is None else out + self.bias.to(out.dtype).view(1, -1, 1, 1)


def _pad_same(values: Tensor, size: int, stride: int) -> Tensor:
    """TensorFlow's padding: as much as the last window needs, the odd one at the end."""
    lacks = [max((-(-edge // stride) - 1) * stride + size - edge, 0) for edge in values.shape[-2:]]
    (high, wide) = lacks
    return functional.pad(values, (wide // 2, wide - wide // 2, high // 2, high - high // 2))


class _Depthwise(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
        weight = weight.to(values.dtype)
        ctx.save_for_backward(values, weight)
        ctx.stride, ctx.padding = stride, padding
        return functional.conv2d(values, weight, stride=stride, padding=padding, groups=values.shape[1])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        values, weight = ctx.saved_tensors
        gradient = gradients[0].to(values.dtype).contiguous(memory_format=torch.channels_last)
        to_values = _to_input(gradient, values, weight, ctx.stride, ctx.padding) if ctx.needs_input_grad[0] else None
        to_weight = _to_filter(gradient, values, weight, ctx.stride, ctx.padding) if ctx.needs_input_grad[1] else None
        return to_values, to_weight, None, None


def _to_input(gradient: Tensor, values: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
    """The transposed convolution as a convolution of the gradient, with zeros between its numbers for a stride."""
    size, channels = weight.shape[-1], values.shape[1]
    if stride > 1:
        high, wide = (edge + 2 * padding - size + 1 for edge in values.shape[-2:])
        spread = gradient.new_zeros((len(values), high, wide, channels)).permute(0, 3, 1, 2)
        spread[
            :, :, : (gradient.shape[2] - 1) * stride + 1 : stride, : (gradient.shape[3] - 1) * stride + 1 : stride
        ] = gradient
        gradient = spread
    return functional.conv2d(gradient, weight.flip(2, 3), padding=size - 1 - padding, groups=channels)


def _to_filter(gradient: Tensor, values: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
    """OneDNN is fast for filters of 3 x 3; a larger one is put together from shifted ones of that size."""
    size = weight.shape[-1]
    if size == 3:
        return _of_filter(gradient, values, weight, stride, padding).float()
    values = functional.pad(values, (padding,) * 4)
    high, wide = ((edge - 1) * stride + 3 for edge in gradient.shape[-2:])
    result = torch.empty(weight.shape, dtype=torch.float32)
    small = weight[:, :, :3, :3].contiguous()
    starts = [*range(0, size - 3, 3), size - 3]
    for top in starts:
        for left in starts:
            window = values[:, :, top : top + high, left : left + wide].contiguous(memory_format=torch.channels_last)
            result[:, :, top : top + 3, left : left + 3] = _of_filter(gradient, window, small, stride, 0)
    return result


def _of_filter(gradient: Tensor, values: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
    only_filter = [False, True, False]
    _, of_filter, _ = torch.ops.aten.convolution_backward(
        gradient, values, weight, None, [stride] * 2, [padding] * 2, [1, 1], False, [0, 0], values.shape[1], only_filter
    )
    return of_filter


def accelerate_convolutions(module: fx.GraphModule) -> fx.GraphModule:
    """Return a copy of a graph with the fast kernels in place of the convolutions they suit; parameters are shared."""
    names = {}
    for name, child in module.named_modules():
        if getattr(child, "inplace", False):
            child.inplace = False  # the kernels give views, and changing a view in place copies it and its gradient
        if (kind := _kind(child)) is not None:
            names[name] = kind(child)
    graph = fx.Graph()
    graph.output(graph.graph_copy(module.graph, {}))
    fast = fx.GraphModule(module, graph)  # shares all modules, so new ones are put in by new names
    for node in fast.graph.nodes:
        if node.op == "call_module" and node.target in names:
            new = f"fast_{str(node.target).replace('.', '_')}"
            fast.add_module(new, names[node.target])
            node.target = new
    fast.recompile()
    return fast


def _kind(module: nn.Module) -> type[Pointwise] | type[Depthwise] | None:
    if type(module) not in (nn.Conv2d, Conv2dSame) or module.dilation != (1, 1) or module.padding_mode != "zeros":
        return None
    if module.kernel_size == (1, 1) and module.groups == 1 and module.padding in ((0, 0), 0):
        return Pointwise
    deep = module.groups == module.in_channels == module.out_channels and module.groups > 1
    high, wide = module.kernel_size
    square = high == wide and module.stride[0] == module.stride[1] and high % 2 == 1 and high >= 3
    padding = (0, 0) if isinstance(module, Conv2dSame) else module.padding
    usual = isinstance(padding, tuple) and len(set(padding)) == 1 and padding[0] < high
    return Depthwise if deep and square and usual else None
