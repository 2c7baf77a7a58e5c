import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from headstart import events
from headstart.settings import TrainSettings
from headstart.tasks.classification.objective import ClassObjective, compute_calibrated_losses, score_logits
from headstart.training.checkpoint import read_checkpoint
from headstart.training.curves import Epoch
from headstart.training.loop import Trainer
from headstart.training.losses import mix_up
from headstart.training.network import TrainableTop, build_blank_head
from headstart.training.plan import TrainingPlan
from headstart.training.windows import make_windows
from headstart_runtime.errors import TrainingError
from headstart_runtime.hardware import ComputePrecision
from headstart_runtime.tasks.task import get_task
from tests.training import tiny

CLASSES, SHAPE = 3, (8, 8, 16)  #: of the tiny network's boundary "stage2"


class Drawn:
    """Activations in which a class is a channel that is raised; each epoch has its own noise."""

    lengths = None

    def __init__(self, count: int, seed: int, *, labels: NDArray[np.int64] | None = None):
        chance = np.random.default_rng(seed)
        self.truth = chance.integers(0, CLASSES, count)
        self.targets = self.truth if labels is None else labels
        self.base = chance.random((count, *SHAPE), dtype=np.float32)
        self.base[np.arange(count), :, :, self.truth] += 2
        self.spoilt: tuple[int, int] | None = None  #: epoch and batch in which a number is not one
        self.asked: list[tuple[int, int]] = []

    def batches(self, epoch: int, order: NDArray[np.int64], size: int) -> Iterator[Tensor]:
        noise = np.random.default_rng([9, epoch]).normal(0, 0.1, (len(self.targets), 1, 1, 1)).astype(np.float32)
        for index, start in enumerate(range(0, len(order), size)):
            rows = order[start : start + size]
            values = torch.from_numpy(self.base[rows] + noise[rows]).bfloat16()
            if self.spoilt == (epoch, index):
                values[0, 0, 0, 0] = float("nan")
            self.asked.append((epoch, len(rows)))
            yield values


def settings(**given: Any) -> TrainSettings:
    return TrainSettings(**{"epochs": 4, "batch_size": 8, "rate": 5e-3, "ema": 0.8, **given})


def trainer(
    given: TrainSettings,
    *,
    train: Drawn | None = None,
    validation: Drawn | None = None,
    precision: ComputePrecision = "f32",
    dropout: float = 0.0,
    fold: bool = True,
    weights: tuple[float, ...] = (1, 1, 1),
    stop: Callable[[int, Epoch], bool] = lambda epochs, epoch: False,
    ends: int | None = None,
    smoothing: float = 0.1,
    **options: Any,
) -> Trainer:
    network = TrainableTop(
        tiny.traced(dropout=dropout), "stage2", build_blank_head(tiny.WIDTH, CLASSES), fold=fold, precision=precision,
        device="cpu",
    )  # fmt: skip
    objective = ClassObjective(np.array(weights, np.float32), smoothing, "cpu")
    measure = get_task("classification").measure
    plan = TrainingPlan(given, 5, objective, measure, stop=stop, ends=ends)
    return Trainer(network, train or Drawn(44, 0), validation or Drawn(30, 1), plan, name="tiny", **options)


@pytest.mark.parametrize("precision", ["f32", "bf16"])
@pytest.mark.parametrize("optimiser", ["adamw", "sgd"])
def test_what_can_be_told_apart_is_learnt(precision: ComputePrecision, optimiser: str) -> None:
    given = settings(epochs=8, optimiser=optimiser, rate=1e-2 if optimiser == "adamw" else 0.1)
    epochs = trainer(given, precision=precision, smoothing=0).run()
    assert [epoch.number for epoch in epochs] == list(range(9))
    assert epochs[0].validation_loss == pytest.approx(math.log(CLASSES), abs=1e-5)  # a blank head
    assert epochs[0].rate == 0
    assert epochs[-1].train_loss < 0.6 * epochs[1].train_loss
    assert epochs[-1].validation_loss < 0.4
    assert epochs[-1].validation_score > 0.95
    assert epochs[-1].train_score > 0.95


