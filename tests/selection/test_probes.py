"""Probes: which layers are tried, which is taken, and what is fitted again."""

from collections.abc import Iterator

import numpy as np
import pytest

from headstart.data.samples import Subset
from headstart.heads import subsample
from headstart.heads.catalog import fit_head
from headstart.selection import probes
from headstart.selection.arm import refit_model
from headstart.selection.context import FitContext
from headstart.selection.probes import count_parameters, fit_probe, intermediate_probe, linear_probe
from headstart_runtime.linalg import softmax
from tests.conftest import Warm
from tests.selection.made import make_context


@pytest.fixture(scope="module")
def context(warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FitContext]:
    with make_context(warm.photos, warm.store, tmp_path_factory.mktemp("run"), precision="auto") as made:
        yield made


def test_linear_probe(context: FitContext) -> None:
    (planned,) = linear_probe(context)
    arm = planned.make()
    assert (arm.name, arm.strategy, arm.layer, arm.head) == ("linear-probe", "linear-probe", "final", "logistic")
    own = fit_head("logistic", context.training_set([context.branch("final")], Subset.TRAIN), context.settings)
    rows = context.load_features(context.branch("final"), context.samples_in(Subset.VALIDATION))
    np.testing.assert_allclose(arm.outputs, softmax(own.head.logits(rows)), atol=1e-6)
    assert arm.validation.accuracy == np.mean(arm.outputs.argmax(1) == context.target_values(Subset.VALIDATION))
    assert arm.parameters == count_parameters(own.head) == 1280 * 3 + 3
    assert arm.chosen == own.chosen
    assert arm.train.n == len(context.samples_in(Subset.TRAIN))
    assert not arm.trains


def test_what_a_training_had_fitted_before_counts_as_the_probes(context: FitContext) -> None:
    fit_probe(context, "logistic")
    context.memo.probe_seconds["logistic"] = 1000.0
    assert linear_probe(context)[0].make().seconds > 1000


def test_intermediate_probe_has_every_layer_and_all_of_them(context: FitContext) -> None:
    (planned,) = intermediate_probe(context)
    arm = planned.make()
    names = [layer.name for layer in context.backbone.layers]
    assert [depth.layer for depth in arm.depth] == [*names, "all"]
    widths = {layer.name: layer.width for layer in context.backbone.layers}
    assert [depth.width for depth in arm.depth] == [*widths.values(), sum(widths.values())]
    losses = {depth.layer: depth.loss for depth in arm.depth if depth.layer != "final"}
    assert arm.layer == min(losses, key=losses.__getitem__)
    for depth in arm.depth:
        layers = names if depth.layer == "all" else [depth.layer]
        branch = context.branch(*layers)
        fitted = fit_head("logistic", context.training_set([branch], Subset.TRAIN), context.settings)
        scored = {trial.value: trial.loss for trial in fitted.path}
        assert depth.loss == pytest.approx(scored[fitted.chosen["C"]], rel=1e-6)
        assert depth.loss <= 1.001 * min(scored.values())  # the strongest penalty that comes near the lowest
        rows = context.load_features(branch, context.samples_in(Subset.VALIDATION))
        right = fitted.head.logits(rows).argmax(1) == context.target_values(Subset.VALIDATION)
        assert depth.validation_score == right.mean()


def test_of_many_photos_some_compare_the_places(context: FitContext, monkeypatch: pytest.MonkeyPatch) -> None:
    train = len(context.samples_in(Subset.TRAIN))
    monkeypatch.setattr(subsample, "MANY", train - 1)
    monkeypatch.setattr(subsample, "CHOSEN_ON", -(-train // 2))
    monkeypatch.setattr(probes, "MANY", train - 1)
    strata, groups = context.strata(Subset.TRAIN), context.targets(Subset.TRAIN).groups
    rows = subsample.draw_subsample(strata, groups, context.settings.seed)
    assert rows is not None
    arm = intermediate_probe(context)[0].make()
    names = [layer.name for layer in context.backbone.layers]
    for depth in arm.depth:
        branch = context.branch(*(names if depth.layer == "all" else [depth.layer]))
        if depth.layer != "final":
            some = context.training_set([branch], Subset.TRAIN).take(rows)
            fitted = fit_head("logistic", some, context.settings)
            assert depth.loss == pytest.approx(min(trial.loss for trial in fitted.path), rel=0.06)
        if depth.layer == arm.layer:
            whole = context.training_set([branch], Subset.TRAIN)
            own = fit_head("logistic", whole, context.settings, fixed=arm.chosen)
            weights = arm.model.members[0].head.layers[0].weight
            np.testing.assert_allclose(weights, own.head.layers[0].weight, atol=0.02 * np.abs(weights).max())
    losses = {depth.layer: depth.loss for depth in arm.depth if depth.layer != "final"}
    assert arm.layer == min(losses, key=losses.__getitem__)
    assert len(arm.path) > 1


def test_what_is_known_of_photos_that_a_head_was_not_fitted_on(context: FitContext) -> None:
    """Over train by its folds and over validation by the head that is kept; both probes cost the same."""
    linear, deep = linear_probe(context)[0].make(), intermediate_probe(context)[0].make()
    assert linear.cost_class == deep.cost_class is not None
    for arm in (linear, deep):
        trial = next(it for it in arm.path if it.value == arm.chosen["C"])
        rows = np.arange(len(arm.outputs))
        lost = -np.log(arm.outputs[rows, context.target_values(Subset.VALIDATION)].astype(float))
        inside = np.full(len(context.samples_in(Subset.TRAIN)), trial.loss)
        assert arm.held_out_loss == pytest.approx(np.concatenate([inside, lost]).mean(), rel=1e-6)


def test_a_probe_is_fitted_again_on_train_and_validation(context: FitContext) -> None:
    """With the hyperparameter that was chosen on train, not with one chosen anew."""
    arm = linear_probe(context)[0].make()
    parts = refit_model(context, arm)
    task = context.training_set([context.branch("final")], Subset.TRAIN, Subset.VALIDATION)
    assert len(task.targets) == len(context.samples_in(Subset.TRAIN)) + len(context.samples_in(Subset.VALIDATION))
    own = fit_head("logistic", task, context.settings, fixed=arm.chosen)
    np.testing.assert_allclose(parts.members[0].head.layers[0].weight, own.head.layers[0].weight, atol=1e-6)
    assert not np.array_equal(parts.members[0].head.layers[0].weight, arm.model.members[0].head.layers[0].weight)


def test_rows_and_labels_belong_together(context: FitContext) -> None:
    samples = context.samples_in(Subset.VALIDATION, Subset.TRAIN)
    assert [sample.target for sample in samples] == context.target_values(Subset.VALIDATION, Subset.TRAIN).tolist()
    branch = context.branch("stage1", "final")
    rows = context.load_features(branch, samples)
    assert rows.shape == (len(samples), branch.width)
    np.testing.assert_array_equal(rows[::-1], context.load_features(branch, samples[::-1]))
