"""Records of what a file of sound says of itself, and of what was read of it."""

from dataclasses import dataclass

import numpy as np

from headstart_runtime.arrays import Floats

MOST_SECONDS = 3600  #: of a clip that is read whole
LOWEST_RATE, HIGHEST_RATE = 1000, 768_000  #: Hz
MOST_CHANNELS = 64
SILENT = 10 ** (-70 / 20)  #: peak up to which a clip is silent, full scale is 1
CLIPPED = 0.001  #: share of samples at full scale from which a clip is clipped
LOUD = 256.0  #: peak from which numbers are taken to be scaled as 16 bits are: -32,768..32,767


@dataclass(frozen=True, slots=True)
class SoundHeader:
    """The facts in a file's first bytes."""

    format: str  #: "WAV"
    encoding: str  #: "16-bit", "float"; "" for the format's usual one
    bits: int  #: of a sample; 0 where they are packed, as in MP3
    rate: int  #: Hz
    channels: int
    seconds: float | None  #: as the header has it; None where it does not say

    @property
    def variant(self) -> str:
        """The way it is stored, for a person: "8000 Hz, 2 channels, 8-bit"."""
        channels = [f"{self.channels} channels"] if self.channels > 1 else []
        return ", ".join([f"{self.rate} Hz", *channels, *([self.encoding] if self.encoding else [])])


@dataclass(frozen=True, slots=True)
class Recording:
    """A clip as it is stored, mixed to one channel, at its own rate."""

    header: SoundHeader
    samples: Floats  #: (n,) full scale is 1
    peak: float  #: greatest magnitude in any channel
    clipped: float  #: share of samples at full scale
    repaired: str = ""  #: what had to be mended in memory

    @property
    def seconds(self) -> float:
        """The length in seconds."""
        return len(self.samples) / self.header.rate

    @property
    def loudness(self) -> float:
        """Root mean square in decibels below full scale; -120 for nothing at all."""
        mean = float(np.mean(np.square(self.samples, dtype=np.float64)))
        return 10 * float(np.log10(max(mean, 1e-12)))

    @property
    def note(self) -> str:
        """The unusual about it, for the ledger; "" for nothing."""
        if self.peak <= SILENT:
            return "silent: nothing louder than -70 decibels"
        if self.clipped >= CLIPPED:
            return f"clipped: {self.clipped:.1%} of its samples are at full scale"
        return ""
