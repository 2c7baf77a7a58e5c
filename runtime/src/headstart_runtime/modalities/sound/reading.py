"""Files of sound -> samples: libsndfile for what it knows, FFmpeg (PyAV) for the rest; from any thread."""

import io
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np

from headstart_runtime.arrays import Floats
from headstart_runtime.errors import MissingExtra, refuse_machine_faults
from headstart_runtime.extras import ExtraName, import_extra
from headstart_runtime.modalities.item import BrokenItem, Excerpt
from headstart_runtime.modalities.sound.cut_off import Due, describe_early_end, find_due, lacks_index
from headstart_runtime.modalities.sound.recording import (
    HIGHEST_RATE,
    LOUD,
    LOWEST_RATE,
    MOST_CHANNELS,
    MOST_SECONDS,
    Recording,
    SoundHeader,
)
from headstart_runtime.modalities.sound.wording import CLIP
from headstart_runtime.modalities.strays import VIDEO, describe_stray, recognise_stray

EXTRA: ExtraName = "sound"
PURPOSE = "reading clips of sound"
BLOCK = 2**16  #: frames that are read at a time
SMALL_BLOCK = 2**10  #: the same, where a file is broken
CUT_OFF = "cut off: an M4A file without its last part, which says how it is read"
UNKNOWN = "not a clip of sound in a known format"
_NAMES = {"WAVEX": "WAV", "RF64": "WAV", "MPEG": "MP3"}  #: of formats, for people
_BITS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32, "FLOAT": 32, "DOUBLE": 64}


def read_header(content: bytes | Excerpt) -> SoundHeader:
    """Return what a file says of itself.

    Raises:
        BrokenItem: it is no clip in a known format, or one that cannot be read.
        MissingExtra: soundfile is not installed.
    """
    with _open(content) as (header, _):
        return header


def read_recording(content: bytes | Excerpt, most: float = MOST_SECONDS) -> Recording:
    """Return all samples of a clip.

    Args:
        content: of a file, or a stretch of one.
        most: seconds that may be read.

    Raises:
        BrokenItem: it cannot be decoded, has no samples, or is longer.
        MissingExtra: soundfile is not installed.
    """
    with _open(content) as (header, blocks):
        return _join(header, blocks, most, find_due(content, header))


def _join(header: SoundHeader, blocks: Iterable[Floats], most: float, due: Due) -> Recording:
    """Return the recording of blocks (frames, channels).

    What is there before an error counts; the file is cut off, or broken from there on.
    """
    mixed: list[Floats] = []
    peak, full, odd, count = 0.0, 0, 0, 0
    top = 1 - 1.5 / 2 ** (header.bits - 1) if 0 < header.bits <= 16 else 0.9999
    broken = False
    for block in _read_until_broken(blocks):
        if block is None:
            broken = True
            break
        finite = np.isfinite(block)
        if not finite.all():
            odd += int(finite.size - np.count_nonzero(finite))
            block = np.where(finite, block, np.float32(0))
        levels = np.abs(block)
        peak = max(peak, float(levels.max(initial=0)))
        full += int(np.count_nonzero(levels.max(axis=1) >= top))
        count += len(block)
        if count > most * header.rate:
            raise BrokenItem(
                f"longer than {most / 60:.0f} minutes; cut it into shorter ones, or give a table with its parts in "
                "columns start and end"
            )
        mixed.append(block.mean(axis=1, dtype=np.float32) if block.shape[1] > 1 else block[:, 0])
    if not count:
        cut = due.lacks_end or broken
        raise BrokenItem("cut off: no samples are there" if cut else "no samples in it (a length of zero)")
    samples = np.concatenate(mixed)
    repaired = [f"{odd} samples that are no numbers became 0"] if odd else []
    if peak >= LOUD:
        samples = samples / np.float32(32768)
        peak, full = peak / 32768, 0
        repaired.append("numbers beyond 256 are taken as 16 bits are scaled")
    if missing := describe_early_end(count / header.rate, due, broken=broken):
        repaired.append(missing)
    return Recording(header, np.ascontiguousarray(samples), peak, full / count, "; ".join(repaired))


