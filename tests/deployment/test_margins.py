"""Items that are answered otherwise, and how far their two answers lay apart."""

import numpy as np

from headstart.deployment.margins import find_differing, measure_margins
from headstart_runtime.tasks.task import get_task


def test_a_margin_is_the_difference_of_the_two_probabilities() -> None:
    wanted = {"probabilities": np.array([[0.9, 0.1, 0.0], [0.42, 0.40, 0.18], [0.5, 0.2, 0.3]])}
    found = {"probabilities": np.array([[0.8, 0.2, 0.0], [0.37, 0.43, 0.20], [0.2, 0.2, 0.6]])}
    task = get_task("classification")
    differing = find_differing(task, wanted, found)
    assert differing.tolist() == [False, True, True]
    apart = np.abs(found["probabilities"] - wanted["probabilities"])
    margins = measure_margins(task, wanted, found, apart, differing)
    np.testing.assert_allclose(margins, [0.02, 0.2], atol=2e-3)


def test_labels_that_no_number_decides_count_all_of_the_way() -> None:
    wanted = {"probabilities": np.array([[0.9, 0.2]]), "labels": np.array([[True, False]])}
    found = {"probabilities": np.array([[0.8, 0.2]]), "labels": np.array([[True, True]])}
    task = get_task("multilabel")
    differing = find_differing(task, wanted, found)
    assert differing.tolist() == [True]
    apart = np.abs(found["probabilities"] - wanted["probabilities"])
    np.testing.assert_allclose(measure_margins(task, wanted, found, apart, differing), [0.1])


def test_equal_answers_have_none() -> None:
    outputs = {"probabilities": np.array([[0.9, 0.1]])}
    task = get_task("classification")
    differing = find_differing(task, outputs, outputs)
    assert not differing.any()
    assert measure_margins(task, outputs, outputs, np.zeros((1, 2)), differing).tolist() == []
