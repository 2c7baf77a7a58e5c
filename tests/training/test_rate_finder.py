"""The range test: what it sees, what it suggests, and that it leaves nothing behind."""

import json
from collections.abc import Iterator
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from headstart.settings import TrainSettings
from headstart.tasks.classification.objective import ClassObjective
from headstart.training.loop import Trainer
from headstart.training.network import ParameterGroup
from headstart.training.plan import TrainingPlan
from headstart.training.rate_finder import BLOWN, SCORED, STEPS, RateCurve, count_sweep_samples, find_rate, suggest_rate
from headstart.training.windows import make_windows
from headstart_runtime.errors import TrainingError
from headstart_runtime.tasks.task import get_task

CLASSES, WIDTH = 3, 6


class Small(nn.Module):
    """A network with all that a sweep could leave traces in: weights, statistics, dropout."""

    device = torch.device("cpu")

    def __init__(self, dropout: float = 0.2):
        super().__init__()
        torch.manual_seed(1)
        self.body = nn.Sequential(nn.Linear(WIDTH, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(dropout))
        self.head = nn.Linear(8, CLASSES)

    def forward(self, activations: Tensor) -> Tensor:
        return self.head(self.body(activations))

    def groups(self) -> list[ParameterGroup]:
        return [ParameterGroup(0, tuple(self.parameters()), decayed=False)]


class Rows:
    """Points in three clouds."""

    lengths = None

    def __init__(self, count: int = 40, seed: int = 0):
        chance = np.random.default_rng(seed)
        self.targets: NDArray[np.int64] = np.arange(count) % CLASSES
        centres = 1.5 * chance.normal(size=(CLASSES, WIDTH))
        self.rows = (centres[self.targets] + chance.normal(size=(count, WIDTH))).astype(np.float32)

    def batches(self, epoch: int, order: NDArray[np.int64], size: int) -> Iterator[Tensor]:
        for start in range(0, len(order), size):
            yield torch.from_numpy(self.rows[order[start : start + size]])


def plan(seed: int = 0, **settings: object) -> TrainingPlan:
    knobs = {"batch_size": 16, "epochs": 3, "ema": 0.0, **settings}
    settings = TrainSettings(**knobs)
    objective = ClassObjective(np.array([0.5, 1.0, 1.5], np.float32), 0.1, "cpu")
    return TrainingPlan(settings, seed, objective, get_task("classification").measure)


def test_the_network_is_left_bit_for_bit() -> None:
    network = Small().eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    drawn = torch.get_rng_state()
    curve = find_rate(network, Rows(), plan())
    assert max(curve.rates) > 0.01  # far enough to have changed it
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert torch.equal(torch.get_rng_state(), drawn)
    assert not network.training
    assert all(parameter.grad is None for parameter in network.parameters())


def test_a_training_after_it_ends_as_without_it() -> None:
    swept, plain = Small(), Small()
    find_rate(swept, Rows(), plan())
    ends = [Trainer(network, Rows(), Rows(seed=1), plan()).run() for network in (swept, plain)]
    assert [replace(it, seconds=0.0) for it in ends[0]] == [replace(it, seconds=0.0) for it in ends[1]]
    for ours, theirs in zip(swept.state_dict().values(), plain.state_dict().values(), strict=True):
        assert torch.equal(ours, theirs)


class Maps(Rows):
    """The same points as maps of 8 x 8, which say where they begin."""

    def batches(self, epoch: int, order: NDArray[np.int64], size: int) -> Iterator[Tensor]:
        for batch in super().batches(epoch, order, size):
            yield batch[:, None, None, :].expand(-1, 8, 8, -1)


class Seeing(Small):
    """Pools over a map of any size, and remembers the sizes."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[int, ...]] = []

    def forward(self, activations: Tensor) -> Tensor:
        if self.training:
            self.seen.append(tuple(activations.shape[1:3]))
        return super().forward(activations.mean((1, 2)))


def test_it_sweeps_over_what_the_training_sees() -> None:
    """Windows of maps where steps train on windows: the rate would be that of another training otherwise."""
    windows = make_windows((8, 8, WIDTH), 0.5)
    swept, trained = Seeing(), Seeing()
    find_rate(swept, Maps(), replace(plan(), windows=windows))
    Trainer(trained, Maps(), Maps(seed=1), replace(plan(epochs=6), windows=windows)).run()
    assert set(trained.seen) <= set(swept.seen) == {(edge, edge) for edge in windows.edges}
    assert len(set(trained.seen)) > 2
    whole = Seeing()
    find_rate(whole, Maps(), plan())
    assert set(whole.seen) == {(8, 8)}


def test_the_seed_decides() -> None:
    first = find_rate(Small(), Rows(), plan())
    assert find_rate(Small(), Rows(), plan()) == first
    assert find_rate(Small(), Rows(), plan(seed=1)).losses != first.losses


def test_the_first_loss_is_what_the_training_minimises() -> None:
    """By NumPy: smoothed labels, weighted classes, all photos in one batch, after a step that is next to nothing."""
    network, rows = Small(dropout=0.0), Rows(SCORED)
    with torch.no_grad():
        network.train()(torch.from_numpy(rows.rows))  # BatchNorm's statistics
        logits = network.eval()(torch.from_numpy(rows.rows)).double().numpy()
    network = Small(dropout=0.0)
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    targets = np.eye(CLASSES)[rows.targets] * 0.9 + 0.1 / CLASSES
    wanted = -(targets * logs * [0.5, 1.0, 1.5]).sum(axis=1).mean()
    curve = find_rate(network, rows, plan(batch_size=len(rows.targets)))
    assert curve.losses[0] == pytest.approx(wanted, rel=1e-4)


class Sized(Seeing):
    """Is the surer of its answers the larger the map."""

    def forward(self, activations: Tensor) -> Tensor:
        return activations.shape[1] ** 2 * super().forward(activations)


def test_the_loss_moves_with_the_weights_and_not_with_the_windows() -> None:
    windows = make_windows((8, 8, WIDTH), 0.25)
    network = Sized()
    network.body[1] = nn.Identity()
    curve = find_rate(network, Maps(), replace(plan(), windows=windows))
    assert len(set(network.seen)) > 4
    assert np.ptp(curve.losses[:8]) < 0.02 * curve.losses[0]  # the rate is next to nothing


@pytest.mark.parametrize(("optimiser", "most"), [("adamw", 7e-4), ("sgd", 5e-3)])
def test_no_more_is_suggested_than_the_default(optimiser: str, most: float) -> None:
    """A loss that is flat to the end, for each step moves next to nothing."""
    settings = plan(optimiser=optimiser, clip=1e-12, momentum=0)
    assert find_rate(Small(), Rows(), settings).suggestion <= most
    assert find_rate(Small(), Rows(), plan(optimiser="sgd", clip=1e-12, momentum=0)).suggestion == 5e-3


def test_it_ends_where_the_loss_blows_up() -> None:
    network, rows = Small(), Rows()
    network.body[1] = nn.Identity()
    rows.rows *= 20
    curve = find_rate(network, rows, plan(optimiser="sgd", clip=0))
    assert curve.stopped
    assert len(curve.rates) == len(curve.losses) < STEPS
    assert curve.losses[-1] > BLOWN * min(curve.losses)
    assert all(loss <= BLOWN * min(curve.losses[: at + 1]) for at, loss in enumerate(curve.losses[:-1]))


def test_a_loss_that_never_blows_up_is_followed_to_the_end() -> None:
    curve = find_rate(Small(), Rows(), plan(clip=1e-12, optimiser="sgd", momentum=0))
    assert not curve.stopped
    assert len(curve.rates) == STEPS
    assert curve.rates[0] == pytest.approx(1e-6)
    assert curve.rates[-1] == pytest.approx(1)
    np.testing.assert_allclose(np.diff(np.log(curve.rates)), np.log(1e6) / (STEPS - 1))


@pytest.mark.parametrize("optimiser", ["adamw", "sgd"])
def test_the_suggestion_trains_better_than_rates_far_from_it(optimiser: str) -> None:
    """A network of random weights takes more than the default, which is for pretrained ones."""
    curve = find_rate(Small(), Rows(), plan(optimiser=optimiser))
    found = suggest_rate(list(curve.rates), list(curve.losses))

    def loss(rate: float) -> float:
        settings = plan(optimiser=optimiser, rate=rate, epochs=5, clip=0)
        return Trainer(Small(), Rows(), Rows(), settings).run()[-1].validation_loss

    assert loss(found) < loss(found / 300)
    assert loss(found) < loss(min(10.0, found * 300))


def test_what_is_suggested() -> None:
    rates = [1e-4, 1e-3, 1e-2, 1e-1, 1.0]
    assert suggest_rate(rates, [3.0, 2.0, 1.0, 1.5, 9.0]) == pytest.approx(1e-3)
    assert suggest_rate(rates, [1.0, 1.01, 1.015, 1.019, 9.0]) == pytest.approx(1e-2)  # flat: just before it rises
    assert suggest_rate(rates, [1.0, 2.0, 3.0, 4.0, 5.0]) == 1e-4  # never below the first


def test_a_loss_that_is_none_to_begin_with() -> None:
    rows = Rows()
    rows.rows[:] = np.nan
    with pytest.raises(TrainingError, match="not a number before the first step"):
        find_rate(Small(), rows, plan())


def test_through_json() -> None:
    curve = find_rate(Small(), Rows(), plan(), steps=9)
    assert RateCurve.from_json(json.loads(json.dumps(asdict(curve)))) == curve
    with pytest.raises(TypeError):
        RateCurve.from_json({"rates": []})


def test_what_it_costs() -> None:
    assert count_sweep_samples(TrainSettings(batch_size=16)) == (16 + SCORED // 3) * STEPS
