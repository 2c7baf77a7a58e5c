"""Networks are trained on a scale on which numbers are about 1, and give them in their unit."""

from math import nan

import numpy as np
import pytest
import torch
from torch.nn import functional

from headstart.heads.head import Dense, Head
from headstart.heads.number_targets import TargetScale, measure_errors
from headstart.settings import FitSettings
from headstart.tasks.regression.objective import NumberObjective
from headstart.tasks.regression.training import NumberTraining
from headstart.training.network import OutputScale, build_blank_head, build_head

TRUE = np.random.default_rng(0).normal([2000, 0.01], [30, 0.002], (64, 2))


def make(targets: np.ndarray = TRUE) -> NumberObjective:
    return NumberTraining().make_objective(targets, targets.shape[1], FitSettings(), "cpu")


def test_the_loss_is_hubers_on_standardised_numbers() -> None:
    scale, targets = TargetScale.fit(TRUE), torch.from_numpy(TRUE)
    logits = targets.float() + torch.tensor([50.0, -0.001])
    objective = make()
    encoded = objective.encode(targets)
    wanted = functional.huber_loss(
        (logits.double() - targets) / torch.from_numpy(scale.scale), torch.zeros(64, 2, dtype=torch.float64)
    )
    assert objective.compute_loss(logits, encoded).item() == pytest.approx(wanted.item(), rel=1e-3)
    assert objective.sum_losses(logits, targets).item() == pytest.approx(64 * wanted.item(), rel=1e-3)


def test_unknown_numbers_count_nothing() -> None:
    targets = TRUE.copy()
    targets[::2, 1] = nan
    objective, logits = make(targets), torch.from_numpy(TRUE).float().requires_grad_()
    moved = logits + torch.tensor([10.0, 5.0])
    objective.compute_loss(moved, objective.encode(torch.from_numpy(targets))).backward()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()
    assert (logits.grad[::2, 1] == 0).all()
    assert (logits.grad[1::2, 1] != 0).all()
    assert np.isfinite(objective.score_epoch(moved.detach(), targets)).all()


def test_scores_are_those_of_the_task() -> None:
    one = TRUE[:, :1]
    objective, logits = make(one), torch.from_numpy(one).float() + 3
    loss, score = objective.score(logits, torch.from_numpy(one))
    errors = measure_errors(logits.numpy(), one)
    assert score == pytest.approx(3, rel=1e-3)
    assert loss == pytest.approx(errors.relative.mean(), rel=1e-3)
    assert objective.score_step(logits, torch.from_numpy(one))[1] == pytest.approx(3 * 64, rel=1e-3)
    assert objective.score_epoch(logits, one) == pytest.approx(errors.relative, rel=1e-3)
    assert np.isinf(objective.score_epoch(logits * nan, one)).all()


def test_a_head_starts_as_it_was_solved_and_is_trained_on_the_scale() -> None:
    random = np.random.default_rng(1)
    scale = TargetScale.fit(TRUE)
    solved = Head("ridge", (Dense(random.normal(0, [30, 0.002], (5, 2)).astype(np.float32), np.float32([2000, 0.01])),))
    rows = random.standard_normal((9, 5)).astype(np.float32)
    built = build_head(solved, scale)
    assert built(torch.from_numpy(rows)).detach().numpy() == pytest.approx(solved.logits(rows), rel=1e-4, abs=1e-5)
    weights = [parameter.detach() for parameter in built.parameters() if parameter.ndim == 2]
    assert 0.1 < float(weights[0].abs().mean()) < 3, "of the size of what is trained with it"
    assert isinstance(built[-1], OutputScale)
    blank = build_blank_head(5, 2, scale)(torch.from_numpy(rows)).detach().numpy()
    assert blank == pytest.approx(np.tile(scale.shift, (9, 1)), rel=1e-5)