def _read_until_broken(blocks: Iterable[Floats]) -> Iterator[Floats | None]:
    """Yield blocks; None behind them where a decoder gives up after some."""
    any_there = False
    try:
        for block in blocks:
            yield block
            any_there = True
    except (BrokenItem, MissingExtra):
        raise
    except Exception as error:  # whatever decoders raise
        refuse_machine_faults(error, "to read clips")
        if not any_there:
            raise
        yield None


@contextmanager
def _open(content: bytes | Excerpt) -> Iterator[tuple[SoundHeader, Iterator[Floats]]]:
    """Open a file by libsndfile, and where that does not know it by FFmpeg."""
    soundfile = import_extra(EXTRA, PURPOSE, "soundfile")
    head = _read_head(content)
    try:
        file = soundfile.SoundFile(_point(content))
    except soundfile.SoundFileError:
        with _open_by_ffmpeg(content, head) as opened:
            yield opened
        return
    with file:
        try:
            header = _check_header(_describe(file))
            yield header, _read_blocks(file, content, header)
        except (BrokenItem, MissingExtra):
            raise
        except Exception as error:  # whatever libsndfile and its decoders raise
            refuse_machine_faults(error, "to read clips")
            raise BrokenItem(f"cannot be decoded ({_shorten(error)})") from error


def _point(content: bytes | Excerpt) -> Any:
    return io.BytesIO(content) if isinstance(content, bytes) else str(content.path)


def _read_head(content: bytes | Excerpt) -> bytes:
    if isinstance(content, bytes):
        return content[:4096]
    with content.path.open("rb") as stream:
        return stream.read(4096)


def _describe(file: Any) -> SoundHeader:
    bits = _BITS.get(file.subtype, 0)
    usual = file.subtype in ("PCM_16", "VORBIS") or file.subtype.startswith("MPEG")
    floats = {"FLOAT": "float", "DOUBLE": "64-bit float"}
    encoding = "" if usual else floats.get(file.subtype, f"{bits}-bit" if bits else file.subtype.lower())
    seconds = file.frames / file.samplerate if 0 <= file.frames < 2**50 and file.samplerate > 0 else None
    name = _NAMES.get(file.format, file.format)
    return SoundHeader(name, encoding, bits, file.samplerate, file.channels, seconds)


def _check_header(header: SoundHeader) -> SoundHeader:
    if not LOWEST_RATE <= header.rate <= HIGHEST_RATE:
        raise BrokenItem(f"a rate of {header.rate} Hz; wanted {LOWEST_RATE} to {HIGHEST_RATE}")
    if not 1 <= header.channels <= MOST_CHANNELS:
        raise BrokenItem(f"{header.channels} channels; wanted 1 to {MOST_CHANNELS}")
    return header


def _read_blocks(file: Any, content: bytes | Excerpt, header: SoundHeader) -> Iterator[Floats]:
    """Yield blocks (frames, channels), float32, of a file or a stretch of it."""
    left = None
    if isinstance(content, Excerpt):
        first, left = _find_stretch(content, header)
        file.seek(first)
    while left is None or left > 0:
        place, size = file.tell(), BLOCK if left is None else min(BLOCK, left)
        try:
            block = file.read(size, dtype="float32", always_2d=True)
        except Exception:  # whatever libsndfile's decoders raise, for all of the block
            yield from _read_slowly(content, place, size)
            raise
        if not len(block):
            return
        yield block
        left = None if left is None else left - len(block)


def _read_slowly(content: bytes | Excerpt, place: int, size: int) -> Iterator[Floats]:
    """Yield what can be read of a block that is broken somewhere, opened anew."""
    soundfile = import_extra(EXTRA, PURPOSE, "soundfile")
    with suppress(soundfile.SoundFileError), soundfile.SoundFile(_point(content)) as file:
        file.seek(place)
        for _ in range(0, size, SMALL_BLOCK):
            yield file.read(SMALL_BLOCK, dtype="float32", always_2d=True)


