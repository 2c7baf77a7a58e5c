"""The learning rate found by a range test: a short training whose rate grows from tiny to far too large.

Smith, 2017, "Cyclical Learning Rates for Training Neural Networks" (WACV), section 3.3. The rate that is suggested is
a tenth of the one at the lowest loss (fastai's "minimum divided by ten"), not the one of the steepest fall: a top that
starts from a solved head has hardly a fall to be steep, its loss is nearly flat until the rate destroys it, and the
steepest point of a flat curve is noise. For the same reason the lowest loss is read off at the largest rate that
comes within a few percent of it.

The steps are the training's, on a window of other samples each; the loss is that of the same samples every time, seen
whole. That of each step's own window says more about the window than about the weights: on samples that are alike at
one size only, a solved head's loss goes from 0.4 to 8 and back while nothing is learnt.
"""

import json
import math
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from headstart import events
from headstart.settings import TrainSettings
from headstart.storage.atomic import replace_text
from headstart.training.lengths import mix_lengths
from headstart.training.losses import place_targets
from headstart.training.network import TrainableTop
from headstart.training.plan import ActivationSource, TrainingPlan
from headstart.training.schedule import build_optimiser, default_rate, set_rate
from headstart.training.state import isolate_random_state
from headstart_runtime.arrays import Ints
from headstart_runtime.errors import TrainingError

STEPS = 80
LOWEST, HIGHEST = 1e-6, 1.0  #: rates of the first and the last step, evenly spaced in their logarithms
SCORED = 32  #: training samples whose loss is followed
SMOOTHING = 0.7  #: share of the past in the moving average of the loss
BLOWN = 4.0  #: times the lowest loss: where the sweep ends
NEAR = 1.02  #: times the lowest loss counts as equal to it
BELOW = 10.0  #: the suggestion is this many times smaller than the rate at the lowest loss
_SWEEP = 2**31  #: beside the seed: apart from the numbers of epochs, which the training draws with


