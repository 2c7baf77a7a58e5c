import copy

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from headstart.backbones.backbone import INPUT
from headstart.backbones.graph import TracedNetwork, extract_top, extract_trunk
from headstart.heads.head import Dense, Head
from headstart.training.network import TrainableTop, build_blank_head, build_head, collect_frozen_tensors
from headstart_runtime.hardware import ComputePrecision
from tests.training import tiny
from tests.training.conftest import Network


def trainable(
    traced: TracedNetwork,
    boundary: str,
    *,
    fold: bool = True,
    precision: ComputePrecision = "f32",
    head: nn.Sequential | None = None,
) -> TrainableTop:
    last = traced.sections[-1].shape[0]
    return TrainableTop(
        traced, boundary, head or build_blank_head(last, 3), fold=fold, precision=precision, device="cpu"
    )


def photos(count: int = 4) -> Tensor:
    return torch.randint(0, 256, (count, 16, 16, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def statistics(network: TrainableTop) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items() if "running_" in name or "num_" in name}


@pytest.mark.parametrize("fold", [True, False])
@pytest.mark.parametrize("boundary", [INPUT, "stage1", "stage2", "stage3"])
def test_groups_hold_every_parameter_once_at_its_depth(boundary: str, fold: bool) -> None:
    network = trainable(tiny.traced(), boundary, fold=fold)
    groups = network.groups()
    listed = [id(value) for group in groups for value in group.parameters]
    assert len(listed) == len(set(listed))
    assert set(listed) == {id(value) for value in network.parameters()}
    assert network.count() == sum(value.numel() for value in network.parameters())
    assert all(value.requires_grad for value in network.parameters())
    depths = {id(value): group.depth for group in groups for value in group.parameters}
    layers = {
        "stem": 3, "stem_norm": 3,
        "deep": 2, "deep_norm": 2, "point": 2, "point_norm": 2,
        "full": 1, "norm": 1, "last": 1, "last_norm": 1,
        "wide": 0,
    }  # fmt: skip
    for name, value in network.top.named_parameters():
        assert depths[id(value)] == layers[name.split(".")[0]], name
    assert all(depths[id(value)] == 0 for value in network.head.parameters())
    for group in groups:
        assert {value.ndim > 1 for value in group.parameters} == {group.decayed}


@pytest.mark.parametrize("architecture", ["efficientnet_lite0", "vit_tiny_patch16_224", "test_resnet"])
def test_groups_of_real_networks(architecture: str, network: Network) -> None:
    traced = network(architecture)
    own = trainable(traced, INPUT)
    groups = own.groups()
    assert sorted(id(value) for group in groups for value in group.parameters) == sorted(map(id, own.parameters()))
    named = {id(value): name for name, value in own.top.named_parameters()}
    for depth, part in enumerate(reversed(traced.sections)):
        listed = {
            named[id(value)] for it in groups if it.depth == depth for value in it.parameters if id(value) in named
        }
        modules = {tensor.rpartition(".")[0] for tensor in part.tensors}
        assert {name.rpartition(".")[0] for name in listed} <= modules
        assert len(listed) > 0 or part.parameters == 0


@pytest.mark.parametrize("precision", ["f32", "bf16"])
@pytest.mark.parametrize("fold", [True, False])
def test_logits_are_the_head_on_the_networks_features(precision: ComputePrecision, fold: bool) -> None:
    traced = tiny.traced()
    head = build_head(Head("logistic", (Dense(np.eye(tiny.WIDTH, 3, dtype=np.float32), np.ones(3, np.float32)),)))
    tolerance = 1e-5 if precision == "f32" else 0.03
    with torch.inference_mode():
        whole = traced.module(photos())[-1]
        for boundary in (INPUT, "stage1", "stage2", "stage3"):
            network = trainable(traced, boundary, fold=fold, precision=precision, head=copy.deepcopy(head)).eval()
            activations = photos() if boundary == INPUT else extract_trunk(traced, boundary)(photos()).bfloat16()
            exact = whole if boundary == INPUT else extract_top(traced, boundary)(activations.float())
            features = network.features(activations)
            assert features.dtype == torch.float32
            torch.testing.assert_close(features, exact, rtol=tolerance, atol=tolerance * whole.abs().max().item())
            assert torch.equal(network(activations), network.head(features))
            torch.testing.assert_close(network(activations), features[:, :3] + 1)


def test_it_owns_copies_and_leaves_the_network_alone() -> None:
    traced = tiny.traced()
    before = {name: value.clone() for name, value in traced.module.state_dict().items()}
    network = trainable(traced, "stage1", precision="bf16")
    assert {id(value) for value in network.parameters()}.isdisjoint(map(id, traced.module.parameters()))
    network.train()
    network(torch.rand(4, *traced.shape_at("stage1"))).square().sum().backward()
    with torch.no_grad():
        for value in network.parameters():
            value.add_(1)
    assert all(torch.equal(value, before[name]) for name, value in traced.module.state_dict().items())
    assert not any(value.requires_grad for value in traced.module.parameters())


@pytest.mark.parametrize("precision", ["f32", "bf16"])
def test_statistics_stay_where_they_are_frozen_even_if_they_cannot_be_folded(precision: ComputePrecision) -> None:
    network = trainable(tiny.traced(), "stage2", precision=precision).train()
    before = statistics(network)
    assert set(before) == {f"top.norm.{name}" for name in ("running_mean", "running_var", "num_batches_tracked")}
    for _ in range(2):
        network(torch.rand(4, 8, 8, 16))
        network.eval().train()
    after = statistics(network)
    assert all(torch.equal(value, after[name]) for name, value in before.items())


@pytest.mark.parametrize("precision", ["f32", "bf16"])
def test_statistics_move_where_they_are_updated(precision: ComputePrecision) -> None:
    """Second opinion: a tenth of the way to the batch's own mean, PyTorch's momentum."""
    traced = tiny.traced()
    network = trainable(traced, "stage2", fold=False, precision=precision).train()
    before = statistics(network)
    assert len(before) == 6
    values = torch.rand(64, 8, 8, 16)
    network(values)
    after = statistics(network)
    full = traced.module.get_submodule("full")
    with torch.no_grad():
        mean = full(values.permute(0, 3, 1, 2)).mean((0, 2, 3))
    expected = 0.9 * before["top.norm.running_mean"] + 0.1 * mean
    torch.testing.assert_close(after["top.norm.running_mean"], expected, rtol=0.01, atol=2e-3)
    assert not torch.equal(after["top.last_norm.running_var"], before["top.last_norm.running_var"])
    network.eval()
    settled = statistics(network)
    network(values)
    assert all(torch.equal(value, settled[name]) for name, value in statistics(network).items())


@pytest.mark.parametrize("precision", ["f32", "bf16"])
def test_dropout_works_in_training_only(precision: ComputePrecision) -> None:
    network = trainable(tiny.traced(dropout=0.5), "stage3", precision=precision)
    values = torch.rand(4, 4, 4, 16)
    network.train()
    assert not torch.equal(network.features(values), network.features(values))
    network.eval()
    assert torch.equal(network.features(values), network.features(values))


def heads() -> list[Head]:
    chance = np.random.default_rng(0)

    def dense(rows: int, columns: int) -> Dense:
        return Dense(
            chance.normal(size=(rows, columns)).astype(np.float32), chance.normal(size=columns).astype(np.float32)
        )

    return [Head("logistic", (dense(24, 3),)), Head("mlp", (dense(24, 7), dense(7, 3)))]


@pytest.mark.parametrize("head", heads(), ids=lambda head: head.kind)
def test_a_head_becomes_layers_and_a_head_again(head: Head) -> None:
    network = trainable(tiny.traced(), "stage3", head=build_head(head))
    again = network.fitted_head(head.kind)
    assert again.kind == head.kind
    assert len(again.layers) == len(head.layers)
    for own, given in zip(again.layers, head.layers, strict=True):
        np.testing.assert_array_equal(own.weight, given.weight)
        np.testing.assert_array_equal(own.bias, given.bias)
        assert own.weight.flags.c_contiguous
    features = np.random.default_rng(1).normal(size=(5, 24)).astype(np.float32)
    with torch.inference_mode():
        seen = network.head(torch.from_numpy(features)).numpy()
    np.testing.assert_allclose(seen, head.logits(features), rtol=1e-4, atol=1e-4)


def test_a_fitted_head_does_not_move_with_further_training() -> None:
    network = trainable(tiny.traced(), "stage3", head=build_head(heads()[0]))
    fitted = network.fitted_head("logistic")
    kept = [(layer.weight.copy(), layer.bias.copy()) for layer in fitted.layers]
    with torch.no_grad():
        for value in network.head.parameters():
            value.add_(1)
    for layer, (weight, bias) in zip(fitted.layers, kept, strict=True):
        np.testing.assert_array_equal(layer.weight, weight)
        np.testing.assert_array_equal(layer.bias, bias)


def test_a_blank_head_prefers_nothing() -> None:
    with torch.inference_mode():
        assert torch.equal(build_blank_head(5, 3)(torch.randn(4, 5)), torch.zeros(4, 3))


def test_frozen_tensors_are_what_lies_below_with_its_statistics() -> None:
    traced = tiny.traced()
    assert collect_frozen_tensors(traced, INPUT) == {}
    below = collect_frozen_tensors(traced, "stage1")
    state = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    assert set(below) == {"stem.weight", *(f"stem_norm.{name}" for name in state)}
    everything = collect_frozen_tensors(traced, "stage3")
    assert not any(name.startswith("wide") for name in everything)
    assert {"norm.running_var", "full.bias", "last.weight"} <= everything.keys()
