"""Photos with more than 8 bits: 16 and 32, signed, floating point -> 8 bits by the range of the data.

The container says little: a microscope or an X-ray panel stores 12 bits in 16, a CT counts from -1,024, a satellite
marks cells without a value with -9,999. So the range is measured: robustly within each file, then over the training
photos (``common_ranges``), and it is kept in the image spec, so that later photos are scaled alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from headstart.modalities.image.decoding.photo import BrokenPhoto
from headstart.modalities.image.spec import GreyRange

COLOUR = "rgb16"  #: the kind of values of 16 bits in each of red, green and blue
STRAY = 1000  #: one value in so many may lie apart from the others at either end (hot and dead pixels)
STRAY_FILES = 20  #: one file in so many may
FILES_APART = 3.0  #: how far such files lie apart, in ranges of the others: two bits
LARGEST = 1e30  #: floats beyond are marks for "no value": 3.4e38, 9.97e36
#: Values that stand for "no value" where they lie apart from all others.
MARKS = (-999.0, -9999.0, -99999.0, -32767.0, -32768.0, -2147483648.0)

_BITS, _PHOTOMETRIC, _SAMPLE_FORMAT, _NODATA = 258, 262, 339, 42113  # tags of TIFF 6.0, and GDAL's
_SIGNED = 2

Values = NDArray[Any]  #: (H, W), of colour (H, W, 3), as stored


@dataclass(frozen=True, slots=True)
class BitDepth:
    """What the values of one photo are like."""

    kind: str  #: see ``GreyRange``
    low: float  #: the least and the largest value, stray ones left out; of unsigned integers 0 and the largest
    high: float
    declared: int = 0  #: bits that the file says it uses, where those are fewer than it stores
    missing: int = 0  #: pixels without a value
    inverted: bool = False  #: white is zero

    @property
    def bits(self) -> int:
        """Significant bits of unsigned integers, at least 8."""
        return max(8, self.declared, int(self.high).bit_length())


@dataclass(frozen=True, slots=True)
class Deep:
    """The values of a loaded photo."""

    values: Values
    known: NDArray[np.bool_] | None  #: of their shape: where there is a value; None where there is one everywhere
    depth: BitDepth


def is_deep(image: Image.Image) -> bool:
    """Whether an opened image has more than 8 bits of grey."""
    return image.mode.startswith("I;16") or image.mode in ("I", "F")


def read_deep(image: Image.Image) -> Deep:
    """The values of a loaded image and their measure.

    Raises:
        BrokenPhoto: no pixel has a value.
    """
    tags: Mapping[int, Any] = getattr(image, "tag_v2", {})
    values = np.asarray(image)
    kind = _kind(image.mode, tags)
    if kind == "uint32":
        values = values.view(np.uint32) if values.dtype.itemsize == 4 else values
    known = _known(values, kind, tags)
    seen = values if known is None else values[known]
    if not seen.size:
        raise BrokenPhoto("no pixel has a finite value")
    declared = int(_first(tags.get(_BITS, 0))) if kind == "uint16" else 0
    depth = replace(
        measure_values(seen, kind),
        declared=declared if declared < 16 else 0,
        missing=0 if known is None else int(known.size - known.sum()),
        inverted=tags.get(_PHOTOMETRIC) == 0,
    )
    return Deep(values, known, depth)


def measure_values(values: Values, kind: str) -> BitDepth:
    """The least and largest of one or more values, stray ones left out."""
    flat = values.ravel()
    low, high = _reach(flat, flat, max(flat.size // STRAY, int(flat.size > 99)), 1)
    return BitDepth(kind, low if low < 0 or kind == "float32" else 0.0, high)


def own_range(depth: BitDepth) -> GreyRange:
    """The range of one photo alone."""
    if depth.low < 0 or depth.kind == "float32":
        return GreyRange(depth.kind, depth.low, depth.high)
    return GreyRange(depth.kind, 0.0, float(2**depth.bits - 1))


def common_ranges(depths: Sequence[BitDepth]) -> tuple[GreyRange, ...]:
    """A range for each kind of values among photos, of which few stray ones do not decide.

    Unsigned integers have that of their significant bits, others the least and largest value, rounded outwards to three
    digits, so that a few photos more or less change nothing.
    """
    ranges = []
    for kind in sorted({depth.kind for depth in depths}):
        these = [depth for depth in depths if depth.kind == kind]
        lows, highs = np.array([it.low for it in these]), np.array([it.high for it in these])
        low, high = _reach(lows, highs, len(these) // STRAY_FILES, FILES_APART)
        together = BitDepth(kind, low, high, max(it.declared for it in these))
        it = own_range(together)
        ranges.append(it if it.kind != "float32" and it.low == 0 else GreyRange(kind, *_rounded(it.low, it.high)))
    return tuple(ranges)


def to_8_bits(deep: Deep, ranges: Sequence[GreyRange]) -> tuple[NDArray[np.uint8], GreyRange]:
    """uint8 of the shape of the values, and the range it was scaled by: the given one of its kind, else its own.

    What lies outside is clipped; a pixel without a value is black; where white is zero it is inverted.
    """
    own = own_range(deep.depth)
    it = next((given for given in ranges if given.kind == own.kind), own)
    if it == GreyRange(COLOUR, 0.0, 65535.0):
        return (deep.values >> 8).astype(np.uint8), it  # as Pillow does, so as it always was
    scale = 255 / ((it.high - it.low) or 1.0)
    if deep.values.dtype.itemsize == 2 and deep.values.dtype.kind == "u":
        every = np.clip(np.rint((np.arange(65536) - it.low) * scale), 0, 255).astype(np.uint8)
        scaled = every[deep.values]
    else:
        values = deep.values.astype(np.float64) if deep.known is None else np.where(deep.known, deep.values, it.low)
        scaled = np.clip(np.rint((values - it.low) * scale), 0, 255).astype(np.uint8)
    if deep.depth.inverted:
        scaled = 255 - scaled
    if deep.known is not None:
        scaled = np.where(deep.known, scaled, np.uint8(0))
    return scaled, it


def describe_depth(depth: BitDepth) -> str:
    """What a photo's values are like, for a person."""
    names = {"float32": "floating point", "int16": "signed 16 bits", "int32": "signed 32 bits"}
    stored = "16 in colour" if depth.kind == COLOUR else depth.kind.removeprefix("uint")
    said = [names.get(depth.kind, f"{depth.bits} significant bits of {stored}")]
    if depth.inverted:
        said.append("white is zero")
    if depth.missing:
        said.append(f"{depth.missing:,} pixels without a value are black")
    return ", ".join(said)


