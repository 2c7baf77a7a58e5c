"""Stretches of what a microphone hears, through the package ``sounddevice``."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from headstart_runtime.errors import SettingError
from headstart_runtime.modalities.item import NamedItem

RATE = 16_000
MISSING = (
    "--listen needs the package 'sounddevice' (pip install sounddevice) and, on Linux, the library PortAudio "
    "(apt install libportaudio2)"
)


def record_stretches(seconds: float) -> Iterator[NamedItem]:
    """Yield what the microphone hears, stretch by stretch, until the caller stops.

    Raises:
        SettingError: the package, its library or a microphone is not there.
    """
    try:
        sounddevice = import_module("sounddevice")
    except (ImportError, OSError) as error:  # OSError: without PortAudio
        raise SettingError(MISSING) from error
    try:
        stream: Any = sounddevice.InputStream(samplerate=RATE, channels=1, dtype="float32")
        stream.start()
    except Exception as error:  # whatever the library and the system's drivers raise
        raise SettingError(f"no microphone can be opened ({' '.join(str(error).split())[:150]})") from error
    number = 0
    with stream:
        while True:
            samples, _ = stream.read(round(seconds * RATE))
            number += 1
            yield NamedItem(f"{(number - 1) * seconds:.1f}-{number * seconds:.1f} s", (samples[:, 0].copy(), RATE))
