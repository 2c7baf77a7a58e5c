import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from headstart.data.samples import FileStatus, LedgerEntry, Sample
from headstart.data.sources import ArraySource
from headstart.diagnostics.shortcuts import Shortcut, probe_shortcuts
from headstart.modalities.image.cues import list_cues
from headstart.modalities.image.stats import ImageStats
from tests.groups import by_content

SOURCE = ArraySource(np.zeros((1, 1, 1), np.uint8), 0)


def properties(width: int, height: int, camera: str) -> dict:
    return {"width": width, "height": height} | ({"camera": camera} if camera else {})


def made(n, seed=0, colour=None, **given):
    """Photos of which nothing says anything about their class."""
    random = np.random.default_rng(seed)
    drawn = {
        "format": random.choice(["JPEG", "PNG"], n),
        "width": random.integers(100, 900, n),
        "height": random.integers(100, 900, n),
        "camera": random.choice(["", "Canon", "SONY"], n),
    } | given
    samples = [Sample(f"{i}.jpg", str(i), 0, by_content(str(i)), None, SOURCE) for i in range(n)]
    entries = {
        f"{i}.jpg": LedgerEntry(
            f"{i}.jpg", FileStatus.ACCEPTED, "", "x", str(i), str(a), properties(int(b), int(c), str(d))
        )
        for i, (a, b, c, d) in enumerate(zip(*drawn.values(), strict=True))
    }
    colour = random.random((n, 8, 8, 3)).astype(np.float32) if colour is None else colour
    stats = ImageStats(np.zeros((n, 24, 24), "f"), colour, *np.zeros((4, n), "f"))
    return list_cues([entries[sample.name].all_properties for sample in samples], stats)


def probed(photos, labels, groups=None, classifier=0.9, seed=0) -> dict[str, Shortcut]:
    groups = np.arange(len(labels)) if groups is None else groups
    return {it.cue: it for it in probe_shortcuts(photos, labels, groups, classifier, seed)}


