"""Whether near-duplicates are found, whether what is found is one, and what share of the extraction's time it takes.

    python benchmarks/duplicates.py PHOTOS [--copies 50] [--many 100000] [--rounds 3] [--drawn 400] [--small 50]

Plants altered copies of photos among them, so many of each kind: saved as JPEG of quality 40; cropped to 90 % of width
and height, anywhere; resized to half; mirrored; brightened and darkened by 20 %. A pair is right if it is a copy and
its original; any other is counted as false, and named, so that it can be looked at: PHOTOS may hold near-duplicates of
its own. Then the same search in ``--many`` photos that are drawn from the features and stats of the real ones, a
twentieth of them near-copies of others; its share is of the time that extracting so many would take. ``stats_share`` is
what computing stats takes of the extraction that it is part of, both in seconds of the processor. Other ratios are
medians over the rounds.

Then what carries little detail: ``--drawn`` pictures of each kind in ``drawn``, no two the same, and 5 of them once
more with equal pixels in another file; ``drawn_pairs`` is how many others are found. And PHOTOS shrunk to 32 pixels,
with ``--small`` altered copies of each kind, so those of half the size have 16. The last line is JSON.
"""

import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

import measuring
from drawn import KINDS
from headstart.backbones.backbone import Backbone
from headstart.backbones.convert import load_backbone
from headstart.data.read import read_source
from headstart.data.samples import GroupKind, Sample, SampleGroup
from headstart.data.sources import ArraySource
from headstart.diagnostics.near_duplicates.search import DuplicatePair, find_near_duplicates
from headstart.engines.choose import choose_engine
from headstart.engines.engine import Engine
from headstart.extraction.extract import extract, load_batch
from headstart.modalities.image.stats import ImageStats, compute_stats, read_stats
from headstart.pipeline.backbones import parity_samples
from headstart.settings import locate_store
from headstart.storage.store import Store
from headstart_runtime.modalities.image.decode import decode
from headstart_runtime.modalities.modality import get_modality

Alter = Callable[[Image.Image, np.random.Generator], Image.Image]


def _cropped(image: Image.Image, chance: np.random.Generator) -> Image.Image:
    width, height = round(0.9 * image.width), round(0.9 * image.height)
    left = int(chance.integers(0, image.width - width + 1))
    top = int(chance.integers(0, image.height - height + 1))
    return image.crop((left, top, left + width, top + height))


def _exposed(gain: float) -> Alter:
    return lambda image, _: Image.fromarray(np.clip(np.asarray(image, np.float32) * gain, 0, 255).astype(np.uint8))


