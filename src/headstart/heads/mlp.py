"""``mlp``: one hidden layer of ReLU units with dropout on standardised features, trained by Adam, in NumPy.

How many epochs: the best on a held-out fold (groups kept together), after which all rows are trained on for as long.
Adam: Kingma & Ba, 2015 (ICLR); dropout: Srivastava et al., 2014, J. Machine Learning Research 15; first weights: He et
al., 2015 (ICCV); a rate that falls as 1 / inputs: Yang et al., 2021 (NeurIPS, "Tensor Programs V").
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from headstart.heads.closed_form import compute_sample_weight, score_trial
from headstart.heads.folds import FoldGroups, assign_folds, count_folds, find_counted_rows, make_fold_groups
from headstart.heads.head import Dense, FitResult, Head, TrainingSet, Trial
from headstart.heads.scaling import standardise
from headstart.settings import HeadSettings
from headstart_runtime.arrays import Doubles, Floats, Ints
from headstart_runtime.tasks.task import TargetArray

_SMALL, _LARGE, _BATCHES = 8, 64, 16  #: rows of a batch, and batches of an epoch where these rows allow it
_INPUTS = 256  #: inputs of a layer up to which the rate is the one that was set
_PATIENCE = 8  #: epochs without a better held-out loss
_UNSURE = 20  #: epochs where nothing can be held out
_FIRST, _SECOND, _TINY = 0.9, 0.999, 1e-8  #: Adam's decays and its guard against division by zero


@dataclass(frozen=True, slots=True)
class OutputLoss:
    """The loss of a network's outputs, as a task has it."""

    #: Of outputs, float32 (B, K), and targets (B, ...): the gradient of each row's loss, float32 (B, K).
    differentiate: Callable[[Floats, TargetArray], Floats]
    #: Of a value, outputs, float64 (N, K), targets (N, ...) and weights (N,): the trial of that value on these rows.
    score: Callable[[float, Doubles, TargetArray, Doubles], Trial]


@dataclass(frozen=True, slots=True)
class _Rows:
    features: Floats  #: (N, D) standardised
    targets: TargetArray  #: (N, ...)
    weights: Floats  #: (N,) mean 1