@dataclass(frozen=True, slots=True)
class RateCurve:
    """The losses over growing rates that a range test saw."""

    rates: tuple[float, ...]  #: at the top, growing, one for each step
    losses: tuple[float, ...]  #: after each step, of what is minimised, on the same samples, smoothed; nats per sample
    suggestion: float  #: the rate to train at
    stopped: bool  #: the loss blew up before the last step

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the curve of what ``dataclasses.asdict`` gave, through JSON.

        Raises:
            TypeError: fields missing or unknown.
        """
        lists = {name: tuple(values) for name, values in value.items() if isinstance(values, list | tuple)}
        return cls(**{**value, **lists})


def find_rate(
    network: TrainableTop,
    train: ActivationSource,
    plan: TrainingPlan,
    *,
    steps: int = STEPS,
    listener: events.Listener = events.ignore,
) -> RateCurve:
    """Sweep the rate over a short training and put every weight and statistic back, bit for bit.

    It minimises what the training will, on windows of the samples as the training sees them, without mixup, whose loss
    is noise in so short a run, and follows the loss of ``SCORED`` samples without windows. The same seed sees the same
    samples and windows in the same order. Never more is suggested than the rate that training takes by default.

    Args:
        network: what will be trained.
        train: its samples; small sets are gone through several times.
        plan: its settings, seed and objective.
        steps: of the sweep.
        listener: is told of the steps.

    Raises:
        TrainingError: the loss is not a number to begin with.
    """
    rates = np.geomspace(LOWEST, HIGHEST, steps)
    curve = _Curve()
    with _restoring(network), closing(_batches(train, plan)) as batches:
        chance = _chance(plan.seed, 0)
        torch.manual_seed(int(chance.integers(2**62)))  # dropout's
        scored = _draw_scored(train, plan, chance)
        network.train()
        steering = build_optimiser(network.groups(), plan.settings, scratch=plan.scratch)
        for number, (rate, batch) in enumerate(zip(rates, batches, strict=False), 1):
            set_rate(steering, float(rate))
            finite = math.isfinite(_step(network, batch, plan, steering))
            curve.add(float(rate), _score(network, scored, plan) if finite else math.nan)
            listener(events.Progress("find rate", number, steps, "steps"))
            if curve.blown:
                break
    if not curve.rates:
        raise TrainingError("the loss is not a number before the first step; the samples' activations are damaged")
    most = default_rate(plan.settings, scratch=plan.scratch)
    suggestion = min(suggest_rate(curve.rates, curve.smooth), most)
    return RateCurve(tuple(curve.rates), tuple(curve.smooth), suggestion, curve.blown)


def find_rate_once(
    network: TrainableTop, train: ActivationSource, plan: TrainingPlan, file: Path, name: str, listener: events.Listener
) -> RateCurve:
    """Return the range test that is kept in a file, or make and keep one: a killed training goes on at its rate."""
    try:
        return RateCurve.from_json(json.loads(file.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        pass
    began = time.perf_counter()
    curve = find_rate(network, train, plan, listener=listener)
    replace_text(file, json.dumps(asdict(curve)))
    told = f"{name}: rate {curve.suggestion:.1e} from a range test of {len(curve.rates)} steps"
    listener(events.Finished("find rate", time.perf_counter() - began, told))
    return curve


def count_sweep_samples(settings: TrainSettings) -> int:
    """Return the samples that a sweep trains on, each time counted: what it costs. Three scored ones count as one."""
    return STEPS * (settings.batch_size + SCORED // 3)


def suggest_rate(rates: list[float], losses: list[float]) -> float:
    """Return a tenth of the largest rate whose loss is about the lowest; never below the first rate."""
    enough = NEAR * min(losses)
    lowest = max(rate for rate, loss in zip(rates, losses, strict=True) if loss <= enough)
    return max(lowest / BELOW, rates[0])


class _Curve:
    """Losses as they come, smoothed, and whether they have blown up."""

    def __init__(self) -> None:
        self.rates: list[float] = []
        self.smooth: list[float] = []
        self._mean = 0.0
        self.blown = False

    def add(self, rate: float, loss: float) -> None:
        """Add a step; a loss that is not a number is not kept, for it ends the sweep and no JSON file could hold it."""
        if not math.isfinite(loss):
            self.blown = True
            return
        self._mean = SMOOTHING * self._mean + (1 - SMOOTHING) * loss
        self.rates.append(rate)
        self.smooth.append(self._mean / (1 - SMOOTHING ** len(self.rates)))  # Kingma & Ba 2015, section 3
        self.blown = self.smooth[-1] > BLOWN * min(self.smooth)


@dataclass(frozen=True, slots=True)
class _Batch:
    activations: Tensor
    targets: Tensor  #: (B, ...)


def _batches(train: ActivationSource, plan: TrainingPlan) -> Generator[_Batch, None, None]:
    """Batches without end, each pass over the samples in an order and with views of its own."""
    size = plan.settings.batch_size
    for epoch in count():
        chance = _chance(plan.seed, epoch + 1)
        order = mix_lengths(chance.permutation(len(train.targets)), train.lengths, size, chance)
        for index, activations in enumerate(train.batches(epoch, order, size)):
            targets = train.targets[order[index * size : (index + 1) * size]]
            yield _Batch(plan.windows.cut(activations, chance), torch.from_numpy(targets))


def _chance(seed: int, number: int) -> np.random.Generator:
    return np.random.default_rng([seed, _SWEEP, number])


def _draw_scored(train: ActivationSource, plan: TrainingPlan, chance: np.random.Generator) -> list[_Batch]:
    """Draw the samples whose loss is followed, whole."""
    order: Ints = chance.permutation(len(train.targets))[:SCORED]
    size = plan.settings.batch_size
    return [
        _Batch(activations, torch.from_numpy(train.targets[order[index * size : (index + 1) * size]]))
        for index, activations in enumerate(train.batches(0, order, size))
    ]


def _step(network: TrainableTop, batch: _Batch, plan: TrainingPlan, steering: torch.optim.Optimizer) -> float:
    """Take a step; return the loss before it, in nats per sample."""
    loss = _sum_losses(network, batch, plan) / len(batch.targets)
    steering.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), plan.settings.clip or math.inf)
    steering.step()
    return float(loss.item())


def _score(network: TrainableTop, batches: list[_Batch], plan: TrainingPlan) -> float:
    """Return the loss of what is minimised without dropout, in nats per sample."""
    network.eval()
    with torch.no_grad():
        total = sum(float(_sum_losses(network, batch, plan).item()) for batch in batches)
    network.train()
    return total / sum(len(batch.targets) for batch in batches)


def _sum_losses(network: TrainableTop, batch: _Batch, plan: TrainingPlan) -> Tensor:
    return plan.objective.sum_losses(network(batch.activations), place_targets(batch.targets, network.device))


@contextmanager
def _restoring(network: TrainableTop) -> Iterator[None]:
    """Weights, statistics, gradients, mode and PyTorch's random numbers are afterwards what they were."""
    before = {name: value.detach().clone() for name, value in network.state_dict().items()}
    mode = network.training
    with isolate_random_state(network.device):
        try:
            yield
        finally:
            network.load_state_dict(before)
            network.zero_grad(set_to_none=True)
            network.train(mode)
