"""Every way to an answer, on items of every modality, for every task: answered alike wherever it runs, or refused.

Each combination is fitted on a small network, saved, and answered by the fitted model, the saved heads, ONNX Runtime
and OpenVINO. The fast tests hold every pair of modality, task and way, the slow ones all. What is not meant to work is
refused in one line that says why.
"""

import json
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from headstart.data.samples import Subset
from headstart.evaluation.evaluation import Evaluation
from headstart.heads.catalog import HEADS
from headstart.heads.kernel_rows import can_read_kernel_rows
from headstart.pipeline.arms import check_training
from headstart.pipeline.backbones import LoadedBackbone, LoadedBackbones
from headstart.pipeline.model import save_checked
from headstart.pipeline.postprocess import postprocess_winner
from headstart.saving import FittedModel
from headstart.selection import STRATEGIES
from headstart.selection.arm import Arm, refit_model
from headstart.selection.arm_specs import ArmSpec, makes_sense, select_arms
from headstart.selection.context import FitContext
from headstart.selection.ensembles import ENSEMBLES
from headstart.selection.probes import base_head_name, fit_task_head
from headstart.settings import FitSettings
from headstart.training.obstacle import TRAINING
from headstart_runtime.errors import ClassifierError, SettingError
from headstart_runtime.inference.classifier import Classifier
from headstart_runtime.modalities.modality import get_modality
from headstart_runtime.modalities.terms import get_term_modality
from headstart_runtime.tasks.task import Task
from tests.contracts.conftest import Contexts, choose_settings
from tests.contracts.drawn_items import ITEMS, leaves_out
from tests.contracts.drawn_tasks import DRAWN, ENGINES, answer_every_way, assert_same_answers
from tests.contracts.pairwise import parametrize_product

MODALITIES, TASKS = list(ITEMS), list(DRAWN)
CLOSE, CLOSE_TRAINED = 2e-3, 2e-2  #: share of a number's range; a trained network is cut out of a graph and saved anew
PROBED = ("linear-probe", "intermediate-probe", "tfidf", "average", "vote")
JOINED = ("concat", "concat-all")
NOT_OF_MODALITY = {"image": {"tfidf"}, "text": set(), "sound": {"tfidf"}, "vector": {"tfidf"}}
NOT_OF_TASK = {
    "classification": set(),
    "multilabel": set(),
    "regression": {"vote"},
    "ordinal": {"vote"},
    "amount": {"vote", "tfidf", "concat-all"},
}
every_pair = parametrize_product("modality,task", MODALITIES, TASKS)


def save(arm: Arm, context: FitContext, folder: Path) -> tuple[FittedModel, Classifier]:
    """Fit once more and what comes after the heads, as a run does, and save."""
    ready = postprocess_winner(arm, refit_model(context, arm), context)
    classifier = save_checked(ready.model, context, folder)
    kept = ready.model if classifier.record.novelty else ready.model.without_novelty()
    return kept, classifier


def assert_saved_alike(
    arm: Arm, context: FitContext, folder: Path, close: float = CLOSE, engines: Sequence[str] = ENGINES
) -> Classifier:
    model, classifier = save(arm, context, folder / "model")
    samples = context.samples_in(Subset.VALIDATION, Subset.TEST)
    assert_same_answers(answer_every_way(model, classifier, context, samples, engines), context, close)
    task = context.task
    read = task.read_postprocessor(json.loads(json.dumps(model.postprocessor.to_json())), model.space)
    for name, values in model.postprocessor.apply(arm.outputs).items():
        np.testing.assert_array_equal(read.apply(arm.outputs)[name], values)
    outputs = {name: (dtype, shape) for name, dtype, shape in task.graph.list_outputs(read, model.space)}
    assert task.answer in outputs
    batch = model.predict(context.load_all(model.branches, samples)).outputs
    assert {name: (values.dtype.name, values.shape[1:]) for name, values in batch.items()} == outputs
    assert_answers_are_records(classifier, task, samples[0].source.read(), ITEMS[context.samples.modality].broken)
    return classifier


def assert_answers_are_records(classifier: Classifier, task: Task, item: Any, broken: Any) -> None:
    good, bad = classifier.predict([item, broken])
    for one in (good, bad):
        assert json.loads(json.dumps(one.to_json()))["source"] == str(one.source)
    assert json.loads(json.dumps(good.to_json())).keys() == json.loads(json.dumps(bad.to_json())).keys()
    assert (good.error, good.out_of_distribution in (True, False)) == (None, True)
    assert bad.error
    assert good.describe()
    assert len(good.to_cells(1)) == len(task.answer_columns(1, classifier.record.space))
    rows = task.describe_model(classifier.record.space, classifier.record.postprocessor, {})
    assert all(isinstance(text, str) for row in rows for text in row)


def assert_one_line(error: BaseException, *words: str) -> None:
    assert "\n" not in str(error)
    for word in words:
        assert word in str(error)


