"""Orders in which samples of like length stand together: a batch of a step is as long as its longest sample.

All samples sorted by length would make batches of the same samples in every epoch. Sorted are a few dozen batches at a
time, of samples that were drawn, and the batches are then mixed.
"""

from collections.abc import Sequence

import numpy as np

from headstart.data.load import load_item
from headstart.data.samples import Sample
from headstart_runtime.arrays import Ints
from headstart_runtime.modalities.batch import AnySpec, is_free
from headstart_runtime.modalities.modality import get_modality
from headstart_runtime.modalities.packing import measure_lengths

MEASURED = 512  #: samples whose lengths stand for those of all
STEPS = 4  #: a usual length is a multiple of this, so that a second run on a little other data has the same
TOGETHER = 32  #: batches whose samples are sorted by length


def mix_lengths(order: Ints, lengths: Ints | None, size: int, chance: np.random.Generator) -> Ints:
    """Return samples in an order whose batches are of like length; as they are without lengths.

    Args:
        order: (N,) of samples, mixed.
        lengths: of all samples; None where they have one length.
        size: samples in a batch; the last one of all may have fewer.
        chance: what is drawn from.
    """
    if lengths is None:
        return order
    step = TOGETHER * size
    pieces = [order[start : start + step] for start in range(0, len(order), step)]
    order = np.concatenate([piece[np.argsort(lengths[piece], kind="stable")] for piece in pieces])
    whole = len(order) // size
    mixed = order[: whole * size].reshape(whole, size)[chance.permutation(whole)]
    return np.concatenate([mixed.reshape(-1), order[whole * size :]])


def sort_lengths(lengths: Ints | None, rows: Ints) -> Ints:
    """Return the places of some samples, (len(rows),), from the shortest on; in order without lengths."""
    return np.arange(len(rows)) if lengths is None else np.argsort(lengths[rows], kind="stable")


def measure_samples(samples: Sequence[Sample], spec: AnySpec, most: int | None = MEASURED) -> Ints | None:
    """Return how long samples are, each by its longest part, (N,), as a network sees them; None where all are alike.

    Args:
        samples: of a training.
        spec: of the network.
        most: samples that are measured, spread over all; None: all.
    """
    if not is_free(spec):
        return None
    modality = get_modality(spec.kind)
    if most is not None and len(samples) > most:
        samples = [samples[place] for place in np.linspace(0, len(samples) - 1, most).astype(int)]
    values = (load_item(sample.source, spec).value for sample in samples)
    found = [measure_lengths(modality, modality.make_parts(value, spec), spec).max() for value in values]
    return np.array(found, np.int64)


def find_usual_length(lengths: Ints | None, size: int) -> int | None:
    """Return how long batches of a step are in the mean; None where samples have one length.

    Args:
        lengths: of some samples, as ``measure_samples`` gives them; None where they have one length.
        size: samples in a batch.
    """
    return None if lengths is None else STEPS * -(-round(measure_padded(lengths, size)) // STEPS)


def measure_padded(lengths: Ints, size: int) -> float:
    """Return the mean over batches of the length of their longest sample, where those of like length go together."""
    order = np.argsort(lengths, kind="stable")
    longest = [int(lengths[order[start : start + size]].max()) for start in range(0, len(order), size)]
    return float(np.mean(longest))
