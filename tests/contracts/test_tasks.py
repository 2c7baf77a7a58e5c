"""What every task promises, with all of its heads, strategies, ensembles and choices; what it has not is refused.

Each combination is fitted on the network of 32 pixels, saved, and answered alike by the fitted model, the saved heads,
ONNX Runtime and OpenVINO. ``amount`` is a task of another package (``tests/tasks/amount.py``).
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from headstart.data.samples import Subset
from headstart.errors import SettingError
from headstart.evaluation.evaluation import Evaluation
from headstart.export import FittedModel
from headstart.heads.catalog import HEADS
from headstart.inference.classifier import Classifier
from headstart.modalities.image.settings import KEEPABLE
from headstart.pipeline.model import save_checked
from headstart.pipeline.postprocess import postprocess_winner
from headstart.selection import STRATEGIES
from headstart.selection.arm import Arm, refit_model
from headstart.selection.arm_specs import PROBES, ArmSpec, makes_sense, select_arms
from headstart.selection.context import BackboneMemo, FitContext
from headstart.selection.ensembles import ENSEMBLES
from headstart.selection.probes import base_head_name, fit_task_head
from headstart.settings import FitSettings
from headstart.tasks.task import TASKS, Task, get_task
from headstart.training.obstacle import TRAINING
from tests import small_network
from tests.conftest import Warm
from tests.contracts.drawn_tasks import DRAWN, answer_every_way, assert_same_answers, draw_table
from tests.plugins import install_plugin, package_folder
from tests.selection.made import make_contexts

NAMES = [name for name in DRAWN if name in TASKS or name == "amount"]
CLOSE, CLOSE_TRAINED = 2e-3, 2e-2  #: share of a number's range; a trained network is cut out of a graph and saved anew
OTHER = "ResNet"  #: the family of a second network


@pytest.fixture(scope="module", autouse=True)
def _installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    site = tmp_path_factory.mktemp("site")
    install_plugin(site, "amount", "headstart.tasks", "tests.tasks.amount:TRAINED")
    with package_folder(site):
        yield


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("drawn") / "photos"


@pytest.fixture(scope="module", params=NAMES)
def context(
    request: pytest.FixtureRequest, small: Warm, drawn: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FitContext]:
    """What there is to learn from for a task; features are computed once for all of them."""
    name = request.param
    settings = {"task": name, "batch_size": 4, "c_points": 3, **DRAWN[name].settings}
    out = tmp_path_factory.mktemp(name)
    with make_contexts(draw_table(drawn, name), small.store, out, [small.name], **settings) as (made,):
        yield made


@pytest.fixture(scope="module")
def probes(context: FitContext) -> list[Arm]:
    return [planned.make() for name in PROBES for planned in STRATEGIES[name](context)]


def choose_settings(context: FitContext, **settings: Any) -> FitContext:
    """The same with other settings; nothing that was fitted by the former is taken."""
    return replace(context, settings=context.settings.model_copy(update=settings), memo=BackboneMemo())


def save(arm: Arm, context: FitContext, folder: Path) -> tuple[FittedModel, Classifier]:
    """Fit once more and what comes after the heads, as a run does, and save."""
    ready = postprocess_winner(arm, refit_model(context, arm), context)
    classifier = save_checked(ready.model, context, folder)
    kept = ready.model if classifier.record.novelty else ready.model.without_novelty()
    return kept, classifier


def assert_saved_alike(arm: Arm, context: FitContext, folder: Path, close: float = CLOSE) -> None:
    model, classifier = save(arm, context, folder)
    samples = context.samples_in(Subset.VALIDATION, Subset.TEST)
    assert_same_answers(answer_every_way(model, classifier, context, samples), context, close)


def assert_one_line(error: BaseException, *words: str) -> None:
    assert "\n" not in str(error)
    for word in words:
        assert word in str(error)


def test_every_task_is_drawn_here() -> None:
    assert set(TASKS) <= set(DRAWN)


def test_a_task_is_what_it_says(context: FitContext) -> None:
    task, space = context.task, context.samples.space
    assert (space.task, get_task(task.name)) == (task.name, task)
    assert task.title
    assert task.title == task.title.strip()
    assert task.invariances <= {*KEEPABLE, "*"} - {"all"}
    assert type(space).from_json(json.loads(json.dumps(space.to_json()))) == space
    assert task.count_outputs(space) >= 1
    assert task.heads.default in task.heads.heads
    assert set(task.heads.automatic) <= set(task.heads.heads)
    assert task.heads.solved <= set(task.heads.heads)
    assert task.strategies is None or task.strategies <= set(STRATEGIES)
    assert task.ensembles is None or task.ensembles <= set(ENSEMBLES)


def test_a_target_is_written_as_it_is_read(context: FitContext) -> None:
    targets, samples = context.task.targets, context.samples
    again = [targets.parse(samples.space, targets.describe(samples.space, one.target)) for one in samples.samples]
    wanted = targets.stack([one.target for one in samples.samples])
    np.testing.assert_allclose(targets.stack(again), wanted, rtol=1e-4)
    assert len({hash(one.target) for one in samples.samples}) > 1
    strata = targets.stratify(samples.space, wanted)
    assert strata.numbers.shape == (len(samples),)
    assert set(strata.numbers.tolist()) <= set(range(len(strata.names)))
    assert targets.find_problems(samples) == []
    assert len(targets.match(samples, samples.space)) == len(samples)
    assert targets.describe_space(samples.space)
    first = samples.samples[0].target
    assert not targets.conflict(first, first)


@pytest.mark.parametrize("head", HEADS)
def test_a_head_of_the_task_is_fitted_and_another_is_refused(head: str, context: FitContext) -> None:
    task = context.task
    own = choose_settings(context, head=head, mlp_units=16, mlp_epochs=8)
    if head not in task.heads.heads:
        with pytest.raises(SettingError) as refused:
            base_head_name(own)
        assert_one_line(refused.value, task.title, repr(head), task.heads.default)
        return
    rows = own.training_set([own.branch("final")], Subset.TRAIN)
    fitted = fit_task_head(own, head, rows)
    logits = fitted.head.logits(rows.features)
    assert (logits.shape, logits.dtype) == ((len(rows), task.count_outputs(own.samples.space)), np.float32)
    raw = task.activate(logits)
    assert (raw.shape, raw.dtype) == ((len(rows), len(own.samples.space)), np.float32)
    assert np.isfinite(raw).all()
    again = fit_task_head(own, head, rows, fixed=fitted.chosen)
    np.testing.assert_allclose(again.head.logits(rows.features), logits, rtol=1e-4, atol=1e-4 * np.abs(logits).max())
    if head in task.heads.solved:
        held_out = task.heads.predict_held_out(rows, head, own.settings, fitted.chosen)
        assert (held_out.shape, held_out.dtype) == (raw.shape, np.float32)
        assert np.isfinite(held_out).all()


def test_heads_of_its_own_are_fitted_too(context: FitContext) -> None:
    for head in context.task.heads.heads.keys() - HEADS.keys():
        rows = context.training_set([context.branch("final")], Subset.TRAIN)
        fitted = fit_task_head(context, head, rows)
        assert np.isfinite(fitted.head.logits(rows.features)).all()


def test_scores_are_those_of_the_rows_and_come_back_from_json(context: FitContext, probes: list[Arm]) -> None:
    task, targets, arm = context.task, context.targets(Subset.VALIDATION), probes[0]
    made = task.scoring.score("validation", targets, arm.outputs, context.samples.space)
    assert isinstance(made, Evaluation)
    assert task.scoring.read_evaluation(json.loads(json.dumps(made.to_json()))) == made
    assert made.score_interval.low <= made.score <= made.score_interval.high
    rows = task.scoring.score_arms(targets, {"a": arm.outputs, "b": arm.outputs})
    assert rows["a"].scores.shape == rows["a"].losses.shape == (len(arm.outputs),)
    outputs = task.make_postprocessor().apply(arm.outputs)
    assert sorted(task.scoring.rank_rows(targets, outputs).tolist()) == list(range(len(arm.outputs)))
    picked = task.scoring.pick_rows(targets, outputs, 3).tolist()
    assert len(set(picked)) == len(picked)
    (pair,) = task.scoring.run_paired_tests(targets, rows, [("a", "b")], 0)
    assert (pair.difference, pair.exceeds_one_se) == (0, False)


def test_it_learns(context: FitContext, probes: list[Arm]) -> None:
    """Better than outputs that belong to other rows."""
    targets, space = context.targets(Subset.VALIDATION), context.samples.space
    measure, score = context.task.measure, context.task.scoring.score
    order = np.random.default_rng(0).permutation(len(probes[0].outputs))
    for arm in probes:
        moved = score("validation", targets, arm.outputs[order], space)
        assert measure.is_better(arm.validation.score, moved.score)
        assert arm.validation.loss < moved.loss


def test_a_linear_probe_is_answered_alike_wherever_it_runs(
    context: FitContext, probes: list[Arm], tmp_path: Path
) -> None:
    model, classifier = save(probes[0], context, tmp_path / "model")
    samples = context.samples_in(Subset.VALIDATION, Subset.TEST)
    assert_same_answers(answer_every_way(model, classifier, context, samples), context, CLOSE)
    task = context.task
    read = task.read_postprocessor(json.loads(json.dumps(model.postprocessor.to_json())), model.space)
    for name, values in model.postprocessor.apply(probes[0].outputs).items():
        np.testing.assert_array_equal(read.apply(probes[0].outputs)[name], values)
    outputs = {name: (dtype, shape) for name, dtype, shape in task.graph.list_outputs(read, model.space)}
    assert task.answer in outputs
    batch = model.predict(context.load_all(model.branches, samples)).outputs
    assert {name: (values.dtype.name, values.shape[1:]) for name, values in batch.items()} == outputs
    assert_answers_are_records(classifier, task, samples[0].source.path, tmp_path)


def assert_answers_are_records(classifier: Classifier, task: Task, photo: Path, folder: Path) -> None:
    (folder / "broken.png").write_bytes(b"no photo")
    good, bad = classifier.predict([photo, folder / "broken.png"])
    for one in (good, bad):
        assert json.loads(json.dumps(one.to_json()))["source"] == str(one.source)
    assert json.loads(json.dumps(good.to_json())).keys() == json.loads(json.dumps(bad.to_json())).keys()
    assert (good.error, good.out_of_distribution in (True, False)) == (None, True)
    assert bad.error
    assert good.describe()
    assert len(good.to_cells(1)) == len(task.answer_columns(1, classifier.record.space))
    rows = task.describe_model(classifier.record.space, classifier.record.postprocessor, {})
    assert all(isinstance(text, str) for row in rows for text in row)


@pytest.mark.parametrize("name", [*STRATEGIES, *ENSEMBLES])
def test_a_way_that_is_not_for_the_task_is_refused(name: str, context: FitContext) -> None:
    task, kind = context.task, "strategy" if name in STRATEGIES else "arms"
    asked = FitSettings.load(strategy=name) if kind == "strategy" else FitSettings.load(arms=f"linear-probe,{name}")
    specs = (ArmSpec("linear-probe"), ArmSpec(name)) if kind == "arms" else (ArmSpec(name),)
    if makes_sense(name, task):
        assert select_arms(specs, asked, task) == specs
    else:
        with pytest.raises(SettingError) as refused:
            select_arms(specs, asked, task)
        assert_one_line(refused.value, f"{name} is not for {task.title}", "linear-probe")
        assert name not in TRAINING or context.training_obstacle


@pytest.mark.parametrize("name", ["average", "vote"])
def test_an_ensemble_is_answered_alike_wherever_it_runs(
    name: str, context: FitContext, probes: list[Arm], tmp_path: Path
) -> None:
    if makes_sense(name, context.task):
        assert_saved_alike(ENSEMBLES[name](context, [context], probes), context, tmp_path / "model")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["concat", "concat-all"])
def test_joined_networks_are_answered_alike_wherever_they_run(
    name: str, context: FitContext, small: Warm, drawn: Path, tmp_path: Path
) -> None:
    if not makes_sense(name, context.task):
        return
    kind = small_network.FAMILIES[OTHER]
    second = small_network.name_of(small_network.write_weights(tmp_path / "other.safetensors", kind), kind)
    task = context.task.name
    settings = {"task": task, "c_points": 3, **DRAWN[task].settings}
    networks = [small.name, second]
    with make_contexts(draw_table(drawn, task), small.store, tmp_path / "out", networks, **settings) as both:
        assert_saved_alike(ENSEMBLES[name](both[0], both, []), both[0], tmp_path / "model")


@pytest.mark.slow
@pytest.mark.parametrize("head", HEADS)
def test_every_head_is_answered_alike_wherever_it_runs(head: str, context: FitContext, tmp_path: Path) -> None:
    if head in context.task.heads.heads:
        own = choose_settings(context, head=head, mlp_units=16, mlp_epochs=8)
        (planned,) = STRATEGIES["linear-probe"](own)
        assert_saved_alike(planned.make(), own, tmp_path / "model")


@pytest.mark.slow
@pytest.mark.parametrize("strategy", TRAINING)
def test_a_trained_network_is_answered_alike_wherever_it_runs(
    strategy: str, context: FitContext, tmp_path: Path
) -> None:
    if not makes_sense(strategy, context.task):
        return
    own = choose_settings(context, epochs=1, augmentation="standard", refit="never")
    (planned,) = STRATEGIES[strategy](own)
    arm = planned.make()
    assert arm.trains
    assert np.isfinite(arm.outputs).all()
    assert all(np.isfinite([epoch.train_loss, epoch.validation_loss]).all() for epoch in arm.curves)
    left_out = [note for note in own.log.notes if note.startswith(f"{context.task.title}: ")]
    assert len(left_out) == ("crop" not in context.task.invariances and "*" not in context.task.invariances)
    assert_saved_alike(arm, own, tmp_path / "model", CLOSE_TRAINED)


def list_own_choices(task: Task) -> list[tuple[str, Any]]:
    """The values of the settings of a task's own that are chosen from a few."""
    fields = task.settings.model_fields if task.settings is not None else {}
    choices = [(name, value) for name, field in fields.items() for value in get_args(field.annotation)]
    return [(name, value) for name, value in choices if isinstance(value, str | bool)]


@pytest.mark.slow
def test_every_choice_of_its_own_is_answered_alike_wherever_it_runs(context: FitContext, tmp_path: Path) -> None:
    """Calibrations, weights and such."""
    for number, (name, value) in enumerate(list_own_choices(context.task)):
        own = choose_settings(context, **{name: value})
        (planned,) = STRATEGIES["linear-probe"](own)
        assert_saved_alike(planned.make(), own, tmp_path / f"model{number}")
