"""Items as scikit-learn hands them over: paths, bytes, texts or arrays, in any sequence of them."""

from collections.abc import Iterable, Sequence
from typing import Any

from headstart import events
from headstart.data.choose_modality import choose_by_items
from headstart.data.inspection import inspect
from headstart.data.readers.items import collect_items, make_item_source
from headstart.data.readers.listing import RawSample
from headstart.data.samples import FileStatus, GroupKind, Sample, SampleGroup
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.given import is_path
from headstart_runtime.modalities.modality import Modality


def split_items(X: Iterable[Any]) -> list[Any]:
    """Return items one by one, the same whatever they are given in."""
    return list(collect_items(X))


def find_modality(items: Sequence[Any], setting: str) -> Modality:
    """Return the kind of data that items are.

    Args:
        items: one by one.
        setting: the name of one, or "auto": what the items look like.

    Raises:
        DataError: none is given, or they may be of several kinds.
        SettingError: there is no such kind.
    """
    if not items:
        raise DataError("no items are given; wanted paths, bytes, texts or arrays")
    return choose_by_items(setting, items, "the items").modality


def list_samples(items: Sequence[Any], modality: Modality) -> list[Sample]:
    """Return items as samples without a class.

    Raises:
        DataError: none is given, or one of them cannot be read.
    """
    if not items:
        raise DataError(f"no {modality.noun.many} are given; wanted paths, bytes or arrays")
    names = [f"{number}: {item}" if is_path(modality, item) else f"#{number}" for number, item in enumerate(items)]
    listed = [RawSample(name, "", make_item_source(item, modality)) for name, item in zip(names, items, strict=True)]
    samples = []
    for inspected in inspect(listed, modality, events.ignore):
        entry, source = inspected.entry, inspected.raw.source
        if entry.status is FileStatus.SKIPPED:
            raise DataError(f"{entry.name}: {entry.reason}; leave it out")
        group = SampleGroup(GroupKind.CONTENT, entry.digest)
        samples.append(Sample(entry.name, entry.digest, 0, group, None, source, entry.properties))
    return samples
