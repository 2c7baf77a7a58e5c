"""Drawn clips: tones that rise or fall, as samples and as files."""

import csv
import io
from pathlib import Path

import numpy as np
import soundfile

RATE = 8000
CLASSES = ("rising", "falling")


def draw_clip(label: str, chance: np.random.Generator, *, rate: int = RATE, seconds: float | None = None) -> np.ndarray:
    """Return a tone with overtones that rises or falls, float32 (n,), beside noise."""
    seconds = chance.uniform(0.25, 0.6) if seconds is None else seconds
    time = np.arange(int(seconds * rate)) / rate
    low, high = chance.uniform(200, 400), chance.uniform(700, 1100)
    begin, end = (low, high) if label == "rising" else (high, low)
    phase = 2 * np.pi * np.cumsum(begin + (end - begin) * time / seconds) / rate
    tone = sum(np.sin(phase * overtone) / overtone for overtone in (1, 2, 3))
    return (0.2 * tone * np.hanning(len(time)) + chance.normal(0, 0.003, len(time))).astype(np.float32)


def encode(samples: np.ndarray, rate: int = RATE, kind: str = "WAV", subtype: str | None = None) -> bytes:
    """Return samples as the bytes of a file."""
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate, format=kind, subtype=subtype)
    return stream.getvalue()


def write_clips(folder: Path, count: int = 60, seed: int = 0) -> Path:
    """Write clips in a folder for each class; return the folder."""
    chance = np.random.default_rng(seed)
    for number in range(count):
        label = CLASSES[number % 2]
        (folder / label).mkdir(parents=True, exist_ok=True)
        (folder / label / f"clip_{number:03}.wav").write_bytes(encode(draw_clip(label, chance)))
    return folder


def write_table(folder: Path, count: int = 60, seed: int = 0) -> Path:
    """Write clips of several speakers and a table with path, label and speaker; return the table."""
    chance = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(count):
        label, speaker = CLASSES[number % 2], f"s{number // 2 % 5}"
        (folder / f"{number:03}.wav").write_bytes(encode(draw_clip(label, chance)))
        rows.append((f"{number:03}.wav", label, speaker))
    with (folder / "clips.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("path", "label", "speaker"), *rows])
    return folder / "clips.csv"
