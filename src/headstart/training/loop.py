"""The loop: epochs over a source of activations, scored on validation after each, best weights kept.

Everything random is drawn from (seed, epoch), so a training that goes on from a checkpoint makes the steps that it
would have made: it ends bit-equal on the same machine.
"""

import math
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from headstart import events
from headstart.training.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from headstart.training.curves import Epoch
from headstart.training.lengths import mix_lengths, sort_lengths
from headstart.training.losses import mix_up, place_targets
from headstart.training.network import TrainableTop
from headstart.training.plan import ActivationSource, TrainingPlan
from headstart.training.schedule import build_optimiser, peak_rate, rate_share, set_rate
from headstart.training.state import isolate_random_state
from headstart.training.weight_average import FAR, NEAR, WeightAverage
from headstart_runtime.errors import TrainingError

SCORED_BEFORE = 512  #: training samples that are scored before the first step, for the curve's first point


class Trainer:
    """Trains a network's top; made anew for a killed training, it goes on from the checkpoint."""

    def __init__(
        self,
        network: TrainableTop,
        train: ActivationSource,
        validation: ActivationSource,
        plan: TrainingPlan,
        *,
        checkpoint: Path | None = None,
        listener: events.Listener = events.ignore,
        name: str = "train",
    ):
        self.network, self.train_source, self.validation_source = network, train, validation
        self.plan, self.listener, self.name = plan, listener, name
        self.settings = plan.settings
        self.total = plan.settings.epochs_for(len(train.targets))
        self.last = self.total if plan.ends is None else plan.ends
        self._checkpoint = checkpoint
        self.optimiser = build_optimiser(network.groups(), plan.settings, scratch=plan.scratch)
        self.average = WeightAverage(network, plan.settings.ema, FAR if plan.scratch else NEAR)
        self.epochs: list[Epoch] = []
        self.rate = peak_rate(plan.settings, scratch=plan.scratch)
        self.best: dict[str, Tensor] = {}
        self.best_epoch = 0
        #: Calibrated losses of the validation samples, (N,): of the last epoch, and of the one with the lowest mean.
        self._losses = self._lowest = np.zeros(0)
        self.cut = False  #: whether it was ended before its time

    @property
    def steps_per_epoch(self) -> int:
        """Steps of an epoch."""
        return math.ceil(len(self.train_source.targets) / self.settings.batch_size)

    def run(self) -> list[Epoch]:
        """Make all epochs; the network has the best weights afterwards.

        Raises:
            TrainingError: a loss that is not a number; the message names the step.
        """
        with isolate_random_state(self.network.device):
            return self._run()

    def _run(self) -> list[Epoch]:
        self._resume()
        if not self.epochs:
            self._keep(self._score_start())
        while len(self.epochs) <= self.last and not self._has_stalled():
            if self.plan.stop(len(self.epochs) - 1, self.epochs[-1]):
                self.cut = True
                break
            self._keep(self._run_epoch(len(self.epochs)))
        self.network.load_state_dict(self.best)
        return self.epochs

    def release_memory(self) -> None:
        """Free what only steps need, five times the memory of the weights: writing the network takes as much."""
        self.optimiser.zero_grad(set_to_none=True)
        self.optimiser.state.clear()
        self.average = WeightAverage(self.network, 0)
        self.best = {}

    def _has_stalled(self) -> bool:
        return len(self.epochs) - 1 - self.best_epoch >= self.settings.patience

    def _score_start(self) -> Epoch:
        began = time.perf_counter()
        train = self._score_windows(np.random.default_rng([self.plan.seed, 0]))
        validation = self._score_validation()
        return Epoch(0, 0.0, *train, *validation, time.perf_counter() - began)

    def _run_epoch(self, number: int) -> Epoch:
        began = time.perf_counter()
        chance = np.random.default_rng([self.plan.seed, number])
        torch.manual_seed(int(chance.integers(2**62)))  # dropout's
        size = self.settings.batch_size
        order = mix_lengths(chance.permutation(len(self.train_source.targets)), self.train_source.lengths, size, chance)
        self.network.train()
        first, total = (number - 1) * self.steps_per_epoch, self.total * self.steps_per_epoch
        told = self.last * self.steps_per_epoch
        loss = total_score = 0.0
        for index, activations in enumerate(self.train_source.batches(number - 1, order, size)):
            targets = torch.from_numpy(self.train_source.targets[order[index * size : (index + 1) * size]])
            rate = self.rate * rate_share(first + index, total, self.settings.warmup)
            set_rate(self.optimiser, rate)
            mean, score = self.step(activations, place_targets(targets, self.network.device), chance, first + index)
            loss, total_score = loss + mean * len(targets), total_score + score
            if index % 8 == 7:
                self.listener(events.Progress(self.name, first + index + 1, told, "steps"))
        self.listener(events.Progress(self.name, first + self.steps_per_epoch, told, "steps"))
        with self.average.applied():
            validation = self._score_validation()
        if not math.isfinite(validation[0]):
            raise TrainingError(
                f"the validation loss after epoch {number} is {validation[0]}; lower the rate ({self.rate:g}), "
                "or clip harder (--clip 0.3)"
            )
        count = len(order)
        return Epoch(number, rate, loss / count, total_score / count, *validation, time.perf_counter() - began)

    def step(
        self, activations: Tensor, targets: Tensor, chance: np.random.Generator, number: int
    ) -> tuple[float, float]:
        """Take one step of the optimiser on a batch, targets (B, ...); return its mean loss and the sum of its scores.

        Raises:
            TrainingError: the loss or the gradient is not a number.
        """
        encoded = self.plan.objective.encode(targets)
        activations = self.plan.windows.cut(activations, chance)
        if self.settings.mixup and self.network.packing is None:  # bytes cannot be mixed
            activations, encoded = mix_up(activations, encoded, self.settings.mixup, chance)
        logits = self.network(activations)
        loss = self.plan.objective.compute_loss(logits, encoded)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        limit = self.settings.clip or math.inf
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), limit)
        if not (math.isfinite(loss.item()) and math.isfinite(norm.item())):
            raise TrainingError(
                f"training {self.name} stopped at step {number + 1} (epoch {number // self.steps_per_epoch + 1}): the "
                f"loss is {loss.item():g}, the gradient's norm {norm.item():g}; lower the rate ({self.rate:g})"
            )
        self.optimiser.step()
        self.average.update()
        with torch.no_grad():
            return self.plan.objective.score_step(logits, targets)

    def _score_windows(self, chance: np.random.Generator) -> tuple[float, float]:
        """Return the mean log loss and accuracy of training samples seen as steps see them: changed, and in windows."""
        rows = chance.permutation(len(self.train_source.targets))[:SCORED_BEFORE]
        rows = rows[sort_lengths(self.train_source.lengths, rows)]
        batches = self.train_source.batches(0, rows, self.settings.batch_size)
        self.network.eval()
        with torch.inference_mode():
            logits = torch.cat([self.network(self.plan.windows.cut(batch, chance)).cpu() for batch in batches])
        return self.plan.objective.score(logits, torch.from_numpy(self.train_source.targets[rows]))

    def _score_validation(self) -> tuple[float, float, float]:
        """Validation loss, accuracy, and the loss after calibration."""
        targets, objective = self.validation_source.targets, self.plan.objective
        logits = self.logits(self.validation_source, np.arange(len(targets)))
        self._losses = objective.score_epoch(logits, targets)
        return *objective.score(logits, torch.from_numpy(targets)), float(self._losses.mean())

    def logits(self, source: ActivationSource, rows: NDArray[np.int64], epoch: int = 0) -> Tensor:
        """Return the logits of samples, float32 (len(rows), C) on the CPU."""
        self.network.eval()
        order = sort_lengths(source.lengths, rows)
        with torch.inference_mode():
            found = torch.cat([self.network(batch).cpu() for batch in source.batches(epoch, rows[order], 64)])
        return found[torch.from_numpy(np.argsort(order))]

    def _keep(self, epoch: Epoch) -> None:
        """Adds a point, keeps the weights if they are the best so far, and writes the checkpoint."""
        self.epochs.append(epoch)
        if self._is_best():
            self.best_epoch = epoch.number
            with self.average.applied():
                self.best = {name: value.detach().clone() for name, value in self.network.state_dict().items()}
        told = f"{self.name}: loss {epoch.train_loss:.3f}"
        if self.plan.ends is None:
            score = self.plan.measure.format(epoch.validation_score)
            told += f", validation loss {epoch.validation_loss:.3f}, validation {self.plan.measure.name} {score}"
        self.listener(events.Finished(f"epoch {epoch.number}/{self.last}", epoch.seconds, told))
        # Before the first epoch nothing would be saved by it, after the last the result itself is kept.
        if self._checkpoint is not None and 0 < epoch.number < self.last:
            state = Checkpoint(
                tuple(self.epochs),
                self.best_epoch,
                self._state(),
                self.best,
                self.average.tensors,
                self._moments(),
                {"losses": torch.from_numpy(self._lowest)},
            )
            write_checkpoint(self._checkpoint, state)

    def _is_best(self) -> bool:
        """Whether the last epoch is the one to keep so far: a later one within a standard error of the lowest is.

        The lowest of many losses on few samples is mostly the luckiest. A later epoch, nearer to the end of the
        schedule and the mean of more weights, is the better bet unless validation tells the two apart (the one
        standard error rule, Breiman et al. 1984, section 3.4.3). It has to beat the start, though.
        """
        epoch = self.epochs[-1]
        if self.plan.ends is not None:
            return True
        if epoch.number == 0 or epoch.calibrated_loss < self._lowest.mean():
            self._lowest = self._losses
            return True
        worse = self._losses - self._lowest
        within = worse.mean() <= worse.std() / math.sqrt(len(worse))
        return bool(within and epoch.calibrated_loss < self.epochs[0].calibrated_loss)

    def _state(self) -> dict[str, Tensor]:
        return {name: value.detach() for name, value in self.network.state_dict().items()}

    def _moments(self) -> dict[str, Tensor]:
        """The optimiser's state: "INDEX.NAME" -> tensor, parameters counted over the groups."""
        state = self.optimiser.state_dict()["state"]
        return {
            f"{index}.{name}": torch.as_tensor(value)
            for index, own in state.items()
            for name, value in own.items()
            if value is not None
        }

    def _resume(self) -> None:
        kept = read_checkpoint(self._checkpoint) if self._checkpoint is not None else None
        if kept is None:
            return
        self.epochs, self.best_epoch = list(kept.epochs), kept.best_epoch
        self.network.load_state_dict(kept.network)
        self.best, self._lowest = kept.best, kept.lowest["losses"].numpy()
        self.average.load(kept.average)
        parameters = [value for group in self.optimiser.param_groups for value in group["params"]]
        states: dict[int, dict[str, Tensor]] = {}
        for key, value in kept.moments.items():
            index, _, name = key.partition(".")
            like = parameters[int(index)]
            # A fused step walks through memory, whatever the strides: moments must lie as their parameter does.
            laid = torch.empty_like(like).copy_(value) if value.shape == like.shape else value
            states.setdefault(int(index), {})[name] = laid
        self.optimiser.load_state_dict({**self.optimiser.state_dict(), "state": states})
