"""Damaged files of sound: each is read, or has a reason in the ledger, and none ends in a traceback.

    python benchmarks/fuzz_clips.py [--inputs 2000] [--seed 0]

Drawn clips in each format are cut short, have bytes changed, inserted and taken out, headers exchanged, and numbers in
headers set to extremes. ``read`` were decoded, ``refused`` have a reason, ``failures`` raised anything else or gave
numbers that are none. Half of them lie in a folder that is read like any source; ``unlisted`` are files of it that the
ledger lacks. The last line is one JSON object.
"""

import io
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

import headstart
import measuring
from headstart_runtime.modalities.item import BrokenItem
from headstart_runtime.modalities.modality import get_modality

FORMATS = (
    ("WAV", "PCM_16"), ("WAV", "PCM_U8"), ("WAV", "PCM_24"), ("WAV", "PCM_32"), ("WAV", "FLOAT"), ("WAV", "DOUBLE"),
    ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III"), ("AIFF", "PCM_16"),
    ("AU", "PCM_16"), ("CAF", "PCM_16"), ("W64", "PCM_16"),
)  # fmt: skip
MODALITY = get_modality("sound")


def main() -> None:
    """Run the benchmark."""
    options = measuring.arguments(
        __doc__ or "", ("--inputs", {"type": int, "default": 2000}), ("--seed", {"type": int, "default": 0})
    )
    chance = np.random.default_rng(options.seed)
    originals = list(draw_originals(chance))
    counts = {"read": 0, "refused": 0, "failures": 0}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.inputs):
            suffix, content = originals[number % len(originals)]
            damaged = damage(content, originals, chance)
            counts[try_one(damaged, number)] += 1
            if number % 2:
                home = Path(folder) / "clips" / f"class{number % 4}"
                home.mkdir(parents=True, exist_ok=True)
                (home / f"{number:05}.{suffix}").write_bytes(damaged)
        seen = headstart.check(Path(folder) / "clips", modality="sound", progress=False)
        listed = {entry.name for entry in seen.data.samples.ledger.entries}
        files = [file.relative_to(Path(folder) / "clips").as_posix() for file in Path(folder).rglob("*.*")]
        unlisted = sum(file not in listed for file in files)
    measuring.finish(__file__, {"inputs": options.inputs, **counts, "unlisted": unlisted}, keep=options.keep)


def draw_originals(chance: np.random.Generator) -> Any:
    """Yield suffix and content of clips in each format, of several rates and channels."""
    for number, (kind, subtype) in enumerate(FORMATS):
        rate = (8000, 16000, 48000)[number % 3]
        samples = chance.normal(0, 0.1, (rate // 4, 1 + number % 2))
        stream = io.BytesIO()
        soundfile.write(stream, samples, rate, format=kind, subtype=subtype)
        yield kind.lower(), stream.getvalue()


def damage(content: bytes, originals: list[tuple[str, bytes]], chance: np.random.Generator) -> bytes:
    """Return a damaged copy."""
    changed = bytearray(content)
    for _ in range(int(chance.integers(1, 4))):
        place = int(chance.integers(0, max(1, min(len(changed), 64 if chance.random() < 0.6 else len(changed)))))
        way = int(chance.integers(0, 6))
        if way == 0:
            del changed[int(chance.integers(0, len(changed) + 1)) :]
        elif way == 1:
            changed[place : place + 4] = chance.bytes(4)
        elif way == 2:
            changed[place : place + 4] = (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x7f")[place % 3]
        elif way == 3:
            del changed[place : place + int(chance.integers(1, 200))]
        elif way == 4:
            changed[place:place] = chance.bytes(int(chance.integers(1, 200)))
        else:
            other = originals[int(chance.integers(0, len(originals)))][1]
            changed[: place + 1] = other[: place + 1]
    return bytes(changed)


def try_one(content: bytes, number: int) -> str:
    """Return what became of a file; a failure is printed."""
    try:
        MODALITY.identify(content)
        value = MODALITY.decode(content, MODALITY.default_spec).value
        parts = MODALITY.make_parts(value, MODALITY.default_spec)
        if all(np.isfinite(part["mels"]).all() for part in parts) and parts:
            return "read"
        print(f"input {number}: numbers that are none", flush=True)
    except BrokenItem:
        return "refused"
    except Exception as error:  # noqa: BLE001  which is what is looked for
        print(f"input {number}: {type(error).__name__}: {error}", flush=True)
    return "failures"


if __name__ == "__main__":
    main()
