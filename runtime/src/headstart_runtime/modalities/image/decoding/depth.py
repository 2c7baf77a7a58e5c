"""Photos with more than 8 bits: 16 and 32, signed, floating point -> 8 bits by the range of the data.

The container says little: a microscope or an X-ray panel stores 12 bits in 16, a CT counts from -1,024, a satellite
marks cells without a value with -9,999. So the range is measured: robustly within each file, then over the training
photos (``fit_common_ranges``), and it is kept in the image spec, so that later photos are scaled alike.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from headstart_runtime.modalities.image.spec import GreyRange
from headstart_runtime.modalities.item import BrokenItem

KINDS_SHOWN = 3  #: kinds of values that a note names
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
    """The range and kind of the values of one photo."""

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
    """The values of a loaded photo, and their depth."""

    values: Values
    known: NDArray[np.bool_] | None  #: of their shape: where there is a value; None where there is one everywhere
    depth: BitDepth


def is_deep(image: Image.Image) -> bool:
    """Return whether an opened image has more than 8 bits of grey."""
    return image.mode.startswith("I;16") or image.mode in ("I", "F")


def read_deep(image: Image.Image) -> Deep:
    """Return the values of a loaded image and their depth.

    Raises:
        BrokenItem: no pixel has a value.
    """
    tags: Mapping[int, Any] = getattr(image, "tag_v2", {})
    values = np.asarray(image)
    kind = _name_kind(image.mode, tags)
    if kind == "uint32":
        values = values.view(np.uint32) if values.dtype.itemsize == 4 else values
    known = _find_known(values, kind, tags)
    seen = values if known is None else values[known]
    if not seen.size:
        raise BrokenItem("no pixel has a finite value")
    declared = int(_first(tags.get(_BITS, 0))) if kind == "uint16" else 0
    depth = replace(
        measure_values(seen, kind),
        declared=declared if declared < 16 else 0,
        missing=0 if known is None else int(known.size - known.sum()),
        inverted=tags.get(_PHOTOMETRIC) == 0,
    )
    return Deep(values, known, depth)


def measure_values(values: Values, kind: str) -> BitDepth:
    """Return the least and largest of one or more values, stray ones left out."""
    flat = values.ravel()
    low, high = _find_reach(flat, flat, max(flat.size // STRAY, int(flat.size > 99)), 1)
    return BitDepth(kind, low if low < 0 or kind == "float32" else 0.0, high)


def fit_range(depth: BitDepth) -> GreyRange:
    """Return the range that one photo has by itself."""
    if depth.low < 0 or depth.kind == "float32":
        return GreyRange(depth.kind, depth.low, depth.high)
    return GreyRange(depth.kind, 0.0, float(2**depth.bits - 1))


def fit_common_ranges(depths: Sequence[BitDepth]) -> tuple[GreyRange, ...]:
    """Return a range for each kind of values among photos, of which few stray ones do not decide.

    Unsigned integers have that of their significant bits, others the least and largest value, rounded outwards to three
    digits, so that a few photos more or less change nothing.
    """
    ranges = []
    for kind in sorted({depth.kind for depth in depths}):
        these = [depth for depth in depths if depth.kind == kind]
        lows, highs = np.array([depth.low for depth in these]), np.array([depth.high for depth in these])
        low, high = _find_reach(lows, highs, len(these) // STRAY_FILES, FILES_APART)
        common = fit_range(BitDepth(kind, low, high, max(depth.declared for depth in these)))
        exact = kind != "float32" and common.low == 0
        ranges.append(common if exact else GreyRange(kind, *_round_outwards(common.low, common.high)))
    return tuple(ranges)


def scale_to_8_bits(deep: Deep, ranges: Sequence[GreyRange]) -> tuple[NDArray[np.uint8], GreyRange]:
    """Return uint8 of the shape of the values, and the range it was scaled by: the given one of its kind, else its own.

    What lies outside is clipped; a pixel without a value is black; where white is zero it is inverted.
    """
    own = fit_range(deep.depth)
    used = next((given for given in ranges if given.kind == own.kind), own)
    if used == GreyRange(COLOUR, 0.0, 65535.0):
        return (deep.values >> 8).astype(np.uint8), used  # as Pillow does, so as it always was
    scale = 255 / ((used.high - used.low) or 1.0)
    if deep.values.dtype.itemsize == 2 and deep.values.dtype.kind == "u":
        every = np.clip(np.rint((np.arange(65536) - used.low) * scale), 0, 255).astype(np.uint8)
        scaled = every[deep.values]
    else:
        values = deep.values.astype(np.float64) if deep.known is None else np.where(deep.known, deep.values, used.low)
        scaled = np.clip(np.rint((values - used.low) * scale), 0, 255).astype(np.uint8)
    if deep.depth.inverted:
        scaled = 255 - scaled
    if deep.known is not None:
        scaled = np.where(deep.known, scaled, np.uint8(0))
    return scaled, used


def describe_depth(depth: BitDepth) -> str:
    """Return the kind of a photo's values in words."""
    names = {"float32": "floating point", "int16": "signed 16 bits", "int32": "signed 32 bits"}
    stored = "16 in colour" if depth.kind == COLOUR else depth.kind.removeprefix("uint")
    words = [names.get(depth.kind, f"{depth.bits} significant bits of {stored}")]
    if depth.inverted:
        words.append("white is zero")
    if depth.missing:
        words.append(f"{depth.missing:,} pixels without a value are black")
    return ", ".join(words)


