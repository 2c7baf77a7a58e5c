"""Files of sound: formats, rates, channels, depths; what is unusual about them, and what is wrong."""

import io
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from headstart_runtime.modalities.item import BrokenItem, Excerpt
from headstart_runtime.modalities.modality import get_modality
from headstart_runtime.modalities.sound.reading import read_header, read_recording
from headstart_runtime.modalities.sound.speech_spec import SPEECH_SPEC
from headstart_runtime.modalities.sound.waveforms import encode_waveform, split_waveform
from tests.modalities.sound.clips import encode

SOUND = get_modality("sound")
TONE = (0.5 * np.sin(np.arange(8000) / 20)).astype(np.float32)


@pytest.mark.parametrize(
    ("kind", "subtype", "near", "bits"),
    [
        *(("WAV", "PCM_U8", 0.01, 8), ("WAV", "PCM_16", 1e-4, 16), ("WAV", "PCM_24", 1e-6, 24)),
        *(("WAV", "PCM_32", 1e-7, 32), ("WAV", "FLOAT", 0, 32), ("FLAC", "PCM_16", 1e-4, 16)),
        *(("OGG", "VORBIS", 0.05, 0), ("MP3", "MPEG_LAYER_III", 0.2, 0), ("AIFF", "PCM_16", 1e-4, 16)),
    ],
)
def test_formats_give_their_samples(kind: str, subtype: str, near: float, bits: int) -> None:
    content = encode(TONE, 8000, kind, subtype)
    header, found = read_header(content), read_recording(content)
    assert (header.format, header.rate, header.channels, header.bits) == (kind, 8000, 1, bits)
    length = min(len(found.samples), len(TONE))
    assert length > 7000
    if kind != "MP3":
        np.testing.assert_allclose(found.samples[:length], TONE[:length], atol=near)
    facts = SOUND.identify(content)
    assert facts.properties["seconds"] == pytest.approx(1, abs=0.15)
    assert facts.properties["loudness"] == pytest.approx(-9, abs=1.5)


def test_m4a_is_read_by_ffmpeg() -> None:
    stream = io.BytesIO()
    with av.open(stream, "w", format="ipod") as container:
        out = container.add_stream("aac", rate=16000, layout="mono")
        frame = av.AudioFrame.from_ndarray(TONE[None], format="fltp", layout="mono")
        frame.sample_rate = 16000
        for packet in (*out.encode(frame), *out.encode(None)):
            container.mux(packet)
    found = read_recording(stream.getvalue())
    assert (found.header.format, found.header.rate) == ("M4A", 16000)
    assert len(found.samples) == pytest.approx(8000, abs=2100)
    assert found.loudness == pytest.approx(-9, abs=2)


def test_channels_are_mixed_and_rates_become_that_of_the_spec() -> None:
    both = np.stack([TONE, np.zeros_like(TONE)], axis=1)
    content = encode(both, 44100, "WAV", "FLOAT")
    np.testing.assert_allclose(read_recording(content).samples, TONE / 2, atol=1e-7)
    assert len(SOUND.decode(content, SPEECH_SPEC).value) == -(-8000 * 160 // 441)


def test_stretches_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "long.wav"
    file.write_bytes(encode(TONE, 8000, "WAV", "FLOAT"))
    np.testing.assert_array_equal(read_recording(Excerpt(file, 0.25, 0.5)).samples, TONE[2000:4000])
    np.testing.assert_array_equal(read_recording(Excerpt(file, 0.75)).samples, TONE[6000:])
    for start, end, said in ((2.0, 3.0, "lies outside of the file"), (0.5, 0.5, "no length"), (-1.0, 1.0, "no length")):
        with pytest.raises(BrokenItem, match=said):
            read_recording(Excerpt(file, start, end))


def test_the_unusual_is_said() -> None:
    silent = SOUND.identify(encode(np.zeros(100, np.float32)))
    clipped = SOUND.identify(encode(np.clip(TONE * 9, -1, 1)))
    assert silent.note == "silent: nothing louder than -70 decibels"
    assert clipped.note.startswith("clipped: ")
    assert SOUND.summarise([silent, clipped, clipped]) == (
        "1 clip is silent; see the ledger",
        "2 clips are clipped; see the ledger",
    )
    odd = TONE.copy()
    odd[5:9] = np.nan
    assert read_recording(encode(odd, subtype="FLOAT")).repaired == "4 samples that are no numbers became 0"
    scaled = read_recording(encode(TONE * 30000, subtype="FLOAT"))
    assert scaled.repaired == "numbers beyond 256 are taken as 16 bits are scaled"
    assert scaled.peak == pytest.approx(0.5 * 30000 / 32768, rel=1e-3)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "zero bytes"),
        (b"nothing of the kind", "not a clip of sound in a known format"),
        (b"<!doctype html><html></html>", "a web page, not the clip"),
        (encode(np.zeros(0, np.float32)), "no samples in it"),
        (encode(TONE[:50], 200), "a rate of 200 Hz; wanted 1000 to 768000"),
    ],
)
def test_what_is_no_clip_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(BrokenItem, match=said):
        SOUND.identify(content)


