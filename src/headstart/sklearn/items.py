"""Items as scikit-learn hands them over: paths, bytes or arrays."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from headstart import events
from headstart.data.inspection import inspect
from headstart.data.readers.listing import RawSample
from headstart.data.samples import FileStatus, GroupKind, Sample, SampleGroup, compute_digest
from headstart.data.sources import ArraySource, FileSource, SampleSource, ValueSource
from headstart.errors import DataError
from headstart.modalities.modality import REGISTRY, Modality


def find_modality(X: Sequence[Any]) -> Modality:
    """Return the kind of data that items are: the first one that accepts what the first item is.

    Raises:
        DataError: none is given, or no kind of data has such items.
    """
    if not X:
        raise DataError("no items are given; wanted paths, bytes or arrays")
    found = next((modality for modality, accepts in REGISTRY.poll(lambda one: one.accepts(X[0])) if accepts), None)
    if found is None:
        raise DataError(f"an item is {type(X[0]).__name__}, which no kind of data has; wanted paths, bytes or arrays")
    return found


def list_samples(X: Iterable[Any], modality: Modality) -> list[Sample]:
    """Return items as samples without a class.

    Raises:
        DataError: none is given, or one of them cannot be read.
    """
    items = {_name(item, number): item for number, item in enumerate(X)}
    if not items:
        raise DataError(f"no {modality.noun.many} are given; wanted paths, bytes or arrays")
    found = [
        RawSample(name, "", _source(item, modality)) for name, item in items.items() if not isinstance(item, bytes)
    ]
    samples = {}
    for inspected in inspect(found, modality, events.ignore):
        entry = inspected.entry
        if entry.status is FileStatus.SKIPPED:
            raise DataError(f"{entry.name}: {entry.reason}; leave it out")
        samples[entry.name] = _sample(entry.name, entry.digest, inspected.raw.source, entry.properties)
    for name, item in items.items():
        if isinstance(item, bytes):
            samples[name] = _sample(name, compute_digest(item), ValueSource(item), {})
    return [samples[name] for name in items]


def _sample(name: str, digest: str, source: SampleSource, properties: Mapping[str, Any]) -> Sample:
    return Sample(name, digest, 0, SampleGroup(GroupKind.CONTENT, digest), None, source, properties)


def _name(item: Any, number: int) -> str:
    return f"{number}: {item}" if isinstance(item, str | Path) else f"#{number}"


def _source(item: Any, modality: Modality) -> SampleSource:
    if isinstance(item, str | Path):
        return FileSource(Path(item).expanduser())
    array = np.asarray(item)
    if not modality.accepts_array(array[None]):
        raise DataError(
            f"a {modality.noun.one} is {type(item).__name__} of {array.dtype} {array.shape}; wanted a path, bytes, or "
            f"the array of a {modality.noun.one}"
        )
    return ArraySource(array[None], 0)
