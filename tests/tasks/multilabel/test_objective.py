import numpy as np
import pytest
import torch
from torch.nn import functional

from headstart.tasks.multilabel.label_losses import compute_row_losses, weigh_sides
from headstart.tasks.multilabel.objective import FOCUS, MARGIN, LabelSetObjective
from headstart_runtime.linalg import sigmoid

from .drawn import draw_probabilities


def _draw(rows: int = 12, unknown: bool = True):
    truth, _ = draw_probabilities(rows, 3)
    if unknown:
        truth[::4, 1] = -1
    logits = torch.from_numpy(np.random.default_rng(1).normal(0, 3, (rows, 3)).astype(np.float32))
    return logits, torch.from_numpy(truth)


EVEN = np.ones((2, 3), np.float32)


def test_the_loss_is_binary_cross_entropy_over_what_is_known():
    logits, targets = _draw()
    objective = LabelSetObjective(EVEN, asymmetric=False, device="cpu")
    known = (targets >= 0).float()
    each = functional.binary_cross_entropy_with_logits(logits, targets.clamp(min=0).float(), reduction="none") * known
    assert objective.compute_loss(logits, objective.encode(targets)).item() == pytest.approx(
        each.sum(1).mean().item(), rel=1e-5
    )
    assert objective.sum_losses(logits, targets).item() == pytest.approx(each.sum().item(), rel=1e-5)


def test_what_is_unknown_has_no_gradient():
    logits, targets = _draw()
    for asymmetric in (False, True):
        leaf = logits.clone().requires_grad_()
        objective = LabelSetObjective(EVEN, asymmetric=asymmetric, device="cpu")
        objective.compute_loss(leaf, objective.encode(targets)).backward()
        assert (leaf.grad[targets < 0] == 0).all()
        assert (leaf.grad[targets == 1] != 0).all()


def test_the_asymmetric_loss_is_the_papers():
    logits, targets = _draw(unknown=False)
    chance = torch.sigmoid(logits.double())
    shifted = (chance - MARGIN).clamp(min=0)
    absent = -(shifted**FOCUS) * torch.log(1 - shifted)
    wanted = torch.where(targets == 1, -torch.log(chance), absent).sum(1).mean()
    objective = LabelSetObjective(EVEN, asymmetric=True, device="cpu")
    assert objective.compute_loss(logits, objective.encode(targets)).item() == pytest.approx(wanted.item(), rel=1e-4)
    sure = torch.full((1, 3), -4.0)
    assert objective.compute_loss(sure, objective.encode(torch.zeros(1, 3))).item() == 0, "surely absent: not minded"


def test_mixed_targets_are_the_mean_of_their_losses():
    logits, targets = _draw()
    objective = LabelSetObjective(EVEN, asymmetric=False, device="cpu")
    encoded = objective.encode(targets)
    mixed = 0.3 * encoded + 0.7 * encoded.flip(0)
    parts = [objective.compute_loss(logits, one).item() for one in (encoded, encoded.flip(0))]
    assert objective.compute_loss(logits, mixed).item() == pytest.approx(0.3 * parts[0] + 0.7 * parts[1], rel=1e-5)


def test_balanced_sides_weigh_alike():
    truth, _ = draw_probabilities(90, 3)
    truth[:, 2] = 0
    weights = weigh_sides(truth, balanced=True)
    for label in (0, 1):
        sums = [weights[side, label] * (truth[:, label] == side).sum() for side in (0, 1)]
        assert sums == pytest.approx([45, 45])
    assert weights[:, 2].tolist() == [1, 1]
    assert (weigh_sides(truth, balanced=False) == 1).all()


def test_scores_are_the_tasks_and_an_epoch_is_judged_without_its_sharpness():
    logits, targets = _draw(80)
    objective = LabelSetObjective(EVEN, asymmetric=False, device="cpu")
    loss, score = objective.score(logits, targets)
    rows = compute_row_losses(targets.numpy(), sigmoid(logits.numpy()))
    assert loss == pytest.approx(rows.mean())
    assert objective.score_step(logits, targets) == (loss, score * 80)
    calibrated = objective.score_epoch(logits, targets.numpy())
    assert calibrated.mean() < loss
    assert np.isinf(objective.score_epoch(logits * torch.nan, targets.numpy())).all()
