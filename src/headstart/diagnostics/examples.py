"""Test photos that are worth a look: a report shows these."""

import numpy as np

from headstart.data.samples import Sample
from headstart.selection.results import TestResult

CLOSE = 12  #: worst mistakes, and as many that the classifier was least sure of
TEST = 1000  #: most test photos that a click on the confusion matrix shows; mistakes go first


def select_examples(test: TestResult) -> list[Sample]:
    """Return the worst mistakes, the surest first, then the answers that were least sure; each photo once."""
    sure = test.answers.probabilities.max(axis=1)
    wrong = np.flatnonzero(~test.right)
    worst = wrong[np.argsort(-sure[wrong], kind="stable")][:CLOSE]
    unsure = np.argsort(sure, kind="stable")[:CLOSE]
    return [test.samples[index] for index in dict.fromkeys([*worst.tolist(), *unsure.tolist()])]


def select_test_samples(test: TestResult) -> list[Sample]:
    """Return the test photos that are shown at all: mistakes first, then the others as they come."""
    order = np.argsort(test.right, kind="stable")[:TEST]
    return [test.samples[index] for index in order]
