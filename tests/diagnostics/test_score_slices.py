import numpy as np
import pytest
from scipy import stats

from headstart.data.samples import Sample
from headstart.data.sources import ArraySource
from headstart.diagnostics.score_slices import compute_score_slices
from headstart.diagnostics.slices import LEAST, describe_worst_slice
from headstart_runtime.modalities.facets import NamedProperty, NumericProperty
from headstart_runtime.tasks.task import Measure
from tests.groups import by_content

SOURCE = ArraySource(np.zeros((1, 1, 1), np.uint8), 0)
ERROR = Measure("absolute error", "squared error", share=False, greater=False)
JACCARD = Measure("Jaccard index", "log loss")


def draw_samples(n: int) -> list[Sample]:
    return [Sample(f"{'ab'[i % 2]}/{i}.png", f"{i:040x}", 0.0, by_content(str(i)), None, SOURCE) for i in range(n)]


def test_the_slice_with_planted_errors_is_the_worst() -> None:
    chance = np.random.default_rng(0)
    cameras = [["old"] if i % 5 == 0 else ["new"] for i in range(300)]
    errors = np.abs(chance.normal(0, 1, 300)) + np.array([2.0 if names == ["old"] else 0.0 for names in cameras])
    light = NumericProperty("light", chance.normal(50, 20, 300), ("dark", "middle", "bright"))
    found = compute_score_slices(draw_samples(300), [NamedProperty("camera", cameras), light], {"cat"}, -errors, ERROR)
    assert (found.n, found.score) == (300, pytest.approx(errors.mean()))
    assert (found.measure, found.share, found.greater, found.least) == ("absolute error", False, False, LEAST)
    assert found.worst is not None
    assert (found.worst.by, found.worst.value, found.worst.n) == ("camera", "old", 60)
    assert found.worst.score == pytest.approx(errors[::5].mean())
    assert found.worst.low < found.worst.score < found.worst.high
    rest = np.arange(300) % 5 != 0
    wanted = stats.ttest_ind(errors[~rest], errors[rest], equal_var=False, alternative="greater").pvalue
    assert found.worst.p == pytest.approx(wanted, rel=1e-6)
    assert [one.worse for one in found.slices].count(True) == 1
    assert {one.by for one in found.slices} == {"camera", "light", "folder"}
    assert describe_worst_slice(found.worst) == "worst where camera is old"


def test_scores_that_are_shares_keep_their_sign_and_unknown_ones_are_left_out() -> None:
    scores = np.tile([1.0, 0.5, 0.75, 0.0], 30)
    scores[::3] = np.nan
    found = compute_score_slices(draw_samples(120), [], (), scores, JACCARD)
    assert found.n == 80
    assert found.score == pytest.approx(np.nanmean(scores))
    assert sum(one.n for one in found.slices if one.by == "folder") == 80
    assert all(0 <= one.score <= 1 for one in found.slices)


def test_folders_of_labels_are_none_and_too_small_slices_neither() -> None:
    named = NamedProperty("camera", [["one"]] * (LEAST - 1) + [["two"]] * 40)
    samples = draw_samples(LEAST + 39)
    found = compute_score_slices(samples, [named], {"a", "b"}, np.zeros(len(samples)), ERROR)
    assert found.slices == ()
    assert found.worst is None
    assert compute_score_slices([], [], (), np.zeros(0), ERROR).n == 0
