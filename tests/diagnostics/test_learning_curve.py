import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import recall_score
from sklearn.preprocessing import StandardScaler

from headstart.diagnostics import learning_curve as module
from headstart.diagnostics.learning_curve import LearningCurve, fit_learning_curve
from headstart.evaluation.grouping import Targets
from headstart.heads.catalog import HEADS
from headstart.heads.head import Dense, FitResult, Head, TrainingSet
from headstart.heads.subsample import choose_tolerance
from headstart.settings import HeadSettings
from headstart.tasks.classification.targets import make_class_space
from headstart_runtime.tasks.task import get_task

FIXED = {"logistic": {"C": 0.1}, "ridge": {"penalty": 100.0, "temperature": 3.0}, "lda": {"shrinkage": 0.5}}


def draw(n, *, classes=3, width=60, apart=1.5, seed=0, spread=1.0):
    """Features around a mean for each class."""
    random = np.random.default_rng(seed)
    means = np.random.default_rng(99).normal(0, apart, (classes, width)) / np.sqrt(width) * 4
    labels = np.arange(n) % classes
    noise = random.normal(0, spread, (n, width))
    return (means[labels] + noise * 2).astype(np.float32), labels


def fit_classes(train, features, labels, fit, options, fixed, seed, names) -> LearningCurve | None:
    task, space = get_task("classification"), make_class_space(names)
    return fit_learning_curve(train, features, Targets.independent(labels), fit, options, fixed, task, space, seed)


def curve(n, held_out=600, *, head="logistic", seed=0, groups=None, **how) -> LearningCurve | None:
    features, labels = draw(n, **how)
    more, truth = draw(held_out, **{**how, "seed": 1000})
    classes = how.get("classes", 3)
    task = TrainingSet(features, labels, classes, np.arange(n) if groups is None else groups, balanced=False, seed=0)
    names = [f"class {i}" for i in range(classes)]
    options = HeadSettings.model_validate({})
    return fit_classes(task, more, truth, HEADS[head], options, FIXED[head], seed, names)


@pytest.mark.parametrize("head", ["logistic", "ridge", "lda"])
def test_sizes_are_an_eighth_to_all_and_accuracy_rises(head):
    found = curve(480, head=head)
    assert [(size.samples, size.repeats) for size in found.sizes] == [(60, 6), (120, 6), (240, 6), (480, 1)]
    accuracies = [size.score for size in found.sizes]
    assert accuracies == sorted(accuracies)
    assert all(size.low < size.score < size.high for size in found.sizes)
    losses = [size.loss for size in found.sizes]
    assert losses == sorted(losses, reverse=True)


def test_the_last_point_is_what_scikit_learn_says_of_all_photos():
    found = curve(300)
    (features, labels), (more, truth) = draw(300), draw(600, seed=1000)
    scaler = StandardScaler().fit(features)
    model = LogisticRegression(C=0.1, tol=1e-8, max_iter=5000).fit(scaler.transform(features), labels)
    said = model.predict(scaler.transform(more))
    assert found.sizes[-1].score == pytest.approx((said == truth).mean(), abs=0.004)
    by_name = {gain.name: gain for gain in found.gains}
    for label, recall in enumerate(recall_score(truth, said, average=None)):
        assert by_name[f"class {label}"].recall_all == pytest.approx(recall, abs=0.01)


def test_the_gain_of_doubling_is_predicted():
    """Half of the photos foretell what all of them reach; noise in what is reached is a point."""
    half, whole = curve(240, 3000, apart=1), curve(480, 3000, apart=1)
    reached = whole.sizes[-1].score - half.sizes[-1].score
    assert reached > 0.02
    assert half.doubling == pytest.approx(reached, abs=0.01)


def test_a_power_law_is_continued():
    photos = np.array([100.0, 200, 400, 800])
    errors = 0.8 * photos**-0.4
    foretold = module._extrapolate(1 - errors[None], photos, 1e-9)[0]
    assert foretold == pytest.approx(0.8 * 800**-0.4 - 0.8 * 1600**-0.4)
    assert module._extrapolate(np.ones((1, 4)), photos, 0.01)[0] == pytest.approx(0, abs=1e-12)
    assert module._extrapolate(np.full((1, 4), 0.7), photos, 0.01)[0] == pytest.approx(0, abs=1e-12)


def test_where_all_is_right_or_nothing_can_be_learnt_no_gain_is_promised():
    easy = curve(240, apart=20)
    assert easy.sizes[-1].score == 1
    assert easy.doubling is None
    assert easy.sizes[-1].low < 1
    hopeless = [curve(240, 300, apart=0, seed=seed) for seed in range(8)]
    assert sum(found.doubling is not None for found in hopeless) <= 2


def test_the_class_that_gains_most_stands_first():
    """Two classes that are easily told from a third and hardly from each other."""

    def of(n, seed):
        random = np.random.default_rng(seed)
        labels = np.arange(n) % 3
        features = random.normal(0, 1, (n, 400))
        features[:, :40] += np.where(labels == 2, 3.0, 0.0)[:, None]
        features[:, 40:] += np.where(labels == 1, 0.2, 0.0)[:, None]
        return features.astype(np.float32), labels

    (features, labels), (more, truth) = of(240, 1), of(1500, 2)
    task = TrainingSet(features, labels, 3, np.arange(240), balanced=False, seed=0)
    options = HeadSettings.model_validate({})
    found = fit_classes(task, more, truth, HEADS["logistic"], options, {"C": 0.01}, 0, ["a", "b", "far"])
    assert {gain.name for gain in found.gains[:2]} == {"a", "b"}
    assert found.gains[0].low > 0
    assert found.gains[-1].name == "far"
    assert found.gains[-1].low < 0 < found.gains[-1].high or found.gains[-1].gain == 0
    for gain in found.gains:
        assert gain.gain == pytest.approx(gain.recall_all - gain.recall_half)
        assert gain.low < gain.gain < gain.high