def name_obstacle(way: str, context: FitContext) -> str:
    """Return a part of why a way is not meant to work; "" for one that is."""
    if not makes_sense(way, context.task):
        return f"{way} is not for {context.task.title}"
    if way == "tfidf" and get_term_modality(get_modality(context.samples.modality)) is None:
        return f"tfidf counts words, and {context.noun.many} have none"
    if way == "tfidf" and not any(map(can_read_kernel_rows, context.task.heads.heads.values())):
        return f"tfidf has no head for {context.task.title}"
    return context.training_obstacle if way in TRAINING else ""


def ask_for(way: str, context: FitContext) -> None:
    """Do what a run does with a way that a user names before anything is fitted."""
    strategy = way in STRATEGIES
    given = {"strategy": way} if strategy else {"arms": f"linear-probe,{way}"}
    specs = (ArmSpec(way),) if strategy else (ArmSpec("linear-probe"), ArmSpec(way))
    assert select_arms(specs, FitSettings.load(**given), context.task) == specs  # type: ignore[arg-type]
    loaded = LoadedBackbone(context.backbone, context.parity_samples, None)  # type: ignore[arg-type]
    check_training(specs, LoadedBackbones((loaded,), None), context.task)
    if strategy:
        STRATEGIES[way](choose_settings(context, strategy=way))


@every_pair
def test_a_way_that_is_not_meant_to_work_is_refused_in_one_line(modality: str, task: str, contexts: Contexts) -> None:
    context = contexts.get(modality, task)
    for way in (*STRATEGIES, *ENSEMBLES):
        if obstacle := name_obstacle(way, context):
            with pytest.raises(SettingError) as refused:
                ask_for(way, context)
            assert_one_line(refused.value, obstacle)
        else:
            ask_for(way, context)


def test_ways_that_are_meant_to_work(contexts: Contexts) -> None:
    """None is lost unnoticed: what each task and each modality has not."""
    for modality, task in product(MODALITIES, TASKS):
        context = contexts.get(modality, task)
        refused = {way for way in (*STRATEGIES, *ENSEMBLES) if name_obstacle(way, context)}
        assert refused == NOT_OF_MODALITY[modality] | NOT_OF_TASK[task], (modality, task)


@every_pair
def test_it_learns(modality: str, task: str, contexts: Contexts) -> None:
    """Better than outputs that belong to other rows."""
    context, probes = contexts.get(modality, task), contexts.probes(modality, task)
    targets, space = context.targets(Subset.VALIDATION), context.samples.space
    measure, score = context.task.measure, context.task.scoring.score
    order = np.random.default_rng(0).permutation(len(probes[0].outputs))
    for arm in probes:
        moved = score("validation", targets, arm.outputs[order], space)
        assert measure.is_better(arm.validation.score, moved.score)
        assert arm.validation.loss < moved.loss


@every_pair
def test_scores_are_those_of_the_rows_and_come_back_from_json(modality: str, task: str, contexts: Contexts) -> None:
    context, arm = contexts.get(modality, task), contexts.probes(modality, task)[0]
    posed, targets = context.task, context.targets(Subset.VALIDATION)
    made = posed.scoring.score("validation", targets, arm.outputs, context.samples.space)
    assert isinstance(made, Evaluation)
    assert posed.scoring.read_evaluation(json.loads(json.dumps(made.to_json()))) == made
    assert made.score_interval.low <= made.score <= made.score_interval.high
    rows = posed.scoring.score_arms(targets, {"a": arm.outputs, "b": arm.outputs})
    assert rows["a"].scores.shape == rows["a"].losses.shape == (len(arm.outputs),)
    outputs = posed.make_postprocessor().apply(arm.outputs)
    assert sorted(posed.scoring.rank_rows(targets, outputs).tolist()) == list(range(len(arm.outputs)))
    picked = posed.scoring.pick_rows(targets, outputs, 3).tolist()
    assert len(set(picked)) == len(picked)
    (pair,) = posed.scoring.run_paired_tests(targets, rows, [("a", "b")], 0)
    assert (pair.difference, pair.exceeds_one_se) == (0, False)


@parametrize_product("modality,task,way", MODALITIES, TASKS, PROBED)
def test_probes_and_ensembles_are_answered_alike_wherever_they_run(
    modality: str, task: str, way: str, contexts: Contexts, tmp_path: Path
) -> None:
    context = contexts.get(modality, task)
    if not name_obstacle(way, context):
        probes = contexts.probes(modality, task)
        named = [arm for arm in probes if arm.strategy == way]
        (arm,) = named[:1] or [ENSEMBLES[way](context, [context], probes)]
        assert_saved_alike(arm, context, tmp_path)