def test_a_clip_that_is_too_long_is_refused() -> None:
    with pytest.raises(BrokenItem, match="longer than 1 minutes; cut it"):
        read_recording(encode(np.zeros(61 * 1000, np.float32), 1000), most=60)


def test_samples_with_a_rate_become_a_file() -> None:
    for given in (
        (TONE, 8000),
        (8000, TONE),
        [TONE, 8000.0],
        (TONE, np.array(8000)),
        {"array": TONE, "sampling_rate": 8000},
    ):
        waveform = split_waveform(given)
        assert waveform is not None
        np.testing.assert_array_equal(soundfile.read(io.BytesIO(encode_waveform(waveform)))[0], TONE)
    whole = split_waveform(((TONE * 32768).astype(np.int16), 8000))
    assert whole is not None
    np.testing.assert_allclose(soundfile.read(io.BytesIO(encode_waveform(whole)))[0], TONE, atol=1e-4)
    for other in ((1, 2), TONE, "a.wav", (TONE, TONE), {"array": TONE}, (TONE, 8000, 1)):
        assert split_waveform(other) is None
    with pytest.raises(BrokenItem, match="a rate of 10 Hz"):
        encode_waveform(split_waveform((TONE, 10)))  # type: ignore[arg-type]


@pytest.mark.parametrize("rate", [float("nan"), float("inf")])
def test_a_rate_that_is_no_number_is_refused_as_a_rate(rate: float) -> None:
    waveform = split_waveform((np.zeros(100, np.float32), rate))
    assert waveform is not None
    with pytest.raises(BrokenItem, match="a rate of 0 Hz"):
        encode_waveform(waveform)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((TONE, "8000"), r"samples of shape \(8000,\) beside '8000' \(of type str\); wanted one rate"),
        ((TONE, "8 kHz"), "beside '8 kHz'"),
        ((TONE, 8000, 1), r"beside 8000 \(of type int\) and 1 \(of type int\)"),
        ((TONE, None), "beside None"),
        (([0.1, 0.2, 0.1], "8000"), r"samples of shape \(3,\)"),
        ({"array": TONE}, "a record with 'array', but no rate; wanted both"),
        ({"array": TONE, "sampling_rate": "8000"}, "whose 'sampling_rate' is '8000'"),
        ({"path": "a.wav", "bytes": b""}, "a record with 'path', 'bytes', but no samples"),
        ({}, "a record with no keys, but no samples"),
    ],
)
def test_an_attempt_at_samples_with_a_rate_is_one_clip_and_says_what_is_wrong(given: object, said: str) -> None:
    assert SOUND.accepts(given)
    with pytest.raises(BrokenItem, match=said):
        SOUND.open(given).load(SPEECH_SPEC)


@pytest.mark.parametrize("several", [[TONE, TONE], (TONE, "a.wav"), ("a.wav", "8000"), [(TONE, 8000), (TONE, 8000)]])
def test_clips_beside_clips_are_several(several: object) -> None:
    assert not SOUND.accepts(several)
