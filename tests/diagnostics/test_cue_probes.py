"""Cues alone foretell targets that are numbers: planted ones are found, and named with the output that they tell."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score

from headstart.diagnostics.cue_probes import _Probe, measure_explained, probe_cues
from headstart_runtime.modalities.facets import Cue, Surroundings

N = 400


def draw_cues(**rows: np.ndarray) -> list[Cue]:
    return [
        Cue(name, f"the {name}", lambda own=own: own.astype(np.float32).reshape(len(own), -1))
        for name, own in rows.items()
    ]


def test_a_planted_cue_of_one_label_is_found_and_noise_is_not() -> None:
    chance = np.random.default_rng(0)
    labels = (chance.random((N, 4)) < 0.3).astype(float)
    labels[chance.random((N, 4)) < 0.1] = np.nan
    border = chance.normal(size=(N, 3))
    border[:, 1] += 2 * np.nan_to_num(labels[:, 2])
    cues = draw_cues(border=border, size=chance.normal(size=N), format=chance.integers(0, 2, N))
    found = probe_cues(cues, labels, np.arange(N), np.full(4, 0.8), seed=0)
    first, *others = found
    assert (first.cue, first.words, first.output, first.significant) == ("border", "the border", 2, True)
    assert 0.2 < first.low < first.explained < first.high < 1
    assert first.share_of_gain == pytest.approx(first.explained / 0.8)
    assert not any(other.significant for other in others)
    assert all(other.low <= other.explained <= other.high for other in others)


def test_what_is_explained_is_r2_of_ridge() -> None:
    chance = np.random.default_rng(1)
    rows = chance.normal(size=(N, 5)).astype(np.float32)
    numbers = rows @ chance.normal(size=(5, 2)) + chance.normal(size=(N, 2))
    probe = _Probe(numbers, np.arange(N), seed=3)
    told = probe.predict(rows).explained
    answers = np.zeros((N, 2))
    means = np.zeros((N, 2))
    for held in np.unique(probe._fold):
        inside = probe._fold == held
        centre, spread = rows[~inside].mean(axis=0), rows[~inside].std(axis=0)
        ridge = Ridge(alpha=0.1 * (~inside).sum()).fit((rows[~inside] - centre) / spread, numbers[~inside])
        answers[inside] = ridge.predict((rows[inside] - centre) / spread)
        means[inside] = numbers[~inside].mean(axis=0)
    wanted = 1 - np.square(numbers - answers).sum(axis=0) / np.square(numbers - means).sum(axis=0)
    np.testing.assert_allclose(told, wanted, rtol=1e-4)
    assert measure_explained(numbers, answers) == pytest.approx(
        [r2_score(a, b) for a, b in zip(numbers.T, answers.T, strict=True)]
    )


def test_rows_of_a_group_tell_once() -> None:
    """Twelve rooms, each with a light and a number of its own: many photos of them prove nothing."""
    chance = np.random.default_rng(2)
    room = np.repeat(np.arange(12), 30)
    light, number = chance.normal(size=12)[room], chance.normal(size=12)[room]
    (found,) = probe_cues(draw_cues(light=light), number[:, None], room, np.array([0.5]), seed=0)
    assert not found.significant


def test_a_part_that_the_subject_reaches_into_is_no_shortcut() -> None:
    chance = np.random.default_rng(3)
    subject = chance.normal(size=(N, 4)).astype(np.float32)
    number = subject.sum(axis=1)[:, None] + 0.1 * chance.normal(size=(N, 1))
    border = (subject[:, :1] + subject[:, 1:2]).astype(np.float32)
    noise = chance.normal(size=(N, 1)).astype(np.float32)
    around = Surroundings(subject, subject, np.concatenate([subject, noise], axis=1))
    cue = Cue("border", "the border", lambda: border, lambda: around)
    (found,) = probe_cues([cue], number, np.arange(N), np.array([0.9]), seed=0)
    assert found.significant
    assert found.reached_by_subject


def test_where_there_is_nothing_to_tell() -> None:
    chance = np.random.default_rng(4)
    cues = draw_cues(size=chance.normal(size=N))
    rare = np.zeros((N, 1))
    rare[:5] = 1
    assert probe_cues(cues, rare, np.arange(N), np.array([0.5]), seed=0) == (), "five rows prove nothing"
    assert probe_cues(cues, np.full((N, 1), np.nan), np.arange(N), np.array([0.5]), seed=0) == ()
    assert probe_cues(cues, rare, np.zeros(N, np.int64), np.array([0.5]), seed=0) == ()
    assert np.isnan(measure_explained(np.ones((5, 1)), np.ones((5, 1)))).all()
