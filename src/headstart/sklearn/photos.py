"""Photos as scikit-learn hands them over: paths, bytes or arrays."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from headstart import events
from headstart.data.inspection import inspect
from headstart.data.readers.listing import RawSample
from headstart.data.samples import (
    ArraySource,
    FileSource,
    FileStatus,
    GroupKind,
    Sample,
    SampleGroup,
    SampleSource,
    compute_digest,
)
from headstart.errors import DataError
from headstart.modalities.modality import get_modality


@dataclass(frozen=True, slots=True)
class BytesSource:
    """A photo's file in memory."""

    content: bytes

    def read(self) -> bytes:
        """Return the bytes of the file."""
        return self.content


def list_samples(X: Iterable[Any]) -> list[Sample]:
    """Return photos as samples without a class.

    Raises:
        DataError: none is given, or one of them is no photo that can be read.
    """
    photos = {_name(photo, number): photo for number, photo in enumerate(X)}
    if not photos:
        raise DataError("no photos are given; wanted paths, bytes or arrays")
    found = [RawSample(name, "", _source(photo)) for name, photo in photos.items() if not isinstance(photo, bytes)]
    samples = {}
    for inspected in inspect(found, get_modality("image"), events.ignore):
        entry = inspected.entry
        if entry.status is FileStatus.SKIPPED:
            raise DataError(f"{entry.name}: {entry.reason}; leave it out")
        samples[entry.name] = _sample(entry.name, entry.digest, inspected.raw.source, entry.properties)
    for name, photo in photos.items():
        if isinstance(photo, bytes):
            samples[name] = _sample(name, compute_digest(photo), cast("SampleSource", BytesSource(photo)), {})
    return [samples[name] for name in photos]


def _sample(name: str, digest: str, source: SampleSource, properties: Mapping[str, Any]) -> Sample:
    return Sample(name, digest, 0, SampleGroup(GroupKind.CONTENT, digest), None, source, properties)


def _name(photo: Any, number: int) -> str:
    return f"{number}: {photo}" if isinstance(photo, str | Path) else f"#{number}"


def _source(photo: Any) -> SampleSource:
    if isinstance(photo, str | Path):
        return FileSource(Path(photo).expanduser())
    pixels = np.asarray(photo)
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3):
        raise DataError(
            f"a photo is {type(photo).__name__} of {pixels.dtype} {pixels.shape}; wanted a path, bytes, or uint8 "
            "(H, W) or (H, W, channels)"
        )
    return ArraySource(pixels[None], 0)
