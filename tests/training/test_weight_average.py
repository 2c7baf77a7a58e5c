import pytest
import torch
from torch import nn

from headstart.training.weight_average import FAR, NEAR, WeightAverage


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


def moved(net: nn.Module, step: int) -> None:
    generator = torch.Generator().manual_seed(step)
    with torch.no_grad():
        for value in net.parameters():
            value.copy_(torch.randn(value.shape, generator=generator))


@pytest.mark.parametrize("n", [NEAR, FAR])
@pytest.mark.parametrize("decay", [0.05, 0.5, 0.999])
def test_the_mean_after_some_steps_is_the_weighted_sum(decay: float, n: int) -> None:
    """Closed form: weights w_0 ... w_k with shares (1 - d_i) times the product of the later d."""
    net = network()
    average = WeightAverage(net, decay, n)
    seen = [[value.detach().double().clone() for value in net.parameters()]]
    for step in range(1, 31):
        moved(net, step)
        average.update()
        seen.append([value.detach().double().clone() for value in net.parameters()])
    decays = [min(decay, 1 - (n + 1) / (step + n)) for step in range(1, 31)]
    shares = torch.ones(31, dtype=torch.float64)
    for step, own in enumerate(decays, 1):
        shares[:step] *= own
        shares[step] = 1 - own
    assert float(shares.sum()) == pytest.approx(1)
    names = [name for name, _ in net.named_parameters()]
    for index, name in enumerate(names):
        expected = sum(share * weights[index] for share, weights in zip(shares, seen, strict=True))
        torch.testing.assert_close(average.tensors[name].double(), expected, rtol=1e-5, atol=1e-5)
    assert int(average.tensors["steps"]) == 30


def test_without_a_limit_each_step_weighs_as_its_number() -> None:
    net = network()
    average = WeightAverage(net, 0.999)
    seen = []
    for step in range(1, 21):
        moved(net, step)
        average.update()
        seen.append(net[0].weight.detach().double().clone())
    numbers = torch.arange(1, 21, dtype=torch.float64)
    expected = (torch.stack(seen) * numbers.view(-1, 1, 1)).sum(0) / numbers.sum()
    torch.testing.assert_close(average.tensors["0.weight"].double(), expected, rtol=1e-5, atol=1e-6)


def test_applied_puts_the_mean_in_and_the_weights_back() -> None:
    net = network()
    average = WeightAverage(net, 0.9)
    for step in (1, 2):
        moved(net, step)
        average.update()
    net[1].running_mean.fill_(7)
    own = {name: value.clone() for name, value in net.state_dict().items()}
    mean = {name: value.clone() for name, value in average.tensors.items()}
    with average.applied():
        for name, value in net.named_parameters():
            assert torch.equal(value, mean[name])
            assert not torch.equal(value, own[name])
        assert torch.equal(net[1].running_mean, own["1.running_mean"])
    assert all(torch.equal(value, own[name]) for name, value in net.state_dict().items())
    with pytest.raises(ValueError, match="within"), average.applied():
        raise ValueError("within")
    assert all(torch.equal(value, own[name]) for name, value in net.state_dict().items())
    assert all(torch.equal(value, mean[name]) for name, value in average.tensors.items())


def test_gradients_are_recorded_as_before_after_applied() -> None:
    net = network()
    average = WeightAverage(net, 0.9)
    with average.applied():
        pass
    net.eval()(torch.ones(2, 3)).sum().backward()
    assert all(value.grad is not None for value in net.parameters())


def test_no_decay_does_nothing() -> None:
    net = network()
    average = WeightAverage(net, 0.0)
    own = {name: value.clone() for name, value in net.state_dict().items()}
    average.update()
    assert average.tensors == {}
    average.load({})
    with average.applied():
        assert all(torch.equal(value, own[name]) for name, value in net.state_dict().items())
    assert all(torch.equal(value, own[name]) for name, value in net.state_dict().items())


def test_it_goes_on_from_its_tensors() -> None:
    first, second = network(), network()
    one = WeightAverage(first, 0.9)
    for step in (1, 2, 3):
        moved(first, step)
        one.update()
    other = WeightAverage(second, 0.9)
    other.load({name: value.clone() for name, value in one.tensors.items()})
    for net, average in ((first, one), (second, other)):
        moved(net, 4)
        average.update()
    assert all(torch.equal(value, other.tensors[name]) for name, value in one.tensors.items())
