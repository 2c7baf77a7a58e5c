"""Draws of samples that keep the shares of its classes."""

from collections.abc import Sequence

from headstart.data.samples import Sample
from headstart_runtime.tasks.task import Target


def stratified_sample(samples: Sequence[Sample], most: int, *, least_per_class: int = 0) -> list[Sample]:
    """Return at most ``most`` samples, about the same share of each class, or of each other target.

    Digests decide which: neither the order of the samples nor chance has a say.

    Args:
        samples: to choose from.
        most: how many are returned, or all where there are fewer.
        least_per_class: so many of each class come first, if there is room.
    """
    by_class: dict[Target, list[Sample]] = {}
    for sample in sorted(samples, key=lambda sample: (sample.digest, sample.id)):
        by_class.setdefault(sample.target, []).append(sample)
    # Each sample's place in its class, 0 to 1: cutting at one place takes the same share of every class.
    places = [
        (rank >= least_per_class, (rank + 0.5) / len(own), sample.digest, sample.id, sample)
        for own in by_class.values()
        for rank, sample in enumerate(own)
    ]
    return [place[-1] for place in sorted(places, key=lambda place: place[:-1])[:most]]
