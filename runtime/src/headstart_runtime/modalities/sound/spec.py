"""The sound spec: the way from a clip's bytes to the tensors of a network, as data. It is saved with every classifier.

A clip is mixed to one channel, resampled to the network's rate, cut into windows of one length (a shorter clip is one
window, the rest of which is not looked at), and each window becomes the numbers of a filterbank of mels, where the
network does not read the waveform itself.
"""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal, Self

from headstart_runtime.modalities.batch import TensorSpec

WINDOWS, MELS, MASK, LENGTH = "windows", "mels", "mask", "length"  #: tensors
EMPHASIS = 0.97  #: of Kaldi's frames
LEAST_VARIANCE = 1e-7  #: added to that of a waveform which is normalised
#: Fields that came later; they are left out of records where they are as they were before.
_LATER: dict[str, Any] = {"normalized": False, "least": 0}


@dataclass(frozen=True, slots=True)
class Resampler:
    """Polyphase resampling by a windowed sinc, as ``scipy.signal.resample_poly`` does it by default."""

    zero_crossings: int = 10  #: of the sinc, on each side, at the lower of both rates
    kaiser_beta: float = 5.0  #: of the window


@dataclass(frozen=True, slots=True)
class MelSpec:
    """A filterbank of mels over short stretches of a waveform, and how its numbers are scaled."""

    fft: int  #: samples of a frame, in the middle of which the window stands
    window: int  #: samples of a periodic Hann window
    hop: int  #: samples between frames
    bands: int
    low: float  #: Hz, where the first band begins
    high: float  #: Hz, where the last band ends
    scale: Literal["slaney", "htk"]  #: of mels
    triangles: Literal["hertz", "mels"]  #: in which the filters rise and fall evenly
    is_normalized: bool  #: every band has the same area (Slaney's Auditory Toolbox, 1998), else the same height
    power: int  #: 2 of squared magnitudes, 1 of magnitudes
    log: Literal["decibel", "natural"]
    floor: float  #: least energy in decibels' case, else what is added to it
    range: float  #: decibels below the loudest number of a window, to which softer ones are raised; 0 for no limit
    amplitude: float  #: that of the waveform at full scale, as the network knows it
    factor: float  #: by which the logarithms are multiplied
    offset: float  #: that is added then
    #: Frames as Kaldi has them (Povey et al., 2011): as long as the window, which is symmetric; their mean taken away,
    #: each sample less ``EMPHASIS`` of that before it; energies raised to the floor. Frames behind the clip are zeros.
    kaldi: bool = False

    @property
    def frame(self) -> int:
        """Samples of a frame."""
        return self.window if self.kaldi else self.fft

    def count_frames(self, samples: int) -> int:
        """Return how many frames lie in so many samples."""
        return max(0, (samples - self.frame) // self.hop + 1)


@dataclass(frozen=True, slots=True)
class SoundSpec:
    """The way from a clip to the input of a network."""

    kind: ClassVar[str] = "sound"

    rate: int  #: samples a second
    window: int  #: samples that a network sees at a time, without margins
    hop: int = 0  #: most samples between the beginnings of two windows of a longer clip; 0 for half a window
    margin: int = 0  #: samples of silence before and behind each window
    mels: MelSpec | None = None  #: None: the network reads the waveform
    fixed: bool = False  #: the window is the network's own, and not fitted to the training clips
    longest: int = 0  #: samples; the longest window that may be fitted; 0 for the window itself
    channels: Literal["mean"] = "mean"  #: mixed to one
    resampler: Resampler = Resampler()
    normalized: bool = False  #: of the waveform in a window, mean 0 and variance 1; behind the clip's end zeros
    least: int = 0  #: fewest samples that a network takes, which is told how many are the clip's; 0: it is not told

    @property
    def step(self) -> int:
        """Most samples between the beginnings of two windows."""
        return self.hop or max(1, self.window // 2)

    @property
    def padded(self) -> int:
        """Samples of a window with its margins."""
        return self.window + 2 * self.margin

    @property
    def frames(self) -> int:
        """Frames of a window with its margins; 0 where the waveform itself is read."""
        return 0 if self.mels is None else self.mels.count_frames(self.padded)

    @property
    def tensors(self) -> tuple[TensorSpec, ...]:
        """Mels and a mask of those of the clip, 1 and 0; or the waveform, float32, and how many samples are the clip's.

        The waveform is in -1..1, unless it is normalised; the number of samples is there for a network that takes it.
        """
        if self.mels is None:
            waveform = TensorSpec(WINDOWS, "float32", (self.padded,))
            return (waveform, TensorSpec(LENGTH, "int64", (1,))) if self.least else (waveform,)
        return (
            TensorSpec(MELS, "float32", (self.frames, self.mels.bands)),
            TensorSpec(MASK, "float32", (self.frames,)),
        )

    @property
    def rank(self) -> float:
        """The rate: for the highest of several nothing is lost that another hears."""
        return float(self.rate)

    def decodes_like(self, other: "SoundSpec") -> bool:
        """Return whether a decoded clip is the same for another spec."""
        return (self.rate, self.channels, self.resampler) == (other.rate, other.channels, other.resampler)

    def to_json(self) -> dict[str, Any]:
        """Return a dict of plain values, for ``model.json`` and fingerprints."""
        record = {"kind": self.kind, **asdict(self)}
        if self.mels is not None and not self.mels.kaldi:
            del record["mels"]["kaldi"]
        return {name: value for name, value in record.items() if name not in _LATER or value != _LATER[name]}

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Self:
        """Return the spec that ``to_json`` describes."""
        values = {name: value for name, value in record.items() if name != "kind"}
        mels = record.get("mels")
        return cls(
            **{
                **values,
                "mels": None if mels is None else MelSpec(**mels),
                "resampler": Resampler(**record["resampler"]),
            }
        )
