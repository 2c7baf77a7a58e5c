"""Drawn clips for a demonstration: calls of four invented birds, recorded with six devices."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from headstart.storage.atomic import replace_bytes
from headstart_runtime.arrays import Floats
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.item import NamedItem
from headstart_runtime.modalities.sound.waveforms import Waveform, encode_waveform

RATE = 16_000
DEVICES = 6
COUNT = 240
#: Calls by name: where each syllable begins and ends, Hz, and how long it is, seconds.
CALLS = {
    "trill": ((2400.0, 2600.0, 0.05),) * 7,
    "whistle": ((1500.0, 2300.0, 0.45),),
    "cuckoo": ((1100.0, 1050.0, 0.22), (850.0, 800.0, 0.3)),
    "chirp": ((3200.0, 1800.0, 0.09), (3200.0, 1800.0, 0.09), (2900.0, 1500.0, 0.12)),
}


def write_calls(folder: Path) -> Path:
    """Write the calls as WAV files, in a folder for each bird; files that are there already are left as they are.

    Raises:
        DataError: they cannot be written.
    """
    try:
        for number, (label, device, samples) in enumerate(draw_calls(COUNT)):
            file = folder / label / f"device{device}_{number:04}.wav"
            if not file.exists():
                file.parent.mkdir(parents=True, exist_ok=True)
                replace_bytes(file, encode_waveform(Waveform((samples * 32767).astype(np.int16), RATE)))
    except OSError as error:
        reason = error.strerror or error
        raise DataError(f"the calls cannot be written to {str(folder)!r}: {reason}; name another folder") from None
    return folder


def find_call(folder: Path) -> NamedItem:
    """Return one of the calls."""
    file = min((folder / "cuckoo").iterdir())
    return NamedItem(str(file), file)


def draw_calls(count: int, seed: int = 0) -> Iterator[tuple[str, int, Floats]]:
    """Yield label, device and samples, float32 (n,), of calls: another pitch, speed, room and loudness each."""
    chance = np.random.default_rng(seed)
    tones = chance.uniform(0.2, 0.8, (DEVICES, 3))  #: of each device: how soft its overtones are
    for number in range(count):
        label, device = list(CALLS)[number % len(CALLS)], number // len(CALLS) % DEVICES
        pitch, speed = chance.uniform(0.85, 1.18), chance.uniform(0.8, 1.25)
        pieces = [np.zeros(int(RATE * chance.uniform(0.05, 0.2)))]
        for low, high, seconds in CALLS[label]:
            pieces += [_draw_syllable(low * pitch, high * pitch, seconds * speed, tones[device]), np.zeros(RATE // 40)]
        call = np.concatenate([*pieces, np.zeros(RATE // 10)])
        noise = chance.normal(0, 10 ** chance.uniform(-2.6, -1.6), len(call))
        yield label, device, (np.clip(call * chance.uniform(0.15, 0.6) + noise, -1, 1)).astype(np.float32)


def _draw_syllable(begin: float, end: float, seconds: float, tones: np.ndarray) -> np.ndarray:
    count = max(2, int(seconds * RATE))
    phase = 2 * np.pi * np.cumsum(np.linspace(begin, end, count)) / RATE
    sound = np.sin(phase) + sum(tone * np.sin(phase * place) / place for place, tone in enumerate(tones, 2))
    return np.asarray(sound * np.hanning(count) / 2)
