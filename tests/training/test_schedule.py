import math
from itertools import pairwise

import pytest
import torch
from torch import nn

from headstart.settings import TrainSettings
from headstart.training.network import ParameterGroup, TrainableTop, build_blank_head
from headstart.training.schedule import build_optimiser, peak_rate, rate_share, set_rate
from tests.training import tiny


def test_the_rate_rises_in_a_line_and_falls_along_a_cosine() -> None:
    shares = [rate_share(step, 100, 0.1) for step in range(100)]
    assert shares[0] == pytest.approx(0.01)
    assert shares[5] == pytest.approx(0.01 + 0.99 / 2)
    assert shares[10] == pytest.approx(1)
    assert shares[55] == pytest.approx(0.5)
    assert shares[40] == pytest.approx(0.75)  # cosine of 60 degrees is a half
    assert shares[99] == pytest.approx(0.5 * (1 + math.cos(math.pi * 89 / 90)))
    assert max(shares) == shares[10]
    assert all(a < b for a, b in pairwise(shares[:11]))
    assert all(a > b for a, b in pairwise(shares[10:]))


def test_the_fall_is_pytorchs_cosine() -> None:
    parameter = nn.Parameter(torch.zeros(1))
    sgd = torch.optim.SGD([parameter], lr=1.0)
    reference = torch.optim.lr_scheduler.CosineAnnealingLR(sgd, T_max=40)
    for step in range(10, 50):
        assert rate_share(step, 50, 0.2) == pytest.approx(sgd.param_groups[0]["lr"])
        sgd.step()
        reference.step()


@pytest.mark.parametrize(("steps", "warmup"), [(1, 0.0), (1, 0.9), (2, 0.1), (3, 0.9)])
def test_short_trainings_have_rates_too(steps: int, warmup: float) -> None:
    shares = [rate_share(step, steps, warmup) for step in range(steps)]
    assert all(0 < share <= 1 for share in shares)
    assert shares[0] == pytest.approx(0.01)  # one step of rise at least


def test_the_highest_rate() -> None:
    assert peak_rate(TrainSettings(), scratch=False) == 7e-4
    assert peak_rate(TrainSettings(optimiser="sgd"), scratch=False) == 5e-3
    assert peak_rate(TrainSettings(), scratch=True) == pytest.approx(2.8e-3)
    assert peak_rate(TrainSettings(rate=0.3), scratch=True) == 0.3


def groups() -> list[ParameterGroup]:
    return [
        ParameterGroup(depth, (nn.Parameter(torch.ones(2, 2)) if decayed else nn.Parameter(torch.ones(2)),), decayed)
        for depth in (0, 1, 3)
        for decayed in (False, True)
    ]


@pytest.mark.parametrize("kind", ["adamw", "sgd"])
def test_each_layer_has_its_share_of_the_rate(kind: str) -> None:
    made = build_optimiser(groups(), TrainSettings(optimiser=kind, layer_decay=0.5, weight_decay=0.1), scratch=False)
    set_rate(made, 0.8)
    assert [group["lr"] for group in made.param_groups] == pytest.approx([0.8, 0.8, 0.4, 0.4, 0.1, 0.1])
    assert [group["weight_decay"] for group in made.param_groups] == [0, 0.1] * 3
    scratch = build_optimiser(groups(), TrainSettings(optimiser=kind, layer_decay=0.5), scratch=True)
    assert [group["share"] for group in scratch.param_groups] == [1] * 6


def test_momentum_of_sgd() -> None:
    given = build_optimiser(groups(), TrainSettings(optimiser="sgd", momentum=0.7), scratch=False).param_groups[0]
    assert (given["momentum"], given["nesterov"]) == (0.7, True)
    none = build_optimiser(groups(), TrainSettings(optimiser="sgd", momentum=0), scratch=False).param_groups[0]
    assert (none["momentum"], none["nesterov"]) == (0, False)


def test_a_step_moves_layers_by_their_shares() -> None:
    """SGD without momentum moves a parameter by its rate times its gradient."""
    network = TrainableTop(
        tiny.traced(), "stage1", build_blank_head(tiny.WIDTH, 3), fold=True, precision="f32", device="cpu"
    )
    made = build_optimiser(
        network.groups(), TrainSettings(optimiser="sgd", momentum=0, weight_decay=0, layer_decay=0.5), scratch=False
    )
    set_rate(made, 0.125)
    before = {name: value.detach().clone() for name, value in network.named_parameters()}
    for value in network.parameters():
        value.grad = torch.ones_like(value)
    made.step()
    moved = {name: float((before[name] - value.detach()).mean()) for name, value in network.named_parameters()}

    for name, share in {
        "head.0.weight": 1,
        "head.0.bias": 1,
        "top.wide.weight": 1,
        "top.wide.bias": 1,
        "top.last.bias": 0.5,
        "top.deep.weight": 0.25,
    }.items():
        assert moved[name] == pytest.approx(0.125 * share, rel=1e-4), name


def test_adam_moves_a_weight_in_proportion_to_its_size() -> None:
    """Folded or not, large or small: the first step changes every weight by the same share of its size."""
    for fold in (True, False):
        network = TrainableTop(
            tiny.traced(), "stage1", build_blank_head(tiny.WIDTH, 3), fold=fold, precision="f32", device="cpu"
        )
        made = build_optimiser(network.groups(), TrainSettings(weight_decay=0, layer_decay=1), scratch=False)
        set_rate(made, 0.01)
        before = {name: value.detach().clone() for name, value in network.top.named_parameters() if value.ndim > 1}
        for value in network.parameters():
            value.grad = torch.randn(value.shape, generator=torch.Generator().manual_seed(0))
        made.step()
        after = dict(network.top.named_parameters())
        for name, value in before.items():
            moved = (after[name].detach() - value).square().mean().sqrt() / value.square().mean().sqrt()
            assert float(moved) == pytest.approx(0.1, rel=1e-3), name


def test_a_weight_of_zeros_moves_too() -> None:
    zero = nn.Parameter(torch.zeros(2, 2))
    made = build_optimiser([ParameterGroup(0, (zero,), decayed=True, size=0.0)], TrainSettings(), scratch=False)
    assert made.param_groups[0]["share"] == pytest.approx(0.01)
