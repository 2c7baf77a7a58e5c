import copy
from collections.abc import Sequence

import pytest
import torch
from timm.layers import Conv2dSame, StdConv2d
from torch import Tensor, fx, nn
from torch.nn import functional

from headstart.backbones.backbone import INPUT
from headstart.backbones.graph import extract_top
from headstart.training.folding import fold_batchnorm
from headstart.training.kernels import Depthwise, Pointwise, _kind, accelerate_convolutions
from tests.training import tiny
from tests.training.conftest import Network

SLACK = 2  #: times the error that rounding the inputs to bf16 makes by itself


def plain(conv: nn.Conv2d, values: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """What the convolution means, in the arithmetic of its arguments; TensorFlow's padding as its guide states it."""
    if isinstance(conv, Conv2dSame):
        edges = values.shape[-2:]
        lacks = [
            max((-(-edge // step) - 1) * step + size - edge, 0)
            for edge, step, size in zip(edges, conv.stride, conv.kernel_size, strict=True)
        ]
        high, wide = lacks
        values = functional.pad(values, (wide // 2, wide - wide // 2, high // 2, high - high // 2))
        return functional.conv2d(values, weight, bias, conv.stride, 0, 1, conv.groups)
    return functional.conv2d(values, weight, bias, conv.stride, conv.padding, 1, conv.groups)


def answers(run: object, conv: nn.Conv2d, values: Tensor, gradient: Tensor | None) -> list[Tensor]:
    """The output and the gradients to input, filter and bias, in float64."""
    leaf = values.detach().clone().requires_grad_(requires_grad=True)
    parameters = [value for value in (conv.weight, conv.bias) if value is not None]
    for value in parameters:
        value.grad = None
    out = run(leaf)
    out.backward(torch.ones_like(out) if gradient is None else gradient.to(out.dtype))
    return [out.detach().double(), leaf.grad.double(), *(value.grad.double() for value in parameters)]


def references(conv: nn.Conv2d, values: Tensor, gradient: Tensor, *, rounded: bool) -> list[Tensor]:
    """The same by plain float64 convolution, of exact arguments or of such as are rounded to bf16 first."""
    kept = copy.deepcopy(conv).double()
    given, back = values.double(), gradient.double()
    if rounded:
        given, back = given.bfloat16().double(), back.bfloat16().double()
        for value in kept.parameters():
            value.data = value.data.bfloat16().double()
    return answers(lambda leaf: plain(kept, leaf, kept.weight, kept.bias), kept, given, back)


def error(seen: Tensor, wanted: Tensor) -> float:
    return float((seen - wanted).norm() / wanted.norm())


def check(kernel: nn.Module, conv: nn.Conv2d, values: Tensor, *, bf16: bool) -> None:
    with torch.no_grad():
        shape = plain(conv, values, conv.weight, conv.bias).shape
    gradient = torch.randn(shape, generator=torch.Generator().manual_seed(1))

    def run(leaf: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            return kernel(leaf)

    exact = references(conv, values, gradient, rounded=False)
    by_rounding = references(conv, values, gradient, rounded=True)
    seen = answers(run, conv, values, gradient)
    assert len(seen) == len(exact) == 3 + (conv.bias is not None)
    for name, own, wanted, rounded in zip(("out", "input", "weight", "bias"), seen, exact, by_rounding, strict=False):
        assert own.shape == wanted.shape, name
        allowed = max(SLACK * error(rounded, wanted), 2**-8) if bf16 else 1e-5  # 2**-8: a step of bf16, relatively
        assert error(own, wanted) <= allowed, name
        assert error(torch.zeros_like(wanted), wanted) == 1  # a kernel that gives nothing would be seen


def maps(*shape: int) -> Tensor:
    values = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    return values.contiguous(memory_format=torch.channels_last)


def made(kind: type[nn.Conv2d], *arguments: int, **options: object) -> nn.Conv2d:
    torch.manual_seed(2)
    return kind(*arguments, **options).to(memory_format=torch.channels_last)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("bf16", [True, False])
def test_pointwise(stride: int, bias: bool, bf16: bool) -> None:
    for kind in (nn.Conv2d, Conv2dSame):
        conv = made(kind, 12, 20, 1, stride=stride, bias=bias)
        assert _kind(conv) is Pointwise
        for shape in ((3, 12, 9, 6), (2, 12, 1, 1)):
            check(Pointwise(conv), conv, maps(*shape), bf16=bf16)


def test_pointwise_of_other_strides_across_and_down() -> None:
    conv = made(nn.Conv2d, 4, 6, 1, stride=(2, 3))
    check(Pointwise(conv), conv, maps(2, 4, 9, 7), bf16=False)


PADDINGS = [(3, 0), (3, 1), (3, 2), (5, 0), (5, 2), (7, 0), (7, 3)]


@pytest.mark.parametrize(("size", "padding"), PADDINGS)
@pytest.mark.parametrize("stride", [1, 2])
def test_depthwise(size: int, padding: int, stride: int) -> None:
    for bias in (True, False):
        conv = made(nn.Conv2d, 8, 8, size, stride=stride, padding=padding, groups=8, bias=bias)
        assert _kind(conv) is Depthwise
        for edges in ((12, 9), (7, 8)):
            check(Depthwise(conv), conv, maps(3, 8, *edges), bf16=True)


@pytest.mark.parametrize("size", [3, 5, 7])
@pytest.mark.parametrize("stride", [1, 2])
def test_depthwise_with_tensorflows_padding(size: int, stride: int) -> None:
    conv = made(Conv2dSame, 8, 8, size, stride=stride, groups=8, bias=False)
    assert _kind(conv) is Depthwise
    for edges in ((12, 9), (7, 8), (3, 4)):
        check(Depthwise(conv), conv, maps(2, 8, *edges), bf16=True)


def test_more_padding_than_the_filter_is_wide_is_left_alone() -> None:
    conv = made(nn.Conv2d, 4, 4, 3, padding=4, groups=4)
    fast = accelerate_convolutions(fx.symbolic_trace(nn.Sequential(conv)))
    assert not any(isinstance(module, Depthwise) for module in fast.modules())


def test_a_gradient_is_made_only_where_it_is_asked_for() -> None:
    conv = made(nn.Conv2d, 4, 4, 5, padding=2, groups=4, bias=False)
    Depthwise(conv)(maps(2, 4, 6, 6)).sum().backward()  # the input asks for none
    assert conv.weight.grad is not None
    conv.weight.grad = None
    conv.weight.requires_grad_(requires_grad=False)
    leaf = maps(2, 4, 6, 6).requires_grad_()
    Depthwise(conv)(leaf).sum().backward()
    assert conv.weight.grad is None
    assert leaf.grad is not None


@pytest.mark.parametrize(
    "conv",
    [
        nn.Conv2d(8, 8, 3, padding=1),
        nn.Conv2d(8, 8, 3, padding=1, groups=4),
        nn.Conv2d(8, 16, 3, padding=1, groups=8),
        nn.Conv2d(8, 8, 3, padding=2, dilation=2, groups=8),
        nn.Conv2d(8, 8, (3, 5), padding=1, groups=8),
        nn.Conv2d(8, 8, 3, padding=(1, 2), groups=8),
        nn.Conv2d(8, 8, 3, stride=(1, 2), padding=1, groups=8),
        nn.Conv2d(8, 8, 4, groups=8),
        nn.Conv2d(8, 8, 3, padding="same", groups=8),
        nn.Conv2d(8, 8, 3, padding=1, groups=8, padding_mode="reflect"),
        nn.Conv2d(8, 8, 1, padding=1),
        nn.Conv2d(8, 8, 1, groups=2),
        nn.Conv2d(8, 8, 1, groups=8),
        StdConv2d(8, 8, 1),
        nn.Linear(8, 8),
    ],
    ids=str,
)
def test_others_are_left_alone(conv: nn.Module) -> None:
    assert _kind(conv) is None


def kinds(module: nn.Module) -> Sequence[type[nn.Module]]:
    return [type(child) for child in module.modules()]


def test_accelerated_shares_parameters_and_leaves_the_graph_alone() -> None:
    top = copy.deepcopy(extract_top(tiny.traced(), INPUT))
    fold_batchnorm(top)
    top.requires_grad_(requires_grad=True)
    names = [name for name, _ in top.named_modules()]
    code, before = top.code, {name: value.clone() for name, value in top.state_dict().items()}
    fast = accelerate_convolutions(top)
    assert [kinds(fast).count(kind) for kind in (Pointwise, Depthwise)] == [2, 1]  # "point" and "wide"; "deep"
    assert {id(value) for value in fast.parameters()} == {id(value) for value in top.parameters()}
    pixels = torch.randint(0, 256, (4, 16, 16, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    with torch.autocast("cpu", torch.bfloat16):
        fast(pixels).float().square().sum().backward()
    assert all(value.grad is not None for value in top.parameters())
    assert [name for name, _ in top.named_modules()] == names
    assert top.code == code
    assert all(torch.equal(value, before[name]) for name, value in top.state_dict().items())
    again = copy.deepcopy(top)
    assert torch.equal(again(pixels), top(pixels))
    assert {id(value) for value in again.parameters()}.isdisjoint(map(id, top.parameters()))
    with torch.no_grad():  # what trains the one trains the other
        top.get_parameter("point.weight").mul_(2)
        assert not torch.equal(again(pixels), top(pixels))
        with torch.autocast("cpu", torch.bfloat16):
            moved = fast(pixels).float()
        torch.testing.assert_close(moved, top(pixels), rtol=0.05, atol=0.05)


@pytest.mark.parametrize("architecture", ["efficientnet_lite0", "mobilenetv2_035", "convnext_atto"])
def test_an_accelerated_network_gives_the_same_features(architecture: str, network: Network) -> None:
    traced = network(architecture)
    top = extract_top(traced, traced.sections[-3].name)
    fast = accelerate_convolutions(top)
    assert {Pointwise, Depthwise} & set(kinds(fast))
    values = torch.randn(4, *traced.shape_at(traced.sections[-3].name), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        exact = top(values)
        with torch.autocast("cpu", torch.bfloat16):
            plainly, quickly = top(values).float(), fast(values).float()
    assert error(quickly, exact) <= 1.5 * error(plainly, exact) + 1e-3
    assert error(quickly, exact) > 0
