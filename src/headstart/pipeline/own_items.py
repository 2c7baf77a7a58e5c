"""The user's own items on which an export is proved: the test part of the run, where its files are still there."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from headstart.data.load import try_item
from headstart.data.read import read_source
from headstart.data.readers.arrays.arrays import IN_MEMORY
from headstart.data.samples import Sample, Samples, Subset
from headstart.data.split import load_split
from headstart.deployment.item_proof import ProofItem
from headstart.deployment.items import OwnItems, spread
from headstart.deployment.validation import ValidationItems
from headstart.runs.run import open_run
from headstart.selection.context import make_targets
from headstart.settings import FitSettings, locate_store
from headstart.storage.locks import try_mark_in_use
from headstart.storage.run_layout import RECORD, SETTINGS
from headstart_runtime.errors import DataError, UserError
from headstart_runtime.inference.classifier import Classifier
from headstart_runtime.item_columns import ItemColumns
from headstart_runtime.items import Expansion, expand_items, list_items, refuse_nothing
from headstart_runtime.modalities.item import BrokenItem, ItemLike, NamedItem

GIVE = "give some with --items"


def list_given_items(classifier: Classifier, source: Any) -> OwnItems:
    """Return items that a user names: a folder, a table, an archive, files.

    Raises:
        UserError: there are none.
    """
    modality = classifier.record.modality
    found = Expansion(columns=ItemColumns(known=classifier.record.item_columns))
    items = [
        ProofItem(item.name, item.value) if isinstance(item, NamedItem) else ProofItem(_name(item, number), item)
        for number, item in enumerate(expand_items(modality, list_items(modality, source), found))
        if not isinstance(getattr(item, "value", None), BrokenItem)
    ]
    if not items:
        refuse_nothing(modality, source, found.skipped)
    return OwnItems(spread(items), f"{modality.noun.many} that you gave")


def _name(item: Any, number: int) -> str:
    return os.fsdecode(item) if isinstance(item, os.PathLike) else f"#{number}"


def list_run_items(classifier: Classifier) -> OwnItems:
    """Return the test items of the run that a classifier lies in, and its training items.

    Where there is no run, or its source is gone, there are none, and ``source`` says why.
    """
    folder, many = classifier.folder.parent, classifier.record.modality.noun.many
    if not (folder / RECORD).is_file():
        return OwnItems((), f"the model lies in no run that says which {many} were held out; {GIVE}")
    try:
        run = open_run(folder)
        if run.record["source"] == IN_MEMORY:
            return OwnItems((), f"the run was made from {many} in memory; {GIVE}")
        samples = read_run_samples(run.record, folder)
        parts = load_split(folder).by_digest()
    except UserError as error:
        return OwnItems((), f"the {many} of the run cannot be read any more ({error}); {GIVE}")
    test = _select(samples, parts, Subset.TEST)
    if not test:
        return OwnItems((), f"none of the test {many} of the run are there any more; {GIVE}")
    items = spread([ProofItem(sample.name, item) for sample, item in _open(test)])
    training = [item for _, item in _open(_select(samples, parts, Subset.TRAIN))]
    validation = _make_validation(classifier, samples, parts)
    return OwnItems(items, f"test {many} of the run {folder.name}", training, validation)


def read_run_samples(record: Any, folder: Path) -> Samples:
    """Return the samples of a run's source, read as the run read them.

    Raises:
        UserError: it cannot be read any more.
    """
    source = Path(record.get("working_folder", ""), Path(record["source"]).expanduser())
    if not source.exists():
        raise DataError(f"{str(source)!r} is not there")
    settings = FitSettings.load(folder / SETTINGS)
    home = locate_store(settings.store)
    with try_mark_in_use(home):
        return read_source(source, options=settings, cache=home / "archives", strict=False)


def _make_validation(classifier: Classifier, samples: Samples, parts: dict[str, Subset]) -> ValidationItems | None:
    """Return the validation items with their targets; None where there are none."""
    task = classifier.task
    matched = task.targets.match(samples, classifier.record.space)
    found = list(_open(_select(matched, parts, Subset.VALIDATION)))
    if not found:
        return None
    items = [ProofItem(sample.name, item) for sample, item in found]
    return ValidationItems(items, make_targets([sample for sample, _ in found], task))


def _open(samples: Sequence[Sample]) -> Iterator[tuple[Sample, ItemLike]]:
    """Yield samples with their items; those that cannot be read any more are passed over."""
    for sample in samples:
        item = try_item(sample.source)
        if not isinstance(item, BrokenItem):
            yield sample, item


def _select(samples: Samples, parts: dict[str, Subset], subset: Subset) -> Sequence[Sample]:
    """Return the samples of a subset, one for each content, in the order of their digests."""
    first: dict[str, Sample] = {}
    for sample in samples.samples:
        if parts.get(sample.digest) is subset:
            first.setdefault(sample.digest, sample)
    return [first[digest] for digest in sorted(first)]