def _find_stretch(excerpt: Excerpt, header: SoundHeader) -> tuple[int, int | None]:
    """Return the first frame of an excerpt, and how many it has; None for all that follow.

    Raises:
        BrokenItem: it lies outside of the file, or has no length.
    """
    end = header.seconds if excerpt.end is None else excerpt.end
    if excerpt.start < 0 or (end is not None and end <= excerpt.start):
        raise BrokenItem(f"a stretch of no length: {excerpt.limits}")
    if header.seconds is not None and (excerpt.start >= header.seconds or (end or 0) > header.seconds + 0.1):
        raise BrokenItem(f"the stretch {excerpt.limits} lies outside of the file, which has {header.seconds:.6g} s")
    first = round(excerpt.start * header.rate)
    return first, None if excerpt.end is None else max(1, round(excerpt.end * header.rate) - first)


@contextmanager
def _open_by_ffmpeg(content: bytes | Excerpt, head: bytes) -> Iterator[tuple[SoundHeader, Iterator[Floats]]]:
    """Open a file by FFmpeg's decoders.

    Raises:
        BrokenItem: it does not know it either.
    """
    stray = recognise_stray(head)
    if stray and stray is not VIDEO:  # which may be sound alone in the same container
        raise BrokenItem(describe_stray(stray, CLIP))
    try:
        av = import_extra(EXTRA, PURPOSE, "av")
    except MissingExtra:
        raise BrokenItem(f"{UNKNOWN}; M4A and others need the package 'av'") from None
    try:
        with av.open(_point(content)) as container:
            stream = _find_stream(container, head)
            rate = stream.codec_context.sample_rate
            length = stream.duration * stream.time_base if stream.duration else None
            name = container.format.name.split(",")[0]
            name = {"mov": "M4A", "matroska": "MKA"}.get(name, name.upper())
            channels = stream.codec_context.channels
            seconds = None if length is None else float(length)
            header = _check_header(SoundHeader(name, "", 0, rate, channels, seconds))
            yield header, _decode_frames(av, container, stream, content, header)
    except (BrokenItem, MissingExtra) as error:
        if lacks_index(content):
            raise BrokenItem(CUT_OFF) from error
        raise
    except Exception as error:  # whatever FFmpeg's decoders raise
        refuse_machine_faults(error, "to read clips")
        if lacks_index(content):
            raise BrokenItem(CUT_OFF) from error
        raise BrokenItem(f"{UNKNOWN} ({_shorten(error)})") from error


def _is_cover(film: Any) -> bool:
    """Return whether a stream is no film but the cover of a piece of music."""
    return bool(film.disposition & film.disposition.attached_pic) or film.frames == 1


def _find_stream(container: Any, head: bytes) -> Any:
    if recognise_stray(head) is VIDEO and any(not _is_cover(film) for film in container.streams.video):
        raise BrokenItem(describe_stray(VIDEO, CLIP))
    if not container.streams.audio:
        raise BrokenItem(f"{UNKNOWN}: there is no sound in it")
    return container.streams.audio[0]


def _decode_frames(
    av: Any, container: Any, stream: Any, content: bytes | Excerpt, header: SoundHeader
) -> Iterator[Floats]:
    """Yield blocks (frames, channels), float32; of a stretch all before it is decoded too, and left out."""
    skip, left = (0, None) if isinstance(content, bytes) else _find_stretch(content, header)
    planar = av.AudioResampler(format="fltp", layout=stream.layout.name, rate=header.rate)
    for frame in container.decode(stream):
        for piece in planar.resample(frame):
            block = np.ascontiguousarray(piece.to_ndarray().T, np.float32)[skip:]
            skip = max(0, skip - piece.samples)
            block = block if left is None else block[:left]
            if len(block):
                yield block
            if left is not None:
                left -= len(block)
                if left <= 0:
                    return


def _shorten(error: BaseException) -> str:
    said = re.sub(r"^Error opening .*?>: ", "", " ".join(str(error).split()))
    return said[:100] or type(error).__name__
