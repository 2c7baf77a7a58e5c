"""The pass over the photos: through all networks, the broken skipped, what shows the same found and grouped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from headstart.data.assembly import find_problems
from headstart.data.depths import note_scaling
from headstart.data.groups import merge_groups
from headstart.data.samples import FileStatus, Samples
from headstart.diagnostics.near_duplicates.search import DuplicatePair, find_near_duplicates
from headstart.errors import DataError
from headstart.events import RunLog
from headstart.extraction.extract import Extraction, extract
from headstart.modalities.image.stats import read_stats
from headstart.pipeline import progress as journal
from headstart.pipeline.backbones import LoadedBackbone
from headstart.settings import FitSettings
from headstart.storage.store import DecodeIssue, Store

TWINS = "find twins"  #: the stage in which near-duplicates are found


@dataclass(frozen=True)
class PreparedDataset:
    """The photos after the pass."""

    samples: Samples  #: those that decode; those that show the same in one group, unless the settings only report them
    extractions: tuple[Extraction, ...]  #: one for each network
    duplicates: tuple[DuplicatePair, ...]
    apart: Samples  #: those that decode, no near-duplicates joined


def prepare_dataset(
    samples: Samples, found: Sequence[LoadedBackbone], settings: FitSettings, store: Store, log: RunLog
) -> PreparedDataset:
    """Runs photos through networks.

    Args:
        samples: as read.
        found: networks and what runs them; near-duplicates are found by what the first one says.
        settings: of the run.
        store: where features go.
        log: is told.

    Raises:
        DataError: of the photos too few decode.
        StoreError: features could not be stored; what was stored stays.
    """
    extractions = log.stage(
        "extract",
        lambda: tuple(
            extract(samples.samples, it.backbone, it.chosen.engine, store, workers=settings.workers, listener=log)
            for it in found
        ),
        lambda done: "; ".join(map(journal.extraction_in_words, done)),
    )
    samples = note_scaling(samples, found[0].backbone.spec.grey)
    sound = _without_broken(samples, {key: it for done in extractions for key, it in done.issues.items()})
    twins = log.stage(TWINS, lambda: _twins(sound, found[0], extractions[0], store, log), journal.twins_in_words)
    together = [(it.first, it.second) for it in twins] if settings.near_duplicates == "group" else []
    return PreparedDataset(merge_groups(sound, together), extractions, twins, apart=sound)


def _twins(
    samples: Samples, it: LoadedBackbone, extraction: Extraction, store: Store, log: RunLog
) -> tuple[DuplicatePair, ...]:
    """Near-duplicates, by what a network and a small picture of each photo say."""
    digests = [sample.digest for sample in samples.samples]
    features = store.read(extraction.space, digests, it.backbone.layers[-1].name)
    return find_near_duplicates(samples.samples, features, read_stats(store, it.backbone.spec, digests), listener=log)


def _without_broken(samples: Samples, findings: Mapping[str, DecodeIssue]) -> Samples:
    """Samples and ledger after decoding: the broken skipped, the repaired said so.

    Raises:
        DataError: too little is left to learn from.
    """
    entries = {entry.name: entry for entry in samples.ledger.entries}
    changes = {}
    for sample in samples.samples:
        if finding := findings.get(sample.digest):
            entry = entries[sample.name]
            outcome = FileStatus.SKIPPED if finding.broken else FileStatus.REPAIRED
            reason = "; ".join(filter(None, (entry.reason, finding.reason)))  # it may have been relabelled too
            changes[sample.name] = replace(entry, status=outcome, reason=reason)
    amended = samples.with_updates(changes)
    if problems := find_problems(amended):
        raise DataError("; also: ".join(problems[:8]))
    return amended