def test_epochs_take_their_own_views_and_the_last_batch_is_smaller() -> None:
    train, validation = Drawn(44, 0), Drawn(30, 1)
    trainer(settings(epochs=2), train=train, validation=validation).run()
    assert train.asked == [*([(0, 8)] * 5 + [(0, 4)]) * 2, *[(1, 8)] * 5, (1, 4)]
    assert validation.asked == [(0, 30)] * 3  # before, and after each epoch: plain


def test_steps_see_windows_and_validation_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """The training photos that are scored before the first step are seen as steps see them, or the curve would jump."""
    seen: dict[bool, list[int]] = {True: [], False: []}
    forward = TrainableTop.forward

    def noted(self: TrainableTop, activations: Tensor) -> Tensor:
        seen[self.training].append(activations.shape[1])
        return forward(self, activations)

    monkeypatch.setattr(TrainableTop, "forward", noted)
    runs = []
    for _ in range(2):
        made = trainer(settings())
        made.plan = replace(made.plan, windows=make_windows(SHAPE, 0.5))
        runs.append([(epoch.train_loss, epoch.validation_loss) for epoch in made.run()])
    assert set(seen[True]) == {4, 5, 6, 7, 8}
    before = math.ceil(44 / settings().batch_size)
    assert len(set(seen[False][:before])) > 1
    assert set(seen[False][before : len(seen[False]) // 2]) == {8}
    assert runs[0] == runs[1]  # drawn from seed and epoch


def test_the_rate_of_the_curves_is_the_schedules() -> None:
    epochs = trainer(settings(epochs=2, warmup=0.25)).run()
    steps, rise = 12, 3
    for epoch, step in ((epochs[1], 5), (epochs[2], 11)):
        assert epoch.rate == pytest.approx(5e-3 * 0.5 * (1 + math.cos(math.pi * (step - rise) / (steps - rise))))


def test_scores_are_those_of_the_whole_validation_part() -> None:
    """Second opinion: loss and accuracy from the logits by hand."""
    made = trainer(settings(epochs=1))
    epochs = made.run()
    source = made.validation_source
    with torch.inference_mode():
        logits = made.network(next(iter(source.batches(0, np.arange(30), 30)))).double()
    chances = (logits - logits.logsumexp(1, keepdim=True)).numpy()
    loss = -chances[np.arange(30), source.targets].mean()
    assert made.best_epoch == 1
    assert epochs[1].validation_loss == pytest.approx(loss, rel=1e-4)
    assert epochs[1].validation_score == pytest.approx((chances.argmax(1) == source.targets).mean())


@pytest.mark.parametrize(("epoch", "batch", "step"), [(0, 0, 1), (1, 2, 9)])
def test_a_loss_that_is_not_a_number_ends_the_training_and_says_where(epoch: int, batch: int, step: int) -> None:
    train = Drawn(44, 0)
    made = trainer(settings(), train=train)
    made._keep(made._score_start())
    train.spoilt = (epoch, batch)
    for number in range(1, epoch + 1):
        made._keep(made._run_epoch(number))
    said = rf"tiny stopped at step {step} \(epoch {epoch + 1}\): the loss is nan"
    with pytest.raises(TrainingError, match=said) as it:
        made._run_epoch(epoch + 1)
    assert "lower the rate (0.005)" in str(it.value)
    assert all(bool(value.isfinite().all()) for value in made.network.parameters())  # that step was not taken


def test_a_validation_loss_that_is_not_a_number_ends_it_too() -> None:
    validation = Drawn(30, 1)
    made = trainer(settings(), validation=validation)
    made._keep(made._score_start())
    validation.spoilt = (0, 0)
    with pytest.raises(TrainingError, match="validation loss after epoch 1 is nan"):
        made._run_epoch(1)


def test_the_best_weights_are_kept_and_patience_ends_it() -> None:
    wrong = (Drawn(30, 1).truth + 1) % CLASSES  # the more is learnt, the worse it gets
    made = trainer(settings(epochs=9, patience=3), validation=Drawn(30, 1, labels=wrong))
    before = {name: value.clone() for name, value in made.network.state_dict().items()}
    epochs = made.run()
    assert [epoch.number for epoch in epochs] == [0, 1, 2, 3]
    assert made.best_epoch == 0
    assert epochs[3].validation_loss > epochs[0].validation_loss
    assert epochs[3].train_loss < epochs[1].train_loss
    after = made.network.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


@pytest.mark.parametrize("ema", [0.0, 0.8])
def test_the_network_ends_with_the_last_that_cannot_be_told_from_the_best(ema: float) -> None:
    """Second opinion: each photo's losses kept, the rule applied afterwards."""
    made = trainer(settings(epochs=7, ema=ema, optimiser="sgd", rate=0.5, patience=9))
    losses = []
    keep = made._keep

    def noted(epoch: Epoch) -> None:
        losses.append(made._losses)
        keep(epoch)

    made._keep = noted  # type: ignore[method-assign]
    epochs = made.run()
    assert [epoch.calibrated_loss for epoch in epochs] == [pytest.approx(float(it.mean())) for it in losses]
    expected = 0
    for number in range(1, len(losses)):
        low = losses[int(np.argmin([it.mean() for it in losses[: number + 1]]))]
        worse = losses[number] - low
        near = worse.mean() <= worse.std() / math.sqrt(len(worse))
        if near and losses[number].mean() < losses[0].mean():
            expected = number
    assert made.best_epoch == expected
    labels = made.validation_source.targets
    loss, accuracy = score_logits(made.logits(made.validation_source, np.arange(len(labels))), torch.from_numpy(labels))
    assert (loss, accuracy) == (epochs[expected].validation_loss, epochs[expected].validation_score)


@pytest.mark.parametrize(
    ("means", "spread", "kept"),
    [
        ((0.5, 0.30, 0.31, 0.32), 0.5, 3),  # noise: the last
        ((0.5, 0.30, 0.31, 0.32), 0.0, 1),  # each photo is worse: beyond noise
        ((0.5, 0.30, 0.45, 0.60), 5.0, 2),  # never one that is worse than the start
        ((0.5, 0.60, 0.55, 0.51), 5.0, 0),
    ],
)
def test_a_later_epoch_is_kept_unless_validation_tells_it_apart(
    means: tuple[float, ...], spread: float, kept: int
) -> None:
    made = trainer(settings(patience=9))
    chance = np.random.default_rng(0)
    for number, mean in enumerate(means):
        noise = chance.normal(0, 1, 40)
        made._losses = mean + spread * (noise - noise.mean())
        made._keep(Epoch(number, 0.1, 0.1, 0.9, mean, 0.9, mean, 0.0))
    assert made.best_epoch == kept


def test_a_surer_network_is_not_a_worse_one() -> None:
    """What a temperature takes away does not count: twice the logits have the same loss once calibrated."""
    chance = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 4, (300,), generator=chance)
    logits = torch.randn(300, 4, generator=chance) + 1.5 * functional.one_hot(labels, 4)
    plain, sure = (float(compute_calibrated_losses(it, labels.numpy()).mean()) for it in (logits, 5 * logits))
    assert sure == pytest.approx(plain, abs=1e-6)
    grid = [functional.cross_entropy(logits * float(t), labels).item() for t in np.geomspace(0.05, 20, 2001)]
    assert plain == pytest.approx(min(grid), abs=1e-3)
    assert score_logits(5 * logits, labels)[0] > score_logits(logits, labels)[0] + 0.1
    assert compute_calibrated_losses(torch.full((3, 4), math.nan), labels[:3].numpy()).tolist() == [math.inf] * 3


def test_without_an_average_the_weights_themselves_are_scored() -> None:
    made = trainer(settings(epochs=1, ema=0))
    made.run()
    assert made.average.tensors == {}
    assert made.best_epoch == 1
    ran = trainer(settings(epochs=1, ema=0.9999))
    ran.run()
    assert not all(torch.equal(value, ran.best[name]) for name, value in made.best.items())


def test_it_is_asked_whether_to_stop() -> None:
    seen: list[tuple[int, int]] = []

    def stop(epochs: int, epoch: Epoch) -> bool:
        seen.append((epochs, epoch.number))
        return epochs == 2

    assert len(trainer(settings(), stop=stop).run()) == 3
    assert seen == [(0, 0), (1, 1), (2, 2)]


def test_where_nothing_is_held_out_the_last_epoch_is_kept_and_no_validation_score_is_said() -> None:
    """Labels of validation that say the opposite would end it at once, if they were listened to."""
    told: list[str] = []
    against = Drawn(30, 1)
    against.targets = (against.truth + 1) % CLASSES

    def heard(event: events.Event) -> None:
        told.extend([event.summary] if isinstance(event, events.Finished) else [])

    whole = trainer(settings())
    whole.run()
    made = trainer(settings(patience=1), validation=against, ends=2, listener=heard)
    epochs = made.run()
    assert [epoch.number for epoch in epochs] == [0, 1, 2]
    assert made.best_epoch == 2
    assert [epoch.rate for epoch in epochs] == [epoch.rate for epoch in whole.epochs[:3]], "the schedule is the whole's"
    assert all("validation" not in text for text in told)
    assert trainer(settings(patience=1), validation=against).run()[-1].number == 1


def test_what_only_steps_need_is_freed() -> None:
    made = trainer(settings())
    made.run()
    best = {name: value.clone() for name, value in made.best.items()}
    made.release_memory()
    assert (made.best, made.average.tensors, made._moments()) == ({}, {}, {})
    assert all(value.grad is None for value in made.network.parameters())
    for name, value in made.network.state_dict().items():
        assert torch.equal(value, best[name])


class Killed(Exception):
    pass


def ended(made: Trainer) -> dict[str, Tensor]:
    """All that a training ends in; the network itself has the best weights then."""
    parts = {
        "best": made.best,
        "network": made.network.state_dict(),
        "average": made.average.tensors,
        "moments": made._moments(),
    }
    return {f"{kind}/{name}": value.clone() for kind, tensors in parts.items() for name, value in tensors.items()}


def points(epochs: list[Epoch]) -> list[Epoch]:
    return [replace(epoch, seconds=0.0) for epoch in epochs]


@pytest.mark.parametrize(
    ("optimiser", "precision", "fold"),
    [("adamw", "f32", True), ("adamw", "bf16", False), ("sgd", "f32", False), ("sgd", "bf16", True)],
)
@pytest.mark.parametrize("at", ["Progress(stage='tiny', done=18, ", "Finished(stage='epoch 2/4'"])
def test_a_killed_training_ends_as_if_undisturbed(
    optimiser: str, precision: ComputePrecision, fold: bool, at: str, tmp_path: Path
) -> None:
    given = settings(optimiser=optimiser, mixup=0.4, rate=2e-2)
    options: dict[str, Any] = {"dropout": 0.3, "precision": precision, "fold": fold}
    whole = trainer(given, checkpoint=tmp_path / "whole", train=Drawn(76, 0), **options)
    undisturbed = whole.run()

    def kill(event: events.Event) -> None:
        if str(event).startswith(at):
            raise Killed

    with pytest.raises(Killed):
        trainer(given, checkpoint=tmp_path / "killed", train=Drawn(76, 0), listener=kill, **options).run()
    kept = read_checkpoint(tmp_path / "killed")
    assert kept is not None
    assert len(kept.epochs) == 2  # a kill costs the epoch it falls into
    torch.manual_seed(999)
    train = Drawn(76, 0)
    again = trainer(given, checkpoint=tmp_path / "killed", train=train, **options)
    epochs = again.run()
    assert {epoch for epoch, _ in train.asked} == {1, 2, 3}
    assert points(epochs) == points(undisturbed)
    assert again.best_epoch == whole.best_epoch
    seen, wanted = ended(again), ended(whole)
    assert seen.keys() == wanted.keys()
    assert {name.partition("/")[0] for name in seen} == {"best", "network", "average", "moments"}
    assert [name for name, value in wanted.items() if not torch.equal(value, seen[name])] == []


def test_the_last_epoch_is_not_kept_and_alone_is_made_again(tmp_path: Path) -> None:
    first = trainer(settings(epochs=2), checkpoint=tmp_path / "kept")
    epochs = first.run()
    train = Drawn(44, 0)
    second = trainer(settings(epochs=2), checkpoint=tmp_path / "kept", train=train)
    assert points(second.run()) == points(epochs)
    assert {epoch for epoch, _ in train.asked} == {1}
    own = second.network.state_dict()
    assert all(torch.equal(value, own[name]) for name, value in first.network.state_dict().items())


def test_another_seed_takes_other_steps() -> None:
    one, other = trainer(settings(epochs=1)), trainer(settings(epochs=1))
    other.plan = replace(other.plan, seed=6)
    assert points(one.run()) != points(other.run())


def one_step(made: Trainer, labels: Tensor) -> Tensor:
    """A step on a fixed batch; gives the gradient to the head's bias."""
    values = torch.from_numpy(Drawn(8, 3).base)
    made.network.eval()
    made.step(values, labels, np.random.default_rng(0), 0)
    return made.network.head[0].bias.grad.clone()


LABELS = torch.tensor([0, 1, 2, 0, 1, 2, 0, 0])


@pytest.mark.parametrize("weights", [(1.0, 1.0, 1.0), (0.5, 2.0, 4.0), (0.0, 1.0, 3.0)])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_the_loss_is_pytorchs_with_weights_and_smoothing(weights: tuple[float, ...], smoothing: float) -> None:
    made = trainer(settings(clip=0), weights=weights, smoothing=smoothing)
    torch.manual_seed(3)
    torch.nn.init.normal_(made.network.head[0].weight)
    reference = trainer(settings()).network.eval()
    reference.load_state_dict(made.network.state_dict())
    logits = reference(torch.from_numpy(Drawn(8, 3).base))
    each = functional.cross_entropy(
        logits, LABELS, weight=torch.tensor(weights), label_smoothing=smoothing, reduction="none"
    )
    each.mean().backward()
    torch.testing.assert_close(one_step(made, LABELS), reference.head[0].bias.grad, rtol=1e-4, atol=1e-6)


def norm_of(made: Trainer) -> float:
    return float(torch.stack([value.grad.norm() for value in made.network.parameters()]).norm())


def test_clipping() -> None:
    norms = {}
    for clip in (0.0, 1e-3, 1e9):
        made = trainer(settings(clip=clip))
        one_step(made, LABELS)
        norms[clip] = norm_of(made)
    assert norms[0.0] > 0.01
    assert norms[1e-3] == pytest.approx(1e-3, rel=1e-2)
    assert norms[1e9] == norms[0.0]


def test_a_step_tells_what_it_saw_before_it_was_taken() -> None:
    made = trainer(settings())
    values = torch.from_numpy(Drawn(8, 3).base)
    loss, right = made.step(values, LABELS, np.random.default_rng(0), 0)
    assert loss == pytest.approx(math.log(CLASSES), abs=1e-6)
    assert right == 4  # a blank head says class 0, which four photos are of


def test_mixed_photos_and_targets_in_the_same_shares() -> None:
    values = torch.randn(6, 4, 4, 2)
    targets = torch.eye(6)
    for alpha in (0.2, 1.0, 8.0):
        both, shares = mix_up(values, targets, alpha, np.random.default_rng(4))
        torch.testing.assert_close(shares.sum(1), torch.ones(6))
        assert bool((shares >= 0).all())
        torch.testing.assert_close(both.flatten(1), shares @ values.flatten(1), rtol=1e-5, atol=1e-6)
        chance = np.random.default_rng(4)
        share = chance.beta(alpha, alpha)
        other = chance.permutation(6)
        expected = share * np.eye(6) + (1 - share) * np.eye(6)[other]
        np.testing.assert_allclose(shares.numpy(), expected, rtol=1e-5, atol=1e-7)


def test_mixed_smoothed_targets_still_sum_to_one() -> None:
    made = trainer(settings(), smoothing=0.3)
    targets = made.plan.objective.encode(LABELS)
    torch.testing.assert_close(targets.sum(1), torch.ones(8))
    assert float(targets[1, 1]) == pytest.approx(0.7 + 0.1)
    _, shares = mix_up(torch.rand(8, 2), targets, 0.5, np.random.default_rng(0))
    torch.testing.assert_close(shares.sum(1), torch.ones(8))


def test_pixels_are_mixed_as_numbers() -> None:
    pixels = torch.tensor([[0], [255]], dtype=torch.uint8)
    for seed in range(4):
        both, shares = mix_up(pixels, torch.eye(2), 1.0, np.random.default_rng(seed))
        assert both.is_floating_point()
        torch.testing.assert_close(both, 255 * shares[:, 1:])
