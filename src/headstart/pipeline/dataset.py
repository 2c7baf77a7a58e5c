"""From a source to a dataset: read, run through all networks, near-duplicates grouped, split."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from headstart import events
from headstart.data.inspection import update_notes
from headstart.data.load import DecodedItems
from headstart.data.read import read_source
from headstart.data.relabel import apply_relabels, find_relabel_tables
from headstart.data.relaxed_split import make_relaxed_split
from headstart.data.samples import FileStatus, Sample, Samples, Subset
from headstart.data.split import Split, load_split, make_split
from headstart.diagnostics.near_duplicates.search import (
    DuplicatePair,
    NearDuplicates,
    find_near_duplicates,
    group_duplicates,
)
from headstart.extraction.extract import Extraction, extract
from headstart.pipeline.backbones import LoadedBackbone, LoadedBackbones
from headstart.selection.context import RunContext
from headstart.settings import FitSettings, refuse_foreign_settings
from headstart.storage.run_layout import RECORD
from headstart.storage.store import DecodeIssue
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.item import Noun
from headstart_runtime.modalities.modality import find_noun, get_modality
from headstart_runtime.modalities.optional_facets import describe_unseen
from headstart_runtime.parsing import parse_json

NEAR_DUPLICATES = "near-duplicates"  #: the stage in which they are found


@dataclass(frozen=True)
class PreparedDataset:
    """Samples that decode, their subsets, and their features in the store."""

    samples: Samples  #: those that show the same in one group, unless the settings only report them
    split: Split
    extractions: tuple[Extraction, ...]  #: one for each network
    duplicates: NearDuplicates
    torn: tuple[str, ...]  #: classes whose near-duplicates may lie in unlike subsets, for there were too few groups

    def samples_in(self, *subsets: Subset) -> list[Sample]:
        """Return the samples of some subsets, one subset after the other."""
        return [sample for subset in subsets for sample in self.split.samples_in(self.samples, subset)]


def read_samples(source: Any, labels: Any, context: RunContext) -> Samples:
    """Return samples and labels, corrected where the user corrected them; archives are unpacked into the store.

    Raises:
        DataError: nothing can be learnt from the source, or a table of corrections that cannot be used.
        SettingError: a setting is given that belongs to another modality or task.
    """
    settings, log = context.settings, context.log
    with log.stage("read") as stage:
        samples = read_source(source, labels=labels, options=settings, listener=log, cache=context.archives)
        if settings.split_from is not None:
            _refuse_other_modality(settings.split_from, samples.modality)
        refuse_foreign_settings(settings, samples.modality, samples.space.task)
        samples = apply_relabels(samples, *find_relabel_tables(settings.relabel, settings.split_from))
        stage.summary = describe_samples(samples)
    return samples


def _refuse_other_modality(earlier: Path, modality: str) -> None:
    """Raise an error where an earlier run was made from another kind of data: it has no item in common with this one.

    Args:
        earlier: its folder or its split; one that lies in no run is taken.
        modality: the name of that of the samples.

    Raises:
        DataError: it was.
    """
    earlier = earlier.expanduser()
    record = (earlier if earlier.is_dir() else earlier.parent) / RECORD
    try:
        own = parse_json(record.read_text("utf-8"))["modality"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    if isinstance(own, str) and own != modality:
        raise DataError(
            f"--split-from {str(earlier)!r} is a run on {find_noun(own).many}, and these are "
            f"{find_noun(modality).many}; name a run on {find_noun(modality).many}"
        )


def split_samples(samples: Samples, settings: FitSettings) -> Split:
    """Return the split of these settings, that of an earlier run where they name one; a subset may be empty."""
    return make_split(
        samples,
        seed=settings.seed,
        test_share=settings.test_share,
        validation_share=settings.validation_share,
        split_from=load_split(settings.split_from) if settings.split_from else None,
    )


def find_train_samples(samples: Samples, split: Split) -> list[Sample]:
    """Return the training samples, on which engines are checked.

    Raises:
        DataError: there is none.
    """
    train = split.samples_in(samples, Subset.TRAIN)
    if not train:
        raise DataError(
            f"the train part of {samples.root} has no usable {samples.noun.one}; put {samples.noun.many} there"
        )
    return train


def split_for_fit(samples: Samples, settings: FitSettings) -> Split:
    """Return the split of these settings.

    Raises:
        DataError: a subset has no sample, or there are too few.
    """
    split = split_samples(samples, settings)
    empty = [subset.value for subset in Subset if not split.samples_in(samples, subset)]
    if empty:
        raise DataError(
            f"the {' and '.join(empty)} part of {samples.root} has no usable {samples.noun.one}; wanted one at least "
            f"in train, validation and test; put {samples.noun.many} there, or remove its folder"
        )
    return split


def prepare_dataset(
    samples: Samples,
    backbones: LoadedBackbones,
    context: RunContext,
    split: Callable[[Samples, FitSettings], Split] = split_for_fit,
) -> PreparedDataset:
    """Run samples through networks, leave out those that do not decode, group near-duplicates, split.

    Args:
        samples: as read.
        backbones: networks and what runs them; near-duplicates are found by what the first one says.
        context: of the run.
        split: makes the split of samples.

    Raises:
        DataError: of the samples too few decode, or they cannot be split.
        StoreError: features could not be stored; what was stored stays.
    """
    log, settings = context.log, context.settings
    with log.stage("extract") as stage:
        extractions = tuple(extract_features(samples, loaded, context) for loaded in backbones.all)
        stage.summary = "; ".join(describe_extraction(extraction, samples.noun) for extraction in extractions)
    samples = update_notes(samples, backbones.first.backbone.spec)
    for told in dict.fromkeys(map(_describe_unseen, extractions, backbones.all)):
        if told:
            log(events.Note(told))
    decoded = _without_broken(samples, {key: found for done in extractions for key, found in done.issues.items()})
    with log.stage(NEAR_DUPLICATES) as stage:
        duplicates = _find_near_duplicates(decoded, backbones.first, extractions[0], context)
        searched = get_modality(decoded.modality).duplicates is not None
        stage.summary = describe_near_duplicates(duplicates.pairs, decoded.noun, searched=searched)
    together = [(pair.first, pair.second) for pair in duplicates.pairs] if settings.near_duplicates == "group" else []
    loosened = make_relaxed_split(decoded, together, lambda grouped: split(grouped, settings))
    return PreparedDataset(loosened.samples, loosened.split, extractions, duplicates, loosened.classes)


def extract_features(samples: Samples, loaded: LoadedBackbone, context: RunContext) -> Extraction:
    """Store the features of all layers of a network for samples that have none there yet."""
    backbone, engine = loaded.backbone, loaded.chosen.engine
    workers = context.settings.workers
    return extract(samples.samples, backbone, engine, context.store, workers=workers, listener=context.log)


def describe_samples(samples: Samples) -> str:
    """Return how many samples there are, in one line."""
    counts = samples.ledger.counts()
    aside = f", {counts[FileStatus.SKIPPED]} skipped" if counts[FileStatus.SKIPPED] else ""
    return f"{len(samples)} {samples.noun.many} in {samples.task.targets.describe_space(samples.space)}{aside}"


def describe_extraction(done: Extraction, noun: Noun) -> str:
    """Return how many rows were computed and how fast, in one line."""
    broken = sum(issue.broken for issue in done.issues.values())
    rate = f" at {done.computed / done.seconds:.0f} {noun.many}/s" if done.computed else ""
    known = f"{done.asked - done.computed} known"
    return f"{done.computed} {noun.many} computed{rate}, {known}{f', {broken} broken' if broken else ''}"


def describe_near_duplicates(pairs: Sequence[DuplicatePair], noun: Noun, *, searched: bool = True) -> str:
    """Return how many items are near-duplicates of others, and in how many groups, in one line.

    Args:
        pairs: that were found.
        noun: for the items.
        searched: whether more than equal bytes was looked for.
    """
    if not pairs:
        return f"no {noun.many} that {noun.phrases.same_many}" if searched else f"no {noun.many} of equal bytes"
    groups = group_duplicates(pairs)
    equal = {id_ for pair in pairs if pair.kind == "same bytes" for id_ in (pair.first, pair.second)}
    alike = f"{sum(map(len, groups))} {noun.many} alike in {len(groups)} group{'s' * (len(groups) != 1)}"
    return f"{alike}, {len(equal)} of them with equal bytes"


def _find_near_duplicates(
    samples: Samples, loaded: LoadedBackbone, extraction: Extraction, context: RunContext
) -> NearDuplicates:
    """Return near-duplicates, by what a network and the stats of each item say."""
    digests, modality = [sample.digest for sample in samples.samples], get_modality(samples.modality)
    features = context.store.read(extraction.space, digests, loaded.backbone.layers[-1].name)
    spec = loaded.backbone.spec
    items = DecodedItems([sample.source for sample in samples.samples], spec)
    stats = modality.stats.read(context.store, spec, digests, items) if modality.stats else None
    return find_near_duplicates(samples.samples, features, stats, modality, listener=context.log)


def _describe_unseen(done: Extraction, loaded: LoadedBackbone) -> str:
    """Return how many samples a network sees in part, in a line; "" for none."""
    spec = loaded.backbone.spec
    unseen = sum(bool(issue.unseen) for issue in done.issues.values())
    return describe_unseen(get_modality(spec.kind), spec, unseen, done.asked)


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
            status = FileStatus.SKIPPED if finding.broken else FileStatus.REPAIRED if finding.reason else entry.status
            reason = "; ".join(filter(None, (entry.reason, finding.reason)))  # it may have been relabelled too
            note = "; ".join(filter(None, (entry.note, finding.unseen)))
            changes[sample.name] = replace(entry, status=status, reason=reason, note=note)
    amended = samples.with_updates(changes)
    if problems := amended.task.targets.find_problems(amended):
        raise DataError("; also: ".join(problems[:8]))
    return amended
