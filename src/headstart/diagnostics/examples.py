"""Test samples that are worth a look: a report shows these."""

from headstart.data.samples import Sample
from headstart.selection.results import TestResult

CLOSE = 12  #: worst mistakes, and as many that the classifier was least sure of
TEST = 1000  #: most test samples that a click on the confusion matrix shows; mistakes go first


def select_examples(test: TestResult) -> list[Sample]:
    """Return the worst answers, then those that were least sure; each sample once."""
    rows = test.task.scoring.pick_rows(test.targets, test.answers.outputs, CLOSE, test.postprocessor)
    return [test.samples[row] for row in rows.tolist()]


def select_test_samples(test: TestResult) -> list[Sample]:
    """Return the test samples that are shown at all: mistakes first, then the others as they come."""
    return [test.samples[row] for row in test.rank()[:TEST].tolist()]
