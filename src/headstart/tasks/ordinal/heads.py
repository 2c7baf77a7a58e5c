"""Heads of ordered classes: cumulative and class logits pooled, and a small neural network with the same answer."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from headstart.heads.catalog import check_classes
from headstart.heads.folds import assign_folds, count_folds, make_fold_groups
from headstart.heads.head import Dense, Fit, FitResult, TrainingSet, Trial
from headstart.heads.mlp import OutputLoss, fit_mlp_with
from headstart.heads.scaling import knows_each_row
from headstart.heads.threads import limit_to_idle_threads
from headstart.settings import HeadSettings
from headstart.tasks.ordinal.pooled import fit_pooled, predict_pooled_held_out, read_pool_choice, score_rank_trial
from headstart_runtime.arrays import Doubles, Floats, Ints
from headstart_runtime.linalg import sigmoid
from headstart_runtime.tasks.ordinal.distribution import distribute, order_logits, spread_numbers


class RankHeads:
    """Heads that give a location, the thresholds between ranks, and a logit for each rank."""

    default: str = "logistic"
    automatic: tuple[str, ...] = ("logistic",)

    @property
    def solved(self) -> frozenset[str]:
        """The head that is solved in seconds."""
        return frozenset({"logistic"})

    @property
    def heads(self) -> Mapping[str, Fit]:
        """The heads by name."""
        return {"logistic": fit_pooled, "mlp": fit_rank_mlp}

    def is_balanced(self, settings: Any) -> bool:
        """Return whether each rank counts the same."""
        return bool(settings.rank_weights == "balanced")

    def check(self, training_set: TrainingSet) -> None:
        """Raise a DataError where features, ranks and groups do not belong together."""
        check_classes(training_set)

    def predict_held_out(
        self, training_set: TrainingSet, head: str, settings: Any, chosen: Mapping[str, float]
    ) -> Floats:
        """Return probabilities (N, K) of each row by a head that was fitted without the row's fold.

        Where no rank has two rows no head can be fitted, and every rank is as likely.
        """
        self.check(training_set)
        groups = make_fold_groups(training_set.targets, training_set.groups).groups
        folds = min(settings.folds, len(np.unique(groups)))
        if not count_folds(training_set.targets, groups, folds):
            ranks = training_set.outputs // 2
            return np.full((len(training_set), ranks), 1 / ranks, np.float32)
        fold = assign_folds(training_set.targets, groups, folds, training_set.seed)
        # Folds that are solved side by side share the scaling of all rows. With few rows that tells them of those left
        # out: on 320 drawn dials the held-out log loss was .82 so, 1.02 with scalings of their own, 1.04 on new dials.
        if head == "logistic" and not knows_each_row(training_set.features):
            return predict_pooled_held_out(training_set, fold, read_pool_choice(chosen))
        with limit_to_idle_threads(training_set.features.size):
            return _predict_one_by_one(training_set, self.heads[head], settings, chosen, fold)


def _predict_one_by_one(
    training_set: TrainingSet, fit: Fit, settings: Any, chosen: Mapping[str, float], fold: Ints
) -> Floats:
    """Return probabilities (N, K) by the folds' heads, fitted one after the other."""
    answers = np.empty((len(fold), training_set.outputs // 2), np.float32)
    for held in np.unique(fold):
        head = fit(training_set.take(fold != held), settings, chosen).head
        answers[fold == held] = spread_numbers(head.logits(training_set.features[fold == held]))
    return answers


def fit_rank_mlp(
    training_set: TrainingSet, options: HeadSettings, fixed: Mapping[str, float] | None = None
) -> FitResult:
    """Train a small network by the sum of the log losses of all thresholds' questions (Cao, Mirjalili & Raschka, 2020).

    Rank consistent ordinal regression for neural networks with application to age estimation, Pattern Recognition
    Letters 140, equation 4. ``chosen`` is ``{"epochs": ...}``.
    """
    rows = replace(training_set, outputs=training_set.outputs // 2)
    fitted = fit_mlp_with(rows, options, fixed, OutputLoss(differentiate_questions, _score))
    *inner, last = fitted.head.layers
    none = np.zeros_like(last.weight)  # of the ranks' own logits: the location is as free as they would be
    whole = Dense(np.concatenate([last.weight, none], axis=1), np.concatenate([last.bias, none[0]]))
    return replace(fitted, head=replace(fitted.head, layers=(*inner, whole)))


def differentiate_questions(numbers: Floats, ranks: Ints) -> Floats:
    """Return the gradients, float32 (B, K), of the summed log losses of "is the rank k or more?", k = 1..K-1.

    Args:
        numbers: location and thresholds of each row, (B, K).
        ranks: (B,).
    """
    asked = (ranks[:, None] >= np.arange(1, numbers.shape[1])).astype(np.float32)
    missed = sigmoid(numbers[:, :1] - numbers[:, 1:]) - asked
    return np.concatenate([missed.sum(axis=1, keepdims=True), -missed], axis=1)


def _score(value: float, numbers: Doubles, ranks: Ints, weights: Doubles) -> Trial:
    return score_rank_trial(value, distribute(order_logits(numbers)), ranks, weights)