def describe_scaling(depth: BitDepth, used: GreyRange, whose: str) -> str:
    """Return the kind of a photo's values and what was done with them in words.

    Args:
        depth: of the photo.
        used: the range it was scaled by.
        whose: "the set's", "its own", ...
    """
    said = f"{describe_depth(depth)}, scaled by {whose} range {used.low:.6g}..{used.high:.6g}"
    above, below = depth.high > used.high, depth.low < used.low
    if above or below:
        where = " and ".join([word for word, is_so in (("below", below), ("above", above)) if is_so])
        said += f"; it has values {where}, to {depth.low:.6g}..{depth.high:.6g}, which are clipped"
    taken = (min(depth.high, used.high) - max(depth.low, used.low)) / ((used.high - used.low) or 1.0)
    if taken < 1 / 32:
        said += f"; it takes {max(taken, 0.0):.1%} of that, so little is seen"
    return said


def summarise_depths(depths: Sequence[BitDepth]) -> tuple[str, ...]:
    """Return a note that counts photos with more than 8 bits; none where there are none."""
    kinds = Counter(describe_depth(replace(depth, missing=0)) for depth in depths)
    if not kinds:
        return ()
    shown = ", ".join(f"{count} with {kind}" for kind, count in kinds.most_common(KINDS_SHOWN))
    more = f" and {len(kinds) - KINDS_SHOWN} more" if len(kinds) > KINDS_SHOWN else ""
    return (f"{sum(kinds.values())} photos have more than 8 bits a pixel ({shown}{more})",)


def _name_kind(mode: str, tags: Mapping[int, Any]) -> str:
    if mode == "F":
        return "float32"
    if mode != "I" or not tags:
        return "uint16"  # Pillow gives a deep PNG or PGM as "I" too
    signed = _first(tags.get(_SAMPLE_FORMAT, 1)) == _SIGNED
    return f"{'' if signed else 'u'}int{32 if _first(tags.get(_BITS, 16)) == 32 else 16}"


def _first(tag: Any) -> Any:
    return tag[0] if isinstance(tag, tuple) and tag else tag


def _find_known(values: Values, kind: str, tags: Mapping[int, Any]) -> NDArray[np.bool_] | None:
    """Return where there is a value: no NaN, no infinity, no mark for a missing one; None: everywhere."""
    known = np.isfinite(values) & (np.abs(values) < LARGEST) if kind == "float32" else np.ones(values.shape, bool)
    mark = _read_nodata(tags)
    if mark is not None:
        known &= values != mark
    if kind == "float32" or kind.startswith("int"):
        for mark in MARKS:
            here = (values == mark) & known
            if here.any() and _lies_apart(values[known & ~here], mark):
                known &= ~here
    return None if known.all() else known


def _read_nodata(tags: Mapping[int, Any]) -> float | None:
    try:
        return float(str(_first(tags.get(_NODATA))).strip("\x00 "))
    except ValueError:
        return None


def _lies_apart(others: Values, mark: float) -> bool:
    """Return whether a mark is below all other values by more than those reach."""
    return bool(others.size) and float(others.min()) - mark > float(others.max()) - float(others.min())


def _find_reach(lows: Values, highs: Values, stray: int, apart: float) -> tuple[float, float]:
    """Return the least and largest, without ``stray`` outermost ones that lie further out than ``apart`` ranges."""
    low = float(np.partition(lows, stray)[stray])
    high = float(np.partition(highs, len(highs) - 1 - stray)[len(highs) - 1 - stray])
    span = (high - low) * apart
    if span <= 0:
        return float(lows.min()), float(highs.max())
    return float(lows[lows >= low - span].min()), float(highs[highs <= high + span].max())


def _round_outwards(low: float, high: float) -> tuple[float, float]:
    """Round both outwards, to three digits of what lies between."""
    if not high > low:
        return low, high
    step = 10.0 ** (np.floor(np.log10(high - low)) - 2)
    return float(f"{np.floor(low / step + 1e-9) * step:.12g}"), float(f"{np.ceil(high / step - 1e-9) * step:.12g}")