def coloured(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((n, 8, 8, 3)).astype(np.float32)


def test_the_file_format_gives_the_class_away():
    labels = np.arange(200) % 2
    found = probed(made(200, format=np.where(labels, "PNG", "JPEG")), labels)
    assert found["file"].accuracy == 1.0
    assert found["file"].significant
    assert found["file"].low > 0.95
    assert found["file"].share_of_gain == pytest.approx((1 - 0.5) / (0.9 - 0.5))
    assert not found["border"].significant
    assert not found["mean colour"].significant


@pytest.mark.parametrize("column", ["camera", "width"])
def test_other_facts_of_the_file_do_so_too(column):
    labels = np.arange(240) % 3
    values = {"camera": ["Canon", "SONY", ""], "width": [640, 641, 642]}[column]
    found = probed(made(240, **{column: np.array(values)[labels]}), labels)
    assert found["file"].accuracy > 0.98
    assert found["file"].chance == pytest.approx(1 / 3)


def test_a_shape_between_two_others_needs_a_curve():
    """Square photos against lying and standing ones: no line through width and height tells them."""
    random = np.random.default_rng(5)
    labels = np.arange(200) % 2
    long = random.uniform(1.5, 2.5, 200) ** random.choice([-1, 1], 200)
    height = random.integers(300, 900, 200)
    width = height * np.where(labels, long, random.uniform(0.9, 1.1, 200))
    assert probed(made(200, width=width.astype(int), height=height), labels)["file"].accuracy > 0.95


def test_a_coloured_border_gives_the_class_away_and_the_middle_does_not():
    labels = np.arange(160) % 2
    border = coloured(160) * 0.5
    border[:, 0, :, 0] += 0.5 * labels[:, None]
    border[:, -1, :, 0] += 0.5 * labels[:, None]
    found = probed(made(160, colour=border), labels)
    assert found["border"].accuracy > 0.97
    assert found["border"].significant
    middle = coloured(160) * 0.5
    middle[:, 1:-1, 1:-1] += 0.5 * labels[:, None, None, None]
    found = probed(made(160, colour=middle), labels)
    assert not found["border"].significant
    assert found["mean colour"].accuracy > 0.97
    assert not found["file"].significant


def written(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Strokes that fill the frame: two classes, told in the middle, and a little where they reach the border."""
    random = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    colour = coloured(n, seed=seed) * 0.4
    told = random.random(n) < 0.8  # of the others nothing is seen
    reach = np.where(random.random(n) < 0.5, 1, 2)[:, None, None] <= np.arange(8)[None, :, None]
    colour[:, :, 3:5] += (
        0.5 * labels[:, None, None] * reach * random.uniform(0.5, 1, (n, 1, 1)) * told[:, None, None]
    )[..., None]
    colour[:, 3:5, :] += (0.5 * ((1 - labels) * told)[:, None, None] * random.uniform(0.5, 1, (n, 1, 1)))[..., None]
    hidden = random.random(n) < 0.4  # in so many the border is cut off
    ring = np.ones((8, 8), bool)
    ring[1:-1, 1:-1] = False
    colour[np.ix_(hidden, range(8), range(8))] *= np.where(ring, 0, 1)[..., None]
    return colour.astype(np.float32), labels


def test_a_border_that_what_is_shown_reaches_into_is_no_finding_of_its_own():
    colour, labels = written(400)
    found = probed(made(400, colour=colour), labels)["border"]
    assert found.significant
    assert found.accuracy > 0.7
    assert found.reached_by_subject


@pytest.mark.parametrize("share", [1.0, 0.8])
def test_a_frame_or_a_stamp_is_found_though_what_is_shown_reaches_the_border(share):
    colour, labels = written(400)
    random = np.random.default_rng(1)
    marked = random.random(400) < share
    if share == 1:
        colour[:, 0, :, 0] += 0.3 * labels[:, None]
    else:
        colour[marked, 7, 6:, 2] += 0.9 * labels[marked, None]
    found = probed(made(400, colour=colour.astype(np.float32)), labels)["border"]
    assert found.significant
    assert not found.reached_by_subject


def test_the_border_of_handwritten_digits_is_no_finding_but_a_frame_around_them_is():
    digits = load_digits()
    labels = digits.target[:700]
    colour = np.repeat((digits.images[:700] / 16).astype(np.float32)[..., None], 3, axis=3)
    plain = probed(made(700, colour=colour), labels, classifier=0.97)["border"]
    assert plain.significant
    assert plain.share_of_gain > 0.5
    assert plain.reached_by_subject
    framed = colour * 0.7
    shades = np.random.default_rng(0).random((10, 3))[labels].astype(np.float32)
    for side in (np.s_[:, 0], np.s_[:, -1], np.s_[:, :, 0], np.s_[:, :, -1]):
        framed[side] += 0.3 * shades[:, None]
    found = probed(made(700, colour=framed), labels, classifier=0.97)["border"]
    assert found.accuracy > 0.98
    assert not found.reached_by_subject


def test_a_background_is_a_finding_in_the_border_too():
    labels = np.arange(300) % 2
    colour = coloured(300) * 0.5
    colour += 0.15 * labels[:, None, None, None]
    found = probed(made(300, colour=colour.astype(np.float32)), labels)
    assert found["border"].significant
    assert not found["border"].reached_by_subject
    assert not found["mean colour"].reached_by_subject


@pytest.mark.slow
def test_noise_tells_nothing():
    """At most 5 % of results may hold a clue that is none; of 60 drawn ones 3 are expected, 7 are exceeded in 1 %."""
    random = np.random.default_rng(3)
    photos = made(150, seed=3)
    labels = [random.integers(0, 3, 150) for _ in range(60)]
    false = [any(it.significant for it in probed(photos, its, seed=i).values()) for i, its in enumerate(labels)]
    assert sum(false) <= 7


def test_photos_of_one_group_do_not_give_each_other_away():
    """Twenty sessions of ten alike photos, a class drawn for each: one says nothing of another."""
    random = np.random.default_rng(9)
    session = np.repeat(np.arange(20), 10)
    labels = random.permutation(np.arange(20) % 2)[session]
    colour = coloured(20, seed=9)[session] + random.normal(0, 0.01, (200, 8, 8, 3)).astype(np.float32)
    photos = made(200, colour=colour)
    apart, torn = probed(photos, labels, session), probed(photos, labels)
    assert torn["border"].accuracy > 0.9
    assert apart["border"].accuracy < 0.75
    assert not apart["border"].significant
    assert apart["border"].high - apart["border"].low > 2 * (torn["file"].high - torn["file"].low)


def test_a_second_opinion_on_the_accuracy():
    """scikit-learn's discriminant with the same shrinkage and equal priors, folds of its own."""
    random = np.random.default_rng(1)
    labels = random.choice(3, 400, p=[0.6, 0.3, 0.1])
    colour = coloured(400, seed=1) * 0.3 + 0.02 * labels[:, None, None, None].astype(np.float32)
    rows = colour.mean(axis=(1, 2))
    pairs = np.stack([rows[:, a] * rows[:, b] for a in range(3) for b in range(a, 3)], axis=1)
    rows = np.hstack([rows, pairs])
    rows = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.1, priors=[1 / 3] * 3)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    other = balanced_accuracy_score(labels, cross_val_predict(model, rows, labels, cv=folds))
    found = probed(made(400, colour=colour), labels)["mean colour"]
    assert found.accuracy == pytest.approx(other, abs=0.05)
    assert found.low < found.accuracy < found.high


def test_a_classifier_that_is_no_better_than_a_guess():
    labels = np.arange(100) % 2
    found = probed(made(100, format=np.where(labels, "PNG", "JPEG")), labels, classifier=0.5)
    assert found["file"].share_of_gain == 1.0
    alike = made(100, format=["JPEG"] * 100, width=[9] * 100, height=[9] * 100, camera=[""] * 100)
    nothing = probed(alike, labels, classifier=0.5)["file"]
    assert (nothing.accuracy, nothing.significant, nothing.share_of_gain) == (0.5, False, 0.0)


def test_hardly_any_photos():
    assert probe_shortcuts(made(0), np.zeros(0, np.int64), np.zeros(0, np.int64), 0.5, 0) == ()
    assert probe_shortcuts(made(5), np.zeros(5, np.int64), np.arange(5), 0.5, 0) == ()
    for labels in (np.array([0, 1]), np.array([0, 4, 4, 4])):
        found = probed(made(len(labels)), labels)
        assert not any(it.significant for it in found.values())
        assert all(0 <= it.low <= it.accuracy <= it.high <= 1 for it in found.values())
    one_group = probed(made(8), np.arange(8) % 2, np.zeros(8, np.int64))
    assert not any(it.significant for it in one_group.values())
    assert one_group["border"].low <= 0.5 <= one_group["border"].high


def test_it_is_the_same_twice():
    labels = np.random.default_rng(0).integers(0, 6, 300)
    photos = made(300)
    assert probed(photos, labels) == probed(photos, labels)
