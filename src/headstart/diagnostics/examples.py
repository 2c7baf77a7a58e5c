"""Which of the judged photos are worth a look: a report shows these."""

import numpy as np

from headstart.data.samples import Sample
from headstart.selection.results import TestResult

CLOSE = 12  #: worst mistakes, and as many that the classifier was least sure of
TEST = 1000  #: most test photos that a click on the confusion matrix shows; mistakes go first


def select_examples(judged: TestResult) -> list[Sample]:
    """The worst mistakes, the surest first, then the answers that were least sure; each photo once."""
    sure = judged.answers.probabilities.max(axis=1)
    wrong = np.flatnonzero(~judged.right)
    worst = wrong[np.argsort(-sure[wrong], kind="stable")][:CLOSE]
    unsure = np.argsort(sure, kind="stable")[:CLOSE]
    return [judged.samples[index] for index in dict.fromkeys([*worst.tolist(), *unsure.tolist()])]


def select_test_samples(judged: TestResult) -> list[Sample]:
    """The test photos that are shown at all: mistakes first, then the others as they come."""
    order = np.argsort(judged.right, kind="stable")[:TEST]
    return [judged.samples[index] for index in order]
