import copy

import pytest
import torch
from timm.layers import BatchNormAct2d, StdConv2d
from torch import Tensor, fx, nn

from headstart.backbones.backbone import INPUT
from headstart.backbones.graph import extract_top
from headstart.training.folding import fold_batchnorm
from tests.training import tiny
from tests.training.conftest import Network


def norms(module: nn.Module) -> int:
    return sum(isinstance(child, nn.BatchNorm2d) for child in module.modules())


@pytest.mark.parametrize(
    ("architecture", "convolutions"),
    [
        ("resnet10t", 14),
        ("mobilenetv2_035", 52),
        ("efficientnet_lite0", 49),
        ("test_efficientnet", 13),
        ("test_byobnet", 14),
        ("convnext_atto", 0),
        pytest.param("inception_v3", 94, marks=pytest.mark.large),
        pytest.param("legacy_xception", 40, marks=pytest.mark.large),
    ],
)
def test_a_folded_network_is_the_same_function(architecture: str, convolutions: int, network: Network) -> None:
    traced = network(architecture)
    top = copy.deepcopy(extract_top(traced, INPUT))
    size = 96 if architecture != "inception_v3" else 160
    pixels = torch.randint(0, 256, (2, size, size, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    before = norms(top)
    with torch.inference_mode():
        plain = top(pixels)
    assert fold_batchnorm(top) == convolutions
    assert norms(top) == before - convolutions
    with torch.inference_mode():
        torch.testing.assert_close(top(pixels), plain, rtol=1e-4, atol=1e-4 * plain.abs().max().item())
    assert fold_batchnorm(top) == 0


def test_gradients_are_the_scaled_ones_of_the_unfolded_network() -> None:
    """Closed form: with w' = w s, dL/dw = s dL/dw', and the bias that folding made has the gradient of the shift."""
    traced = tiny.traced()
    plain = copy.deepcopy(extract_top(traced, INPUT)).requires_grad_(requires_grad=True)
    folded = copy.deepcopy(plain)
    assert fold_batchnorm(folded) == 4
    pixels = torch.randint(0, 256, (4, 16, 16, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    for module in (plain, folded):
        module(pixels).square().sum().backward()
    for conv, norm in (("stem", "stem_norm"), ("deep", "deep_norm"), ("point", "point_norm"), ("last", "last_norm")):
        batch = plain.get_submodule(norm)
        scale = (batch.weight / (batch.running_var + batch.eps).sqrt()).detach()
        own = folded.get_submodule(conv)
        torch.testing.assert_close(
            own.weight.grad * scale.view(-1, 1, 1, 1), plain.get_submodule(conv).weight.grad, rtol=1e-3, atol=1e-4
        )
        torch.testing.assert_close(own.bias.grad, batch.bias.grad, rtol=1e-3, atol=1e-4)
        assert own.weight.grad.abs().max() > 0
        assert isinstance(folded.get_submodule(norm), nn.Identity)


def test_a_frozen_filter_gets_a_frozen_bias() -> None:
    top = copy.deepcopy(extract_top(tiny.traced(), INPUT))
    fold_batchnorm(top)
    assert not any(value.requires_grad for value in top.parameters())


def test_a_bias_is_folded_too() -> None:
    module = graph_of(_Chain(nn.Conv2d(3, 4, 3, bias=True), nn.BatchNorm2d(4)))
    values = torch.randn(2, 3, 6, 6)
    plain = module(values)
    assert fold_batchnorm(module) == 1
    torch.testing.assert_close(module(values), plain, rtol=1e-5, atol=1e-5)


def test_activation_and_norm_without_weights() -> None:
    for norm in (BatchNormAct2d(4, act_layer=nn.SiLU), nn.BatchNorm2d(4, affine=False)):
        module = graph_of(_Chain(nn.Conv2d(3, 4, 3, bias=False), norm))
        values = torch.randn(2, 3, 6, 6)
        plain = module(values)
        assert fold_batchnorm(module) == 1
        torch.testing.assert_close(module(values), plain, rtol=1e-5, atol=1e-5)
        assert any(isinstance(child, nn.SiLU) for child in module.modules()) == isinstance(norm, BatchNormAct2d)


class _Chain(nn.Module):
    def __init__(self, conv: nn.Module, norm: nn.Module):
        super().__init__()
        self.conv, self.norm = conv, norm

    def forward(self, values: Tensor) -> Tensor:
        return self.norm(self.conv(values))


class _Twice(_Chain):
    """The same filter is used again, without the norm."""

    def forward(self, values: Tensor) -> Tensor:
        return self.norm(self.conv(values)) - self.conv(values.flip(3)).mean()


class _NormTwice(_Chain):
    """One norm for two convolutions."""

    def __init__(self, conv: nn.Module, norm: nn.Module):
        super().__init__(conv, norm)
        self.other = copy.deepcopy(conv)

    def forward(self, values: Tensor) -> Tensor:
        return self.norm(self.conv(values)) + self.norm(self.other(values).relu())


class _Shared(_Chain):
    """What the filter gives is also used before the norm."""

    def forward(self, values: Tensor) -> Tensor:
        inner = self.conv(values)
        return self.norm(inner) + inner


class _Apart(_Chain):
    """Something lies between filter and norm."""

    def forward(self, values: Tensor) -> Tensor:
        return self.norm(self.conv(values).relu())


class _Leaves(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return "." not in module_qualified_name


def graph_of(module: nn.Module) -> fx.GraphModule:
    torch.manual_seed(0)
    for child in module.modules():
        if isinstance(child, nn.BatchNorm2d) and child.running_mean is not None:
            child.running_mean.normal_()
            child.running_var.uniform_(0.5, 2)
            if child.affine:
                child.weight.data.uniform_(0.5, 2)
                child.bias.data.normal_()
    module.eval()
    return fx.GraphModule(module, _Leaves().trace(module)).eval()


@pytest.mark.parametrize("kind", [_Twice, _NormTwice, _Shared, _Apart])
def test_what_is_used_otherwise_is_left_alone(kind: type[_Chain]) -> None:
    module = graph_of(kind(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)))
    values = torch.randn(2, 3, 6, 6)
    plain = module(values)
    assert fold_batchnorm(module) == 0
    assert torch.equal(module(values), plain)


def test_standardised_filters_and_norms_without_statistics_are_left_alone() -> None:
    for conv, norm in (
        (StdConv2d(3, 4, 3), nn.BatchNorm2d(4)),
        (nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, track_running_stats=False)),
        (nn.ConvTranspose2d(3, 4, 3), nn.BatchNorm2d(4)),
    ):
        module = graph_of(_Chain(conv, norm))
        values = torch.randn(2, 3, 6, 6)
        plain = module(values)
        assert fold_batchnorm(module) == 0
        assert torch.equal(module(values), plain)