@dataclass(slots=True)
class _Network:
    """Weights and Adam's running moments; changed in place."""

    tensors: list[Floats]  #: weight (D, H), bias (H,), weight (H, K), bias (K,)
    rate: float
    dropout: float
    random: np.random.Generator
    loss: OutputLoss
    first: list[Floats] = field(init=False)
    second: list[Floats] = field(init=False)
    steps: int = 0

    def __post_init__(self) -> None:
        self.first = [np.zeros_like(tensor) for tensor in self.tensors]
        self.second = [np.zeros_like(tensor) for tensor in self.tensors]

    def epoch(self, rows: _Rows) -> None:
        """Pass once over the rows, in random order."""
        order = self.random.permutation(len(rows.targets))
        size = min(max(len(order) // _BATCHES, _SMALL), _LARGE)
        for batch in np.array_split(order, max(1, round(len(order) / size))):
            self._adam(self._gradients(rows.features[batch], rows.targets[batch], rows.weights[batch]))

    def outputs(self, features: Floats) -> Floats:
        """Return outputs (N, K) of standardised features (N, D), nothing dropped."""
        inner, inner_bias, outer, outer_bias = self.tensors
        return np.maximum(features @ inner + inner_bias, 0) @ outer + outer_bias

    def _gradients(self, features: Floats, targets: TargetArray, weights: Floats) -> list[Floats]:
        """Return the gradients of the mean loss of a batch, in the order of ``tensors``."""
        inner, inner_bias, outer, outer_bias = self.tensors
        hidden: Floats = features @ inner + inner_bias
        kept = self.random.random(hidden.shape, dtype=np.float32) >= self.dropout
        open_units: Floats = (kept & (hidden > 0)) * np.float32(1 / (1 - self.dropout))
        hidden *= open_units
        outputs: Floats = hidden @ outer + outer_bias
        missed = self.loss.differentiate(outputs, targets)
        missed *= weights[:, None] / np.float32(len(targets))
        back = (missed @ outer.T) * open_units
        return [features.T @ back, back.sum(axis=0), hidden.T @ missed, missed.sum(axis=0)]

    def _adam(self, gradients: list[Floats]) -> None:
        self.steps += 1
        step = self.rate * np.sqrt(1 - _SECOND**self.steps) / (1 - _FIRST**self.steps)
        for tensor, gradient, first, second in zip(self.tensors, gradients, self.first, self.second, strict=True):
            # Each of Adam's steps moves a unit by up to rate x inputs: longer features get smaller steps.
            inputs = tensor.shape[0] if tensor.ndim == 2 else 1
            rate = np.float32(step * min(1, _INPUTS / inputs))
            first += np.float32(1 - _FIRST) * (gradient - first)
            np.square(gradient, out=gradient)
            second += np.float32(1 - _SECOND) * (gradient - second)
            np.sqrt(second, out=gradient)
            gradient += np.float32(_TINY)
            np.divide(first, gradient, out=gradient)
            gradient *= rate
            tensor -= gradient


def fit_mlp(training_set: TrainingSet, options: HeadSettings, fixed: Mapping[str, float] | None = None) -> FitResult:
    """Train a network that tells classes apart, see the module. ``chosen`` is ``{"epochs": ...}``."""
    return fit_mlp_with(training_set, options, fixed, CLASS_LOSS)


def _differentiate_classes(logits: Floats, labels: Ints) -> Floats:
    """Return the gradients of the log losses in the logits, (B, C)."""
    missed = np.exp(logits - logits.max(axis=1, keepdims=True))
    missed /= missed.sum(axis=1, keepdims=True)
    missed[np.arange(len(labels)), labels] -= 1
    return missed


CLASS_LOSS = OutputLoss(_differentiate_classes, score_trial)  #: log loss of classes


def fit_mlp_with(
    training_set: TrainingSet,
    options: HeadSettings,
    fixed: Mapping[str, float] | None,
    loss: OutputLoss,
    strata: Ints | None = None,
    weights: Doubles | None = None,
) -> FitResult:
    """Train a network by a task's own loss, see the module. ``chosen`` is ``{"epochs": ...}``.

    The path has the held-out score after each epoch.

    Args:
        training_set: features and targets of any task.
        options: of the heads.
        fixed: ``chosen`` of an earlier fit; None chooses.
        loss: of the outputs.
        strata: (N,) by which folds are made even; None where targets are classes, (N,) indices.
        weights: (N,) of the rows, mean 1; None weighs classes where the training set is balanced.
    """
    began = perf_counter()
    kinds = training_set.targets if strata is None else strata
    if weights is None:
        classes = int(kinds.max(initial=0)) + 1 if strata is not None else training_set.outputs
        weights = compute_sample_weight(kinds, classes, training_set.balanced)
    scaling, scaled = standardise(training_set)
    rows = _Rows(scaled, training_set.targets, weights.astype(np.float32))
    path: tuple[Trial, ...] = ()
    together = make_fold_groups(kinds, training_set.groups)
    if fixed is not None:
        epochs = int(fixed["epochs"])
    elif together.counted.any():
        held = _held_out(kinds, training_set.seed, together, options.folds)
        path = _curve(_network(training_set, options, loss), rows, held, options.mlp_epochs)
        epochs = int(min(path, key=lambda tried: tried.loss).value)
    else:
        epochs = min(_UNSURE, options.mlp_epochs)
    network = _network(training_set, options, loss)
    for _ in range(epochs):
        network.epoch(rows)
    inner, inner_bias, outer, outer_bias = network.tensors
    head = Head("mlp", (scaling.unfold(inner, inner_bias), Dense(outer, outer_bias)))
    return FitResult(head, {"epochs": float(epochs)}, path, perf_counter() - began, together.torn)


def _held_out(strata: Ints, seed: int, together: FoldGroups, wanted: int) -> NDArray[np.bool_]:
    """Return the rows (N,) of the first fold that has some of which an answer tells something."""
    folds = count_folds(strata, together.groups, wanted)
    fold = assign_folds(strata, together.groups, folds, seed)
    counted = find_counted_rows(together, strata, fold)
    return np.asarray(counted & (fold == fold[counted].min()))


def _network(training_set: TrainingSet, options: HeadSettings, loss: OutputLoss) -> _Network:
    random = np.random.default_rng(training_set.seed)
    columns, units = training_set.features.shape[1], options.mlp_units
    tensors = [
        random.standard_normal((columns, units), dtype=np.float32) * np.float32(np.sqrt(2 / columns)),
        np.zeros(units, np.float32),
        random.standard_normal((units, training_set.outputs), dtype=np.float32) * np.float32(np.sqrt(1 / units)),
        np.zeros(training_set.outputs, np.float32),
    ]
    return _Network(tensors, options.mlp_rate, options.mlp_dropout, random, loss)


def _curve(network: _Network, rows: _Rows, held: NDArray[np.bool_], most: int) -> tuple[Trial, ...]:
    """Return held-out scores epoch by epoch, until they stop getting better."""
    inside = _Rows(rows.features[~held], rows.targets[~held], rows.weights[~held])
    path: list[Trial] = []
    for epoch in range(1, most + 1):
        network.epoch(inside)
        outputs = network.outputs(rows.features[held]).astype(np.float64)
        path.append(
            network.loss.score(float(epoch), outputs, rows.targets[held], rows.weights[held].astype(np.float64))
        )
        best = min(path, key=lambda tried: tried.loss)
        if epoch - best.value >= _PATIENCE:
            break
    return tuple(path)
