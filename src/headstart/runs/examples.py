"""The samples that the diagnostics of a run speak of."""

from collections.abc import Iterator

from headstart.data.samples import Sample, Subset
from headstart.diagnostics.examples import select_examples, select_test_samples
from headstart.diagnostics.run import Diagnostics
from headstart.selection.context import FitContext
from headstart.selection.results import TestResult

PAIRS, LEAKS = 60, 60  #: most that are shown of each


def select_shown_samples(diagnostics: Diagnostics, context: FitContext, test: TestResult) -> list[Sample]:
    """Return the samples that a report shows, each once."""
    known = {sample.id: sample for sample in context.samples.samples}
    return _once(
        [*select_test_samples(test), *select_examples(test), *(known[id_] for id_ in _named_ids(diagnostics, context))]
    )


def select_mentioned_samples(diagnostics: Diagnostics, context: FitContext, test: TestResult) -> list[Sample]:
    """Return the samples of validation and test, and those that are shown; each once."""
    shown = select_shown_samples(diagnostics, context, test)
    return _once([*context.samples_in(Subset.VALIDATION), *test.samples, *shown])


def _once(samples: list[Sample]) -> list[Sample]:
    return list({sample.id: sample for sample in samples}.values())


def _named_ids(diagnostics: Diagnostics, context: FitContext) -> Iterator[str]:
    if (own := context.task.diagnostics) is not None:
        yield from own.list_ids(diagnostics.findings)
    for pair in diagnostics.duplicates.pairs[:PAIRS]:
        yield from (pair.first, pair.second)
    for leak in diagnostics.leakage.leaks[:LEAKS]:
        yield from (leak.held_out, leak.seen)
    for alike in diagnostics.similar.values():
        yield from (other.id for other in alike)
