"""Which photos are shown, and the command that repeats a run."""

import shlex
from pathlib import Path

import numpy as np

from headstart.data.samples import Ledger, Samples
from headstart.diagnostics.examples import CLOSE, TEST, select_examples, select_test_samples
from headstart.evaluation.grouping import Targets
from headstart.runs.recording import build_repeat_command, hash_dataset
from headstart.selection.results import TestResult
from headstart.settings import FitSettings
from headstart.tasks.classification.evaluation import score_predictions
from headstart.tasks.classification.targets import make_class_space
from headstart_runtime.tasks.classification.postprocessor import make_batch

from .test_predictions import sample


def make_test(photos: int, seed: int = 0) -> TestResult:
    chance = np.random.default_rng(seed)
    labels = chance.integers(0, 3, photos)
    rows = chance.dirichlet(np.full(3, 0.5), photos).astype(np.float32)
    samples = tuple(sample(number, label) for number, label in enumerate(labels))
    answers = make_batch(rows, rows, rows > 0.5, None)
    evaluation = score_predictions("test", Targets.independent(labels), rows, ("x", "y", "z"))
    return TestResult(samples, answers, evaluation, photos)


def test_the_worst_mistakes_come_first_then_the_least_sure() -> None:
    it = make_test(200)
    sure = it.answers.probabilities.max(axis=1)
    rank = {photo.id: index for index, photo in enumerate(it.samples)}
    chosen = [rank[photo.id] for photo in select_examples(it)]
    wrong = [index for index in range(200) if it.answers.probabilities[index].argmax() != it.targets.values[index]]
    worst = sorted(wrong, key=lambda index: -sure[index])[:CLOSE]
    assert chosen[:CLOSE] == worst
    assert set(chosen) == {*worst, *sorted(range(200), key=lambda index: sure[index])[:CLOSE]}
    assert len(set(chosen)) == len(chosen)


def test_without_a_mistake_the_least_sure_are_left() -> None:
    rows = np.full((5, 2), [0.4, 0.6], np.float32)
    answers = make_batch(rows, rows, rows > 0.5, None)
    samples = tuple(sample(number, 1) for number in range(5))
    evaluation = score_predictions("test", Targets.independent(np.ones(5, np.int64)), rows, ("a", "b"))
    assert select_examples(TestResult(samples, answers, evaluation, 5)) == list(samples)


def test_of_many_test_photos_the_mistakes_are_shown_first() -> None:
    it = make_test(TEST + 500)
    shown = select_test_samples(it)
    wrong = {
        photo.id
        for photo, row, target in zip(it.samples, it.answers.probabilities, it.targets.values, strict=True)
        if row.argmax() != target
    }
    assert len(shown) == TEST
    assert 100 < len(wrong) <= TEST
    assert {photo.id for photo in shown[: len(wrong)]} == wrong
    assert len({photo.id for photo in shown}) == TEST


def test_the_command_says_what_differs_from_the_defaults() -> None:
    settings = FitSettings.load(
        seed=3, head="auto", out="runs/x", find_rate=True, report=False, arms="linear-probe,average"
    )
    words = shlex.split(build_repeat_command(settings, "my photos/"))
    assert words[:3] == ["headstart", "fit", "my photos/"]
    flags = ["--seed", "3", "--head", "auto", "--find-rate", "--arms", "linear-probe,average", "--no-report"]
    flags += ["--out", str(Path("runs/x-again"))]  # its own is taken
    assert sorted(words[3:]) == sorted(flags)
    assert all(words[words.index(flag) + 1] == value for flag, value in (("--seed", "3"), ("--head", "auto")))


def test_the_digest_of_data_knows_contents_and_labels_only() -> None:
    photos = [sample(1, 0), sample(2, 1), sample(3, 0)]

    def digest(*them) -> str:
        return hash_dataset(Samples(make_class_space(("a", "b")), tuple(them), Ledger(()), "somewhere", "image"))

    assert digest(*photos) == digest(*photos[::-1])
    assert digest(*photos) != digest(*photos[:2])
    assert digest(*photos) != digest(photos[0], sample(2, 0), photos[2])
