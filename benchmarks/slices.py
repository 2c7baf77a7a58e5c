"""How long it takes to find the slices of photos on which a classifier is worse.

    python benchmarks/slices.py [--photos 20000] [--groups 500] [--rounds 3]

Photos, their groups and which answers are right are drawn. ``seconds`` is the median of the rounds. The last line is
JSON.
"""

import numpy as np

import measuring
from headstart.data.samples import FileStatus, GroupKind, LedgerEntry, Sample, SampleGroup
from headstart.data.sources import ArraySource
from headstart.diagnostics.slices import Slices, compute_slices
from headstart.modalities.image.statistics import ImageStatistics
from headstart.modalities.image.stats import ImageStats

CLASSES = ("bird", "cat", "dog")
FACTS = ("brightness", "contrast", "sharpness", "saturation")


def main() -> None:
    """Runs the benchmark."""
    options = measuring.arguments(
        __doc__ or "",
        ("--photos", {"type": int, "default": 20_000}),
        ("--groups", {"type": int, "default": 500}),
        ("--rounds", {"type": int, "default": 3}),
    )
    chance, count = np.random.default_rng(0), options.photos
    source = ArraySource(np.zeros((1, 1, 1), np.uint8), 0)
    samples, entries = [], {}
    for number, (label, edge) in enumerate(
        zip(chance.integers(0, 3, count), chance.integers(99, 999, count), strict=True)
    ):
        name, digest = f"{CLASSES[label]}/{number}.jpg", f"{number:040x}"
        group = SampleGroup(GroupKind.NAMED, str(number % options.groups))
        samples.append(Sample(name, digest, int(label), group, None, source))
        camera = ({}, {"camera": "one"}, {"camera": "other"})[number % 3]
        properties = {"width": int(edge), "height": int(edge), **camera}
        entries[name] = LedgerEntry(name, FileStatus.ACCEPTED, "", CLASSES[label], digest, "JPEG", properties)
    facts = {name: chance.random(count, dtype=np.float32) for name in FACTS}
    stats = ImageStats(np.zeros((count, 24, 24), np.float32), np.zeros((count, 8, 8, 3), np.float32), **facts)
    right = chance.random(count) < 0.9
    properties = [entries[sample.name].all_properties for sample in samples]

    def cut() -> Slices:
        return compute_slices(samples, entries, ImageStatistics().list_properties(properties, stats), right)

    found = cut()
    rounds = [measuring.seconds(cut) for _ in range(options.rounds)]
    result = {"photos": count, "slices": len(found.slices), "seconds": measuring.median(rounds)}
    measuring.finish(__file__, result, keep=options.keep)


if __name__ == "__main__":
    main()
