"""Clips that are cut off: of each format it is said how much is there, and too little is refused."""

import io
import re
from pathlib import Path

import av
import numpy as np
import pytest

from headstart_runtime.modalities.item import BrokenItem, Excerpt
from headstart_runtime.modalities.modality import get_modality
from headstart_runtime.modalities.sound.reading import read_recording
from tests.modalities.sound.clips import encode

SOUND = get_modality("sound")
RATE = 16000
CHANCE = np.random.default_rng(0)
NOISE = (0.3 * np.sin(np.arange(3 * RATE) / 9) + 0.05 * CHANCE.standard_normal(3 * RATE)).astype(np.float32)
PROMISING = [
    *(("WAV", "PCM_16"), ("WAV", "FLOAT"), ("WAV", "IMA_ADPCM"), ("WAVEX", "PCM_16"), ("RF64", "PCM_16")),
    *(("W64", "PCM_16"), ("AIFF", "PCM_16"), ("AU", "PCM_16"), ("CAF", "PCM_16"), ("FLAC", None), ("MP3", None)),
]
MARKED = [("OGG", "VORBIS"), ("OGG", "OPUS")]


def encode_by_ffmpeg(kind: str, codec: str, **options: str) -> bytes:
    """Return NOISE as the bytes of a file that libsndfile does not write."""
    stream = io.BytesIO()
    with av.open(stream, "w", format=kind, options=options) as container:
        out = container.add_stream(codec, rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(NOISE[None], format="fltp", layout="mono")
        frame.sample_rate = RATE
        for packet in (*out.encode(frame), *out.encode(None)):
            container.mux(packet)
    return stream.getvalue()


def cut(content: bytes, share: float) -> bytes:
    """Return the beginning of a file."""
    return content[: int(share * len(content))]


@pytest.mark.parametrize(("kind", "subtype"), [*PROMISING, *MARKED])
def test_a_whole_file_is_not_repaired(kind: str, subtype: str | None) -> None:
    assert read_recording(encode(NOISE, RATE, kind, subtype)).repaired == ""


@pytest.mark.parametrize(("kind", "subtype"), PROMISING)
def test_what_is_there_of_a_file_is_told_beside_what_it_promises(kind: str, subtype: str | None) -> None:
    content = encode(NOISE, RATE, kind, subtype)
    found = read_recording(cut(content, 0.7))
    assert found.seconds == pytest.approx(2.1, abs=0.3)
    assert re.fullmatch(r"it ends early: [\d.]+ of 3(\.0\d)? seconds are there", found.repaired)
    assert SOUND.decode(cut(content, 0.7), None).repaired == found.repaired
    with pytest.raises(BrokenItem, match=r"cut off: only 0\.\d+ of 3.* seconds are there, 50% are wanted"):
        read_recording(cut(content, 0.3))


@pytest.mark.parametrize(("kind", "subtype"), MARKED)
def test_a_file_without_the_mark_of_its_end_is_cut_off(kind: str, subtype: str) -> None:
    content = encode(NOISE, RATE, kind, subtype)
    found = read_recording(cut(content, 0.97))
    assert found.repaired == f"it ends early, after {found.seconds:.3g} seconds: its file is cut off"


def test_a_file_that_ends_within_a_frame_is_cut_off() -> None:
    plain = encode_by_ffmpeg("adts", "aac")
    assert read_recording(plain).repaired == ""
    assert read_recording(cut(plain, 0.6)).repaired.endswith("its file is cut off")
    mp3 = encode(NOISE, RATE, "MP3", None)
    tagged = mp3 + b"TAG" + bytes(125)
    assert read_recording(tagged).repaired == ""
    assert read_recording(mp3[:-50]).repaired.endswith("its file is cut off")


def test_an_m4a_file_without_its_index_is_cut_off() -> None:
    whole = encode_by_ffmpeg("ipod", "aac")
    assert read_recording(whole).repaired == ""
    for share in (0.5, 0.97):
        with pytest.raises(BrokenItem, match="cut off: an M4A file without its last part"):
            read_recording(cut(whole, share))
    pieces = encode_by_ffmpeg("mp4", "aac", movflags="frag_keyframe+empty_moov")
    assert "it ends early" in read_recording(cut(pieces, 0.7)).repaired


@pytest.mark.parametrize(("kind", "codec"), [("webm", "libopus"), ("matroska", "aac")])
def test_a_file_whose_segment_is_not_there_whole_is_cut_off(kind: str, codec: str) -> None:
    whole = encode_by_ffmpeg(kind, codec)
    assert read_recording(whole).repaired == ""
    for share in (0.7, 0.97):
        assert "it ends early" in read_recording(cut(whole, share)).repaired
    live = encode_by_ffmpeg(kind, codec, live="1")  # its segment has no size
    assert read_recording(live).repaired == ""


def test_sound_alone_is_read_from_a_container_of_videos_and_a_video_is_not() -> None:
    assert read_recording(encode_by_ffmpeg("mp4", "aac")).seconds == pytest.approx(3, abs=0.1)
    stream = io.BytesIO()
    with av.open(stream, "w", format="mp4") as container:
        film = container.add_stream("mpeg4", rate=10)
        film.width = film.height = 32
        for _ in range(3):
            frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8))
            for packet in film.encode(frame):
                container.mux(packet)
        for packet in film.encode(None):
            container.mux(packet)
    with pytest.raises(BrokenItem, match="a video, not the clip: take its sound out, such as by ffmpeg"):
        read_recording(stream.getvalue())


def test_a_size_that_stands_for_none_promises_nothing() -> None:
    content = bytearray(encode(NOISE, RATE, "WAV", "PCM_16"))
    place = content.index(b"data") + 4
    for size in (0xFFFFFFFF, 0x7FFFFFFF):
        content[place : place + 4] = size.to_bytes(4, "little")
        assert read_recording(bytes(content)).repaired == ""


def test_a_stretch_to_the_end_of_a_file_that_is_cut_off_says_so(tmp_path: Path) -> None:
    file = tmp_path / "cut.wav"
    file.write_bytes(cut(encode(NOISE, RATE, "WAV", "PCM_16"), 0.8))
    assert read_recording(Excerpt(file, 1.0, 2.0)).repaired == ""
    assert read_recording(Excerpt(file, 1.0)).repaired == "it ends early: 1.4 of 2 seconds are there"