class Recorder:
    """Stands in for a head: keeps what it is fitted on, and answers with the commonest class."""

    def __init__(self):
        self.tasks = []

    def __call__(self, task, options, fixed):
        self.tasks.append((task, options, fixed))
        bias = np.bincount(task.targets, minlength=task.outputs).astype(np.float32)
        layer = Dense(np.zeros((task.features.shape[1], task.outputs), np.float32), bias)
        return FitResult(Head("logistic", (layer,)), {}, (), 0.0)


def test_parts_are_stratified_disjoint_and_keep_groups_together():
    random = np.random.default_rng(0)
    groups = np.repeat(np.arange(80), 3)
    labels = np.repeat(random.permutation(np.arange(80) % 2), 3)
    task = TrainingSet(np.arange(240, dtype=np.float32)[:, None], labels, 2, groups, balanced=True, seed=5)
    fit = Recorder()
    fit_classes(task, task.features, labels, fit, "options", {"C": 3.0}, 0, ["a", "b"])
    assert len(fit.tasks) == 6 + 6 + 6 + 1
    assert all((options, fixed) == ("options", {"C": 3.0}) for _, options, fixed in fit.tasks)
    for size, start in ((30, 0), (60, 6), (120, 12)):
        sets = [set(part.features[:, 0].astype(int)) for part, _, _ in fit.tasks[start : start + 6]]
        assert all(abs(len(rows) - size) <= 6 for rows in sets)
        assert len(sets[0] & sets[1]) == 0
        assert len({frozenset(rows) for rows in sets}) == 6
        for part, _, _ in fit.tasks[start : start + 6]:
            rows = part.features[:, 0].astype(int)
            assert np.array_equal(part.targets, labels[rows])
            assert np.array_equal(part.groups, groups[rows])
            assert (np.bincount(part.groups)[np.unique(part.groups)] == 3).all()
            counts = np.bincount(part.targets)
            assert abs(counts[0] - counts[1]) <= 6
            assert (part.balanced, part.seed) == (True, 5)
    whole = fit.tasks[-1][0]
    assert whole.features is task.features
    assert {part.tolerance for part, _, _ in fit.tasks} == {choose_tolerance(240)}


@pytest.mark.parametrize(("few", "some", "repeats"), [(240, 300, 6), (239, 240, 3), (100, 239, 2)])
def test_of_more_rows_there_are_fewer_heads(few, some, repeats, monkeypatch):
    monkeypatch.setattr(module, "REPEATS", ((few, 6), (some, 3)))
    labels = np.arange(240) % 2
    task = TrainingSet(np.arange(240, dtype=np.float32)[:, None], labels, 2, np.arange(240), balanced=True, seed=5)
    fit = Recorder()
    found = fit_classes(task, task.features, labels, fit, "options", {"C": 3.0}, 0, ["a", "b"])
    assert len(fit.tasks) == 3 * repeats + 1
    assert [point.repeats for point in found.sizes] == [repeats] * 3 + [1]


def test_intervals_hold_what_other_photos_would_say():
    """Of 40 curves from other photos of both kinds, 95 % of intervals should hold the mean over all of them."""
    found = []
    for seed in range(40):
        features, labels = draw(160, seed=seed, width=30)
        more, truth = draw(200, seed=5000 + seed, width=30)
        task = TrainingSet(features, labels, 3, np.arange(160), balanced=False, seed=0)
        fixed = {"shrinkage": 0.5}
        options = HeadSettings.model_validate({})
        found.append(fit_classes(task, more, truth, HEADS["lda"], options, fixed, seed, ["a", "b", "c"]))
    for place in range(4):
        mean = np.mean([it.sizes[place].score for it in found])
        held = [it.sizes[place].low <= mean <= it.sizes[place].high for it in found]
        assert np.mean(held) >= 0.87, place
    gains = {
        name: np.array([[g.gain, g.low, g.high] for it in found for g in it.gains if g.name == name]) for name in "abc"
    }
    for rows in gains.values():
        mean = rows[:, 0].mean()
        assert np.mean((rows[:, 1] <= mean) & (mean <= rows[:, 2])) >= 0.87


@pytest.mark.parametrize("n", [0, 6, 23])
def test_too_few_photos_for_a_curve(n):
    assert curve(n) is None


def test_groups_count_and_not_photos():
    assert curve(48) is not None
    assert curve(48, groups=np.arange(48) // 12) is None


def test_nothing_held_out_and_a_class_without_held_out_photos():
    assert curve(60, held_out=0) is None
    found = curve(60, held_out=2)
    assert {gain.name for gain in found.gains} == {"class 0", "class 1"}
    assert all(np.isfinite([size.low, size.high, size.loss]).all() for size in found.sizes)


def test_it_is_the_same_twice_and_another_with_another_seed():
    first = curve(120)
    assert curve(120) == first
    assert curve(120, seed=1) != first
