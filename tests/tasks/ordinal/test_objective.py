"""The loss of thresholds' questions, in PyTorch and in NumPy."""

import numpy as np
import pytest
import torch

from headstart.heads.head import TrainingSet
from headstart.settings import HeadSettings
from headstart.tasks.ordinal.heads import RankHeads, differentiate_questions, fit_rank_mlp
from headstart.tasks.ordinal.objective import RankObjective, compute_rank_logs
from headstart.tasks.ordinal.pooled import fit_pooled
from headstart_runtime.tasks.ordinal.distribution import SMALLEST, find_medians, spread_numbers

from .drawn import draw_ranks


def _numbers(rows: int, ranks: int) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(0)
    return chance.normal(0, 2, (rows, 2 * ranks)).astype(np.float32), chance.integers(0, ranks, rows)


def test_the_gradient_in_numpy_is_the_one_of_pytorch() -> None:
    numbers, ranks = _numbers(30, 5)
    numbers[:, 1:5].sort(axis=1)  # of thresholds in order the questions are asked one by one
    numbers[:, 5:] = 0
    logits = torch.from_numpy(numbers).requires_grad_()
    RankObjective(np.ones(5, np.float32), "cpu").sum_losses(logits, torch.from_numpy(ranks)).backward()
    assert differentiate_questions(numbers[:, :5], ranks) == pytest.approx(logits.grad.numpy()[:, :5], abs=1e-4)


def test_logarithms_in_pytorch_are_those_of_the_distribution() -> None:
    numbers, _ = _numbers(200, 4)
    found = compute_rank_logs(torch.from_numpy(numbers.astype(np.float64))).exp().numpy()
    assert found == pytest.approx(spread_numbers(numbers.astype(np.float64)), abs=1e-5)


def test_a_step_and_a_sum_have_one_loss_and_weights_count() -> None:
    numbers, ranks = _numbers(12, 4)
    logits, targets = torch.from_numpy(numbers), torch.from_numpy(ranks)
    objective = RankObjective(np.array([1, 2, 3, 4], np.float32), "cpu")
    mean = objective.compute_loss(logits, objective.encode(targets))
    assert float(mean) * 12 == pytest.approx(float(objective.sum_losses(logits, targets)), rel=1e-5)
    plain = RankObjective(np.ones(4, np.float32), "cpu")
    each = [float(plain.sum_losses(logits[row : row + 1], targets[row : row + 1])) for row in range(12)]
    assert float(objective.sum_losses(logits, targets)) == pytest.approx(np.dot(each, ranks + 1), rel=1e-5)


def test_scores_are_those_of_the_distribution() -> None:
    numbers, ranks = _numbers(40, 5)
    said = spread_numbers(numbers.astype(np.float64))
    objective = RankObjective(np.ones(5, np.float32), "cpu")
    loss, error = objective.score(torch.from_numpy(numbers), torch.from_numpy(ranks))
    assert loss == pytest.approx(-np.log(np.maximum(said[np.arange(40), ranks], SMALLEST)).mean(), rel=1e-6)
    assert error == pytest.approx(np.abs(find_medians(said) - ranks).mean())
    assert objective.score_step(torch.from_numpy(numbers), torch.from_numpy(ranks)) == pytest.approx((loss, 40 * error))


def test_an_epoch_is_judged_by_what_one_scale_leaves() -> None:
    numbers, ranks = _numbers(300, 4)
    objective = RankObjective(np.ones(4, np.float32), "cpu")
    losses = objective.score_epoch(torch.from_numpy(10 * numbers), ranks)
    assert losses.shape == (300,)
    assert losses.mean() < objective.score(torch.from_numpy(10 * numbers), torch.from_numpy(ranks))[0]
    assert np.isinf(objective.score_epoch(torch.full((3, 8), torch.nan), ranks[:3])).all()


def test_the_small_network_learns_ranks() -> None:
    training_set = draw_ranks(240, 8, 4, slope=6, outputs=8)
    options = HeadSettings(mlp_units=32, mlp_epochs=30, mlp_dropout=0.1)
    fitted = fit_rank_mlp(training_set, options)
    assert len(fitted.head.layers) == 2
    said = spread_numbers(fitted.head.logits(training_set.features))
    assert np.abs(find_medians(said) - training_set.targets).mean() < 0.5


@pytest.mark.parametrize("head", ["logistic", "mlp"])
def test_held_out_answers_are_distributions(head: str) -> None:
    training_set = draw_ranks(60, 6, 3, outputs=6)

    class Options:
        folds, rank_weights = 3, "none"
        mlp_units, mlp_epochs, mlp_dropout, mlp_rate = 8, 3, 0.0, 1e-3

    chosen = {"C": 0.1, "class_strength": 0.05, "share": 1.0, "scale": 0.5} if head == "logistic" else {"epochs": 2.0}
    said = RankHeads().predict_held_out(training_set, head, Options, chosen)
    assert said.shape == (60, 3)
    assert said.sum(axis=1) == pytest.approx(1, abs=1e-5)
    one_each = TrainingSet(training_set.features[:3], np.arange(3), 6, np.arange(3), balanced=False, seed=0)
    assert RankHeads().predict_held_out(one_each, head, Options, chosen) == pytest.approx(1 / 3)


def test_training_starts_from_what_the_solved_head_says() -> None:
    training_set = draw_ranks(100, 6, 4, outputs=8)
    head = fit_pooled(training_set, HeadSettings()).head
    numbers = head.logits(training_set.features)
    objective = RankObjective(np.ones(4, np.float32), "cpu")
    loss, _ = objective.score(torch.from_numpy(numbers), torch.from_numpy(training_set.targets))
    said = spread_numbers(numbers)
    assert loss == pytest.approx(-np.log(said[np.arange(100), training_set.targets]).mean(), rel=1e-4)