def describe_scaling(depth: BitDepth, it: GreyRange, whose: str) -> str:
    """What a photo's values are like and what was done with them, for a person.

    Args:
        depth: of the photo.
        it: what it was scaled by.
        whose: "the set's", "its own", ...
    """
    said = f"{describe_depth(depth)}, scaled by {whose} range {it.low:.6g}..{it.high:.6g}"
    above, below = depth.high > it.high, depth.low < it.low
    if above or below:
        where = " and ".join([word for word, is_so in (("below", below), ("above", above)) if is_so])
        said += f"; it has values {where}, to {depth.low:.6g}..{depth.high:.6g}, which are clipped"
    taken = (min(depth.high, it.high) - max(depth.low, it.low)) / ((it.high - it.low) or 1.0)
    if taken < 1 / 32:
        said += f"; it takes {max(taken, 0.0):.1%} of that, so little is seen"
    return said


def _kind(mode: str, tags: Mapping[int, Any]) -> str:
    if mode == "F":
        return "float32"
    if mode != "I" or not tags:
        return "uint16"  # Pillow gives a deep PNG or PGM as "I" too
    signed = _first(tags.get(_SAMPLE_FORMAT, 1)) == _SIGNED
    return f"{'' if signed else 'u'}int{32 if _first(tags.get(_BITS, 16)) == 32 else 16}"


def _first(tag: Any) -> Any:
    return tag[0] if isinstance(tag, tuple) and tag else tag


def _known(values: Values, kind: str, tags: Mapping[int, Any]) -> NDArray[np.bool_] | None:
    """Where there is a value: no NaN, no infinity, no mark for a missing one."""
    known = np.isfinite(values) & (np.abs(values) < LARGEST) if kind == "float32" else np.ones(values.shape, bool)
    mark = _nodata(tags)
    if mark is not None:
        known &= values != mark
    if kind == "float32" or kind.startswith("int"):
        for mark in MARKS:
            here = (values == mark) & known
            if here.any() and _lies_apart(values[known & ~here], mark):
                known &= ~here
    return None if known.all() else known


def _nodata(tags: Mapping[int, Any]) -> float | None:
    try:
        return float(str(_first(tags.get(_NODATA))).strip("\x00 "))
    except ValueError:
        return None


def _lies_apart(others: Values, mark: float) -> bool:
    """Whether a mark is below all other values by more than those reach."""
    return bool(others.size) and float(others.min()) - mark > float(others.max()) - float(others.min())


def _reach(lows: Values, highs: Values, stray: int, apart: float) -> tuple[float, float]:
    """The least and largest, without the ``stray`` outermost where they lie further out than ``apart`` ranges."""
    low = float(np.partition(lows, stray)[stray])
    high = float(np.partition(highs, len(highs) - 1 - stray)[len(highs) - 1 - stray])
    span = (high - low) * apart
    if span <= 0:
        return float(lows.min()), float(highs.max())
    return float(lows[lows >= low - span].min()), float(highs[highs <= high + span].max())


def _rounded(low: float, high: float) -> tuple[float, float]:
    """Outwards, to three digits of what lies between."""
    if not high > low:
        return low, high
    step = 10.0 ** (np.floor(np.log10(high - low)) - 2)
    return float(f"{np.floor(low / step + 1e-9) * step:.12g}"), float(f"{np.ceil(high / step - 1e-9) * step:.12g}")