ALTERED: dict[str, tuple[Alter, int]] = {  # how, and the quality of the JPEG
    "jpeg_40": (lambda image, _: image, 40),
    "crop_90": (_cropped, 92),
    "half_size": (lambda image, _: image.resize((image.width // 2, image.height // 2)), 92),
    "mirrored": (lambda image, _: ImageOps.mirror(image), 92),
    "brighter_20": (_exposed(1.2), 92),
    "darker_20": (_exposed(0.8), 92),
}


AGAIN = 5  #: drawn pictures that are there once more with equal pixels
SMALL = 32  #: edge of photos that are shrunk


@dataclass(frozen=True)
class Round:
    """One time through."""

    pairs: tuple[DuplicatePair, ...]
    extraction: float  #: seconds
    processor: float  #: seconds of all cores that the extraction took
    finding: float  #: seconds
    features: NDArray[np.float32]
    stats: ImageStats


def main() -> None:
    """Runs the benchmark."""
    options = measuring.arguments(
        __doc__ or "",
        ("photos", {"type": Path}),
        ("--backbone", {"default": "efficientnet_lite0"}),
        ("--copies", {"type": int, "default": 50}),
        ("--many", {"type": int, "default": 100_000}),
        ("--rounds", {"type": int, "default": 3}),
        ("--drawn", {"type": int, "help": "of each kind; by default eight times --copies"}),
        ("--small", {"type": int, "help": "by default as many as --copies"}),
    )
    originals = list({sample.digest: sample for sample in read_source(options.photos).samples}.values())
    with tempfile.TemporaryDirectory() as folder:
        planted = _plant(originals, Path(folder), options.copies)
        samples = read_source(Path(folder)).samples
        backbone = load_backbone(options.backbone, locate_store() / "networks")
        engine = choose_engine(backbone, parity_samples(samples, backbone), listener=print).engine
        rounds = [_round(samples, backbone, engine) for _ in range(options.rounds)]
        looks_seconds = _looks_seconds(samples, backbone)
    for number, it in enumerate(rounds, 1):
        print(f"round {number}: extraction {it.extraction:.2f} s, pairs {it.finding:.2f} s")
    extraction = measuring.median([it.extraction for it in rounds])
    result: dict[str, Any] = {
        "photos": len(originals),
        "planted": len(planted),
        **_counts(rounds[0].pairs, planted, {sample.id: sample.name for sample in samples}, options.copies),
        "extraction_seconds": extraction,
        "finding_seconds": measuring.median([it.finding for it in rounds]),
        "share_of_extraction": measuring.median([it.finding / it.extraction for it in rounds]),
        "stats_share": measuring.median([looks_seconds / it.processor for it in rounds]),
    }
    if options.many:
        result |= _scaled(rounds[0], options.many, extraction / len(samples))
    if drawn := 8 * options.copies if options.drawn is None else options.drawn:
        result |= _of_drawn(backbone, engine, drawn)
    if small := options.copies if options.small is None else options.small:
        result |= _of_small(originals, backbone, engine, small)
    measuring.finish(__file__, result, keep=options.keep)


def _plant(originals: list[Sample], folder: Path, copies: int) -> dict[str, tuple[str, str]]:
    """Links to the originals and altered copies of some: name of the copy -> its original's name and its kind."""
    chance = np.random.default_rng(0)
    names = {}
    for number, sample in enumerate(originals):
        content = sample.source.read()
        assert isinstance(content, bytes)
        names[sample.id] = f"class{sample.target}/original{number:05d}{Path(sample.name).suffix.lower()}"
        (folder / names[sample.id]).parent.mkdir(exist_ok=True)
        (folder / names[sample.id]).write_bytes(content)
    picked = iter(chance.permutation(len(originals))[: copies * len(ALTERED)])
    planted = {}
    for kind, (alter, quality) in ALTERED.items():
        for _ in range(copies):
            sample = originals[next(picked)]
            content = sample.source.read()
            assert isinstance(content, bytes)
            copy = Path(names[sample.id]).with_name(f"{kind}-{Path(names[sample.id]).stem}.jpg").as_posix()
            alter(Image.fromarray(decode(content).pixels), chance).save(folder / copy, quality=quality)
            planted[copy] = (names[sample.id], kind)
    return planted


def _round(samples: Sequence[Sample], backbone: Backbone, engine: Engine) -> Round:
    digests = [sample.digest for sample in samples]
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder)) as store:
        worked = time.process_time()
        done = extract(samples, backbone, engine, store)
        worked = time.process_time() - worked
        began = time.perf_counter()
        features = store.read(done.space, digests, "final")
        stats = read_stats(store, backbone.spec, digests)
        pairs = find_near_duplicates(samples, features, stats, get_modality(backbone.spec.kind)).pairs
        return Round(pairs, done.seconds, worked, time.perf_counter() - began, features, stats)


def _counts(
    pairs: Iterable[DuplicatePair], planted: dict[str, tuple[str, str]], names: dict[str, str], copies: int
) -> dict[str, Any]:
    found: Counter[str] = Counter()
    wrong = []
    for it in pairs:
        first, second = names[it.first], names[it.second]
        copy, original = (first, second) if first in planted else (second, first)
        if copy in planted and planted[copy][0] == original:
            found[planted[copy][1]] += 1
        else:
            wrong.append(f"{first} = {second} ({it.similarity:.2f})")
    total = found.total() + len(wrong)
    print("\n".join(["other pairs:", *wrong]) if wrong else "no other pairs")
    return {
        **{f"found_{kind}": found[kind] / copies for kind in ALTERED},
        "found": found.total() / len(planted),
        "reported": total,
        "false_pairs": len(wrong),
        "false_share": len(wrong) / max(1, total),
    }


def _of_drawn(backbone: Backbone, engine: Engine, many: int) -> dict[str, Any]:
    """Pairs found among drawn pictures of each kind, and which of the planted ones of equal pixels."""
    pairs, equal = {}, {}
    for kind, (draw, jpeg) in KINDS.items():
        chance = np.random.default_rng(0)
        pictures = {image.tobytes(): image for image in (draw(chance, number) for number in range(many))}
        with tempfile.TemporaryDirectory() as folder:
            for number, image in enumerate(pictures.values()):
                place = Path(folder) / f"class{number % 2}"
                place.mkdir(exist_ok=True)
                file = place / f"{number:04d}.{'jpg' if jpeg else 'png'}"
                image.save(file, quality=90)
                if number < AGAIN:
                    Image.open(file).save(place / f"again-{number:04d}.png", compress_level=1)
            samples = read_source(Path(folder)).samples
            found = _round(samples, backbone, engine).pairs
        names = {sample.id: Path(sample.name).stem.removeprefix("again-") for sample in samples}
        right = sum(names[it.first] == names[it.second] for it in found)
        pairs[kind], equal[kind] = len(found) - right, right / min(AGAIN, len(pictures))
    return {"drawn": many, "drawn_pairs": pairs, "drawn_equal_found": equal}


def _of_small(originals: list[Sample], backbone: Backbone, engine: Engine, copies: int) -> dict[str, Any]:
    """What is found of copies planted among photos of 32 x 32 pixels."""
    with tempfile.TemporaryDirectory() as large, tempfile.TemporaryDirectory() as folder:
        for number, sample in enumerate(originals):
            content = sample.source.read()
            assert isinstance(content, bytes)
            file = Path(large) / f"class{sample.target}" / f"{number:05d}.png"
            file.parent.mkdir(exist_ok=True)
            ImageOps.fit(Image.fromarray(decode(content).pixels), (SMALL, SMALL)).save(file)
        small = list({sample.digest: sample for sample in read_source(Path(large)).samples}.values())
        planted = _plant(small, Path(folder), copies)
        samples = read_source(Path(folder)).samples
        counts = _counts(
            _round(samples, backbone, engine).pairs, planted, {sample.id: sample.name for sample in samples}, copies
        )
    return {f"small_{name}": value for name, value in counts.items()}


def _looks_seconds(samples: Sequence[Sample], backbone: Backbone) -> float:
    """What stats of all photos take of the processor."""
    pixels = load_batch(samples, backbone.spec, 256)["pixels"]
    batches = [pixels[first : first + 8] for first in range(0, len(pixels), 8)]
    taken = []
    for _ in range(5):
        began = time.process_time()
        for batch in batches:
            compute_stats(batch)
        taken.append(time.process_time() - began)
    return measuring.median(taken) * len(samples) / len(pixels)


def _scaled(real: Round, many: int, per_photo: float) -> dict[str, Any]:
    """The search among many drawn photos."""
    features, stats, copies = _drawn(real, many)
    source = ArraySource(np.zeros((1, 1, 1), np.uint8), 0)
    digests = [f"{n:040x}" for n in range(many)]
    samples = [
        Sample(f"#{n}", digest, 0, SampleGroup(GroupKind.CONTENT, digest), None, source)
        for n, digest in enumerate(digests)
    ]
    before = _peak()
    pairs: list[DuplicatePair] = []
    taken = measuring.seconds(
        lambda: pairs.extend(find_near_duplicates(samples, features, stats, get_modality("image")).pairs)
    )
    found = {(it.first, it.second) for it in pairs}
    hit = sum(tuple(sorted((f"{a:040x}", f"{b:040x}"))) in found for a, b in copies)
    return {
        "many": many,
        "many_planted": len(copies),
        "many_found": hit / len(copies),
        "many_false_share": 1 - hit / max(1, len(found)),
        "many_seconds": taken,
        "many_share_of_extraction": taken / (many * per_photo),
        "many_bytes_more": _peak() - before,
        "many_bytes_of_features": features.nbytes,
    }


def _drawn(real: Round, many: int) -> tuple[NDArray[np.float32], ImageStats, list[tuple[int, int]]]:
    """Features and stats with the real ones' means and covariances, around each of them; and which are copies."""
    chance = np.random.default_rng(0)
    count, width = real.features.shape
    grey, colour = real.stats.grey.reshape(count, -1), real.stats.colour.reshape(count, -1)
    rows = np.concatenate([real.features, grey, colour], axis=1)
    mean = rows.mean(axis=0)
    rows -= mean
    drawn = np.empty((many, rows.shape[1]), np.float32)
    for first in range(0, many, 4096):
        size = min(4096, many - first)
        some = rows[chance.choice(count, min(400, count), replace=False)]
        mixed = chance.standard_normal((size, len(some)), dtype=np.float32) @ some / np.float32(len(some) ** 0.5)
        drawn[first : first + size] = mean + 0.6 * rows[chance.integers(0, count, size)] + 0.8 * mixed
    sources, copies = chance.permutation(many)[: many // 20 * 2].reshape(2, -1)
    noise = chance.standard_normal((len(copies), width), dtype=np.float32) * (0.25 * rows[:, :width].std(axis=0))
    drawn[copies] = drawn[sources]
    drawn[copies, :width] += noise
    drawn[copies, width:] *= 0.9
    drawn[copies, width:] += chance.normal(0, 0.002, (len(copies), drawn.shape[1] - width))
    pictures = np.split(drawn, [width, width + grey.shape[1]], axis=1)
    facts = {it.name: np.zeros(many, np.float32) for it in fields(ImageStats) if it.name not in ("grey", "colour")}
    stats = ImageStats(
        np.clip(pictures[1], 0, 1).reshape(many, *real.stats.grey.shape[1:]),
        np.clip(pictures[2], 0, 1).reshape(many, *real.stats.colour.shape[1:]),
        **facts,
    )
    return np.ascontiguousarray(pictures[0]), stats, list(zip(sources.tolist(), copies.tolist(), strict=True))


def _peak() -> int:
    """Bytes of resident memory at its highest."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    main()
