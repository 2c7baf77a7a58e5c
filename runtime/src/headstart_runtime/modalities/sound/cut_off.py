"""Files of sound that are cut off: by what their header promises, or by an end that lacks its mark or half a frame.

Their decoders read what is there and say nothing, so that half a word would pass for a whole one.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from headstart_runtime.modalities.item import BrokenItem, Excerpt
from headstart_runtime.modalities.sound.recording import SoundHeader

HEAD = 1 << 16  #: bytes in which the data of a stretch's file begins
_UNKNOWN = 0x7FFF0000  #: sizes from here on, of 32 bits, are written where the length is not known
#: kbit/s by index: of MPEG 1 layer II and III, of MPEG 2 and 2.5.
_RATES = {
    (1, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_HERTZ = (44100, 48000, 32000)
_EBML, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"  #: elements of Matroska and WebM
_FEWEST_FRAMES = 3  #: in a row, before their lengths are believed
USABLE_SHARE = 0.5  #: a clip that is cut off is used when at least this share of it is there


@dataclass(frozen=True, slots=True)
class Due:
    """The length that a clip ought to have."""

    seconds: float | None  #: None where that is not known
    slack: float  #: seconds that may be missing
    lacks_end: bool = False  #: whether the file ends before its end, wherever that is


def find_due(content: bytes | Excerpt, header: SoundHeader) -> Due:
    """Return what ought to be there of a file or a stretch of it."""
    share, seconds = measure_share(content), header.seconds
    if 0 < share < 1 and seconds is not None:
        seconds /= share  # decoders tell what is there
    slack = 0.1 if share == 1 else 0.01  # encoders drop some, plain samples are as many as they are
    if isinstance(content, bytes):
        return Due(seconds, slack, lacks_end(content))
    end = min((one for one in (content.end, seconds) if one is not None), default=None)
    return Due(None if end is None else end - content.start, slack)


def describe_early_end(seconds: float, due: Due, *, broken: bool) -> str:
    """Return what says that a clip ends early; "" where it does not, as far as that is known.

    Args:
        seconds: that are there.
        due: what ought to be.
        broken: whether a decoder gave up behind them.

    Raises:
        BrokenItem: too little of it is there.
    """
    if due.seconds is not None and seconds < due.seconds - due.slack:
        if seconds < USABLE_SHARE * due.seconds:
            least = f"{USABLE_SHARE:.0%} are wanted"
            raise BrokenItem(f"cut off: only {seconds:.3g} of {due.seconds:.3g} seconds are there, {least}")
        return f"it ends early: {seconds:.3g} of {due.seconds:.3g} seconds are there"
    if due.lacks_end or broken:
        return f"it ends early, after {seconds:.3g} seconds: its file is cut off"
    return ""


def measure_share(content: bytes | Excerpt) -> float:
    """Return the share of a file's sound that is there, as its header promises it; 1 where it promises nothing.

    Source: the chunks of RIFF, RF64, W64, AIFF, AU and CAF.
    """
    if isinstance(content, bytes):
        head, size = content, len(content)
    else:
        with content.path.open("rb") as stream:
            head = stream.read(HEAD)
        size = content.path.stat().st_size
    found = _find_data(head)
    if found is None:
        return 1.0
    begin, promised = found
    return 1.0 if promised <= 0 else min(1.0, max(0, size - begin) / promised)


def lacks_end(content: bytes) -> bool:
    """Return whether the last page of an Ogg file, segment of Matroska, or frame of MP3 or AAC is not there whole."""
    if content.startswith(b"OggS"):
        return _lacks_last_page(content)
    if content.startswith(_EBML):
        return _lacks_part_of_segment(content)
    return _ends_in_frame(content)


def lacks_index(content: bytes | Excerpt) -> bool:
    """Return whether an M4A file breaks off before the box that says where its samples are."""
    if not isinstance(content, bytes) or content[4:8] != b"ftyp":
        return False
    place = 0
    while place + 16 <= len(content):
        size, kind = int.from_bytes(content[place : place + 4], "big"), content[place + 4 : place + 8]
        if kind == b"moov":
            return place + size > len(content)
        place += int.from_bytes(content[place + 8 : place + 16], "big") if size == 1 else size
        if size == 0:
            break
    return True


def _find_data(head: bytes) -> tuple[int, int] | None:
    """Return where the sound begins and how many bytes of it are promised; None where that is not said."""
    kind = head[:4]
    if kind in (b"RIFF", b"RIFX") and head[8:12] == b"WAVE":
        return _find_chunk(head, b"data", big=kind == b"RIFX")
    if kind == b"RF64":
        promised = int.from_bytes(head[28:36], "little") if head[12:16] == b"ds64" else 0
        found = _find_chunk(head, b"data", big=False, unknown=True)
        return found and (found[0], promised)
    if kind == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        found = _find_chunk(head, b"SSND", big=True)
        return found and (found[0] + 8, found[1] - 8)  # it begins with an offset and the size of blocks
    if kind == b".snd":
        promised = int.from_bytes(head[8:12], "big")
        return None if promised >= _UNKNOWN else (int.from_bytes(head[4:8], "big"), promised)
    if kind == b"caff":
        return _find_caf_data(head)
    if head.startswith(b"riff\x2e\x91\xcf\x11"):
        return _find_wave64_data(head)
    return None


def _find_chunk(head: bytes, name: bytes, *, big: bool, unknown: bool = False) -> tuple[int, int] | None:
    place = 12
    while place + 8 <= len(head):
        size = int.from_bytes(head[place + 4 : place + 8], "big" if big else "little")
        if head[place : place + 4] == name:
            return (place + 8, size) if unknown or size < _UNKNOWN else None
        place += 8 + size + size % 2
    return None


def _find_caf_data(head: bytes) -> tuple[int, int] | None:
    place = 8
    if head[28:32] != b"lpcm":  # packed, whose packets are counted elsewhere
        return None
    while place + 12 <= len(head):
        size = int.from_bytes(head[place + 4 : place + 12], "big", signed=True)
        if head[place : place + 4] == b"data":
            return (place + 16, size - 4) if size > 0 else None  # it begins with a number of edits
        place += 12 + max(0, size)
    return None


def _find_wave64_data(head: bytes) -> tuple[int, int] | None:
    place = 40
    while place + 24 <= len(head):
        size = int.from_bytes(head[place + 16 : place + 24], "little")  # this header of 24 bytes counts
        if head[place : place + 4] == b"data":
            return place + 24, size - 24
        place += max(24, -(-size // 8) * 8)
    return None


def _lacks_last_page(content: bytes) -> bool:
    place = content.rfind(b"OggS")
    segments = content[place + 27 : place + 27 + content[place + 26]] if place + 27 <= len(content) else b""
    if len(content) < place + 27 or len(segments) < content[place + 26]:
        return True
    whole = place + 27 + len(segments) + sum(segments) <= len(content)
    return not (whole and content[place + 5] & 4)


def _lacks_part_of_segment(content: bytes) -> bool:
    """Return whether a segment is longer than what is there; False where its size is unknown, as in a live recording.

    Source: RFC 8794, elements with an identifier and a size, both of variable length.
    """
    place = len(_EBML)
    length, size = _read_size(content, place)
    place += length + size
    if content[place : place + 4] != _SEGMENT:
        return False
    length, size = _read_size(content, place + 4)
    return size < (1 << 7 * length) - 1 and place + 4 + length + size > len(content)


def _read_size(content: bytes, place: int) -> tuple[int, int]:
    """Return the length in bytes of a size of variable length, and the size; all bits set stand for none."""
    first = content[place] if place < len(content) else 0
    length = 9 - first.bit_length()
    return length, int.from_bytes(content[place : place + length], "big") & ((1 << 7 * length) - 1)


def _ends_in_frame(content: bytes) -> bool:
    """Return whether frames follow one another from the beginning, and the last one is longer than what is there."""
    end = len(content)
    return any(place + size > end for place, size in _walk_frames(content))


def _walk_frames(content: bytes) -> Iterator[tuple[int, int]]:
    """Yield place and length of each frame of MP3, layer II or AAC in ADTS, as far as one follows the other."""
    place, seen = _skip_id3(content), list[tuple[int, int]]()
    while size := _measure_frame(content[place : place + 7]):
        seen.append((place, size))
        if len(seen) >= _FEWEST_FRAMES:
            yield from seen if len(seen) == _FEWEST_FRAMES else seen[-1:]
        place += size


def _skip_id3(content: bytes) -> int:
    if not content.startswith(b"ID3") or len(content) < 10:
        return 0
    return 10 + sum((byte & 127) << shift for byte, shift in zip(content[6:10], (21, 14, 7, 0), strict=True))


def _measure_frame(head: bytes) -> int:
    """Return the length in bytes of a frame that begins so; 0 for what is no frame."""
    if len(head) < 7 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0
    if head[1] & 0xF6 == 0xF0:  # AAC in ADTS
        return (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    version, layer = (head[1] >> 3) & 3, 4 - ((head[1] >> 1) & 3)
    rate, hertz, padding = head[2] >> 4, (head[2] >> 2) & 3, (head[2] >> 1) & 1
    if version == 1 or layer not in (2, 3) or rate in (0, 15) or hertz == 3:
        return 0
    first = version == 3
    kbits = _RATES[(1, layer) if first else (2, 2)][rate]
    samples = 1152 if first or layer == 2 else 576
    return math.floor(samples / 8 * kbits * 1000 / (_HERTZ[hertz] / (1, 2, 4)[(3, 2, 0).index(version)])) + padding
