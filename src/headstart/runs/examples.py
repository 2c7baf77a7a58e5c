"""The photos that what was found speaks of."""

from collections.abc import Iterator

from headstart.data.samples import Sample, Subset
from headstart.diagnostics.examples import select_examples, select_test_samples
from headstart.diagnostics.run import Diagnostics

SUSPECTS, PAIRS, LEAKS, FLAWED = 60, 60, 60, 12  #: most that are shown of each, and of each kind of flaw


def shown_photos(it: Diagnostics) -> list[Sample]:
    """Those that a report shows, each once."""
    known = {sample.id: sample for sample in it.subject.material.samples.samples}
    judged = it.subject.judged
    return _once([*select_test_samples(judged), *select_examples(judged), *(known[id_] for id_ in _named(it))])


def mentioned_photos(it: Diagnostics) -> list[Sample]:
    """Those that were judged, and those that are shown; each once."""
    return _once([*it.subject.material.samples_in(Subset.VALIDATION), *it.subject.judged.samples, *shown_photos(it)])


def _once(samples: list[Sample]) -> list[Sample]:
    return list({sample.id: sample for sample in samples}.values())


def _named(it: Diagnostics) -> Iterator[str]:
    for suspect in it.labels.issues[:SUSPECTS]:
        yield suspect.id
    for pair in it.subject.duplicates[:PAIRS]:
        yield from (pair.first, pair.second)
    for leak in it.leaks[:LEAKS]:
        yield from (leak.held_out, leak.seen)
    for flaw in it.issues.images:
        yield from flaw.ids[:FLAWED]
    for alike in it.similar.values():
        yield from (other.id for other in alike)