@parametrize_product("modality,task,head", MODALITIES, TASKS, list(HEADS))
def test_a_head_of_the_task_is_fitted_and_another_is_refused(
    modality: str, task: str, head: str, contexts: Contexts
) -> None:
    own = choose_settings(contexts.get(modality, task), head=head, mlp_units=16, mlp_epochs=8)
    posed = own.task
    if head not in posed.heads.heads:
        with pytest.raises(SettingError) as refused:
            base_head_name(own)
        assert_one_line(refused.value, posed.title, repr(head), posed.heads.default)
        return
    rows = own.training_set([own.branch("final")], Subset.TRAIN)
    fitted = fit_task_head(own, head, rows)
    logits = fitted.head.logits(rows.features)
    assert (logits.shape, logits.dtype) == ((len(rows), posed.count_outputs(own.samples.space)), np.float32)
    raw = posed.activate(logits)
    assert (raw.shape, raw.dtype) == ((len(rows), len(own.samples.space)), np.float32)
    assert np.isfinite(raw).all()
    again = fit_task_head(own, head, rows, fixed=fitted.chosen)
    np.testing.assert_allclose(again.head.logits(rows.features), logits, rtol=1e-4, atol=1e-4 * np.abs(logits).max())
    if head in posed.heads.solved:
        held_out = posed.heads.predict_held_out(rows, head, own.settings, fitted.chosen)
        assert (held_out.shape, held_out.dtype) == (raw.shape, np.float32)
        assert np.isfinite(held_out).all()


@pytest.mark.slow
@pytest.mark.parametrize("modality", MODALITIES)
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("head", HEADS)
def test_every_head_is_answered_alike_wherever_it_runs(
    modality: str, task: str, head: str, contexts: Contexts, tmp_path: Path
) -> None:
    context = contexts.get(modality, task)
    if head in context.task.heads.heads:
        own = choose_settings(context, head=head, mlp_units=16, mlp_epochs=8)
        (planned,) = STRATEGIES["linear-probe"](own)
        assert_saved_alike(planned.make(), own, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("modality", MODALITIES)
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("way", JOINED)
def test_joined_networks_are_answered_alike_wherever_they_run(
    modality: str, task: str, way: str, contexts: Contexts, tmp_path: Path
) -> None:
    if name_obstacle(way, contexts.get(modality, task)):
        return
    with contexts.open(modality, task, 0, 1) as both:
        assert_saved_alike(ENSEMBLES[way](both[0], both, []), both[0], tmp_path)


@pytest.mark.slow
@every_pair
def test_features_of_pytorch_are_answered_alike_wherever_they_run(
    modality: str, task: str, contexts: Contexts, tmp_path: Path
) -> None:
    with contexts.open(modality, task, 0, engine="pytorch") as (own,):
        assert own.engine.name == "pytorch"
        (planned,) = STRATEGIES["linear-probe"](own)
        classifier = assert_saved_alike(planned.make(), own, tmp_path, engines=["onnxruntime"])
        with pytest.raises(ClassifierError) as refused:
            classifier.with_engine("openvino")
        assert_one_line(refused.value, "fitted with pytorch", "onnxruntime")


@pytest.mark.slow
@pytest.mark.parametrize("modality", MODALITIES)
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("way", TRAINING)
def test_a_trained_network_is_answered_alike_wherever_it_runs(
    modality: str, task: str, way: str, contexts: Contexts, tmp_path: Path
) -> None:
    context = contexts.get(modality, task)
    if name_obstacle(way, context):
        return
    own = choose_settings(context, epochs=1, refit="never", **ITEMS[modality].views)
    (planned,) = STRATEGIES[way](own)
    arm = planned.make()
    assert arm.trains
    assert np.isfinite(arm.outputs).all()
    assert all(np.isfinite([epoch.train_loss, epoch.validation_loss]).all() for epoch in arm.curves)
    left_out = [note for note in own.log.notes if note.startswith(f"{context.task.title}: ")]
    assert len(left_out) == leaves_out(modality, context.task)
    assert_saved_alike(arm, own, tmp_path, CLOSE_TRAINED)


def list_own_choices(task: Task) -> list[tuple[str, Any]]:
    """The values of the settings of a task's own that are chosen from a few."""
    fields = task.settings.model_fields if task.settings is not None else {}
    choices = [(name, value) for name, field in fields.items() for value in get_args(field.annotation)]
    return [(name, value) for name, value in choices if isinstance(value, str | bool)]


@pytest.mark.slow
@every_pair
def test_every_choice_of_its_own_is_answered_alike_wherever_it_runs(
    modality: str, task: str, contexts: Contexts, tmp_path: Path
) -> None:
    """Calibrations, weights and such."""
    context = contexts.get(modality, task)
    for number, (name, value) in enumerate(list_own_choices(context.task)):
        own = choose_settings(context, **{name: value})
        (planned,) = STRATEGIES["linear-probe"](own)
        assert_saved_alike(planned.make(), own, tmp_path / str(number))
