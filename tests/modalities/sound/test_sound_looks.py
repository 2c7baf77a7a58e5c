"""What is looked at in clips: facts, slices, issues, cues, near-duplicates, waveforms, stretches that spoke."""

import io
import wave
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from headstart.diagnostics.near_duplicates.candidates import find_candidates
from headstart.diagnostics.shortcuts import probe_shortcuts
from headstart.modalities.sound.cues import list_sound_cues
from headstart.modalities.sound.issues import find_sound_issues
from headstart.modalities.sound.near_duplicates import SoundDuplicates, align_spectrograms
from headstart.modalities.sound.sound_stats import BANDS, FACTS, FRAMES, SoundStats, measure_clip
from headstart.modalities.sound.statistics import LAYERS, SoundStatistics
from headstart.storage.store import Store
from headstart_runtime.modalities.explanation_facet import RemovalFacet
from headstart_runtime.modalities.facets import DuplicatesFacet, NamedProperty, PlayablePreview, StatisticsFacet
from headstart_runtime.modalities.item import is_drawn
from headstart_runtime.modalities.sound.explanation import STRETCHES, SoundExplanation
from headstart_runtime.modalities.sound.modality import SoundModality
from headstart_runtime.modalities.sound.preview import SoundPreview
from headstart_runtime.modalities.sound.waveform import PLAYED, PLAYED_RATE, draw_waveform
from tests.modalities.sound.clips import CLASSES, draw_clip

RATE = 16_000
SPEC = SoundModality().default_spec
STATISTICS: StatisticsFacet = SoundStatistics()
DUPLICATES: DuplicatesFacet = SoundDuplicates()
PREVIEW: PlayablePreview = SoundPreview(SPEC)
EXPLANATION: RemovalFacet = SoundExplanation()
USUAL = {"format": "WAV", "rate": RATE, "channels": 1, "bits": 16, "clipped": 0.0}


def draw_clips(count: int, seed: int = 0, seconds: float | None = None) -> list[np.ndarray]:
    chance = np.random.default_rng(seed)
    return [draw_clip(CLASSES[place % 2], chance, rate=RATE, seconds=seconds) for place in range(count)]


def make_stats(clips: list[np.ndarray]) -> SoundStats:
    rows = STATISTICS.compute([STATISTICS.keep(clip, [], SPEC) for clip in clips])
    return SoundStats(rows["facts"], rows["noise"], rows["spectrogram"].reshape(-1, FRAMES, BANDS), rows["wave"])


def test_facts_by_hand() -> None:
    time = np.arange(RATE) / RATE
    tone = (0.5 * np.sin(2 * np.pi * 1000 * time)).astype(np.float32)
    both = np.concatenate([tone, np.zeros(RATE, np.float32)])
    stats = make_stats([tone, both, tone + np.float32(0.1), np.zeros(4, np.float32), np.zeros(0, np.float32)])
    assert stats.get("seconds").tolist()[:2] == [1, 2]
    assert stats.get("loudness")[0] == pytest.approx(10 * np.log10(0.125), abs=0.05)
    assert stats.get("peak")[0] == pytest.approx(20 * np.log10(0.5), abs=0.05)
    assert stats.get("silence")[1] == pytest.approx(0.5, abs=0.05)
    assert stats.get("offset")[2] == pytest.approx(0.1, abs=0.001)
    assert stats.facts.shape == (5, len(FACTS))
    assert all(np.isfinite(layer).all() for layer in (stats.facts, stats.noise, stats.spectrogram))
    edges = np.geomspace(50, RATE / 2, BANDS + 1)
    loudest = int(make_stats([both]).spectrogram[0, 3].argmax())
    assert edges[loudest] <= 1000 <= edges[loudest + 1]


def test_stats_are_stored_and_read(tmp_path: Path) -> None:
    clips, digests = draw_clips(2), ["ab" * 20, "cd" * 20]
    with Store(tmp_path) as store:
        with store.writer(STATISTICS.space(SPEC)) as writer:
            writer.add(digests, STATISTICS.compute([STATISTICS.keep(clip, [], SPEC) for clip in clips]))
        read = STATISTICS.read(store, SPEC, digests[::-1], clips[::-1])
    made = make_stats(clips).take([1, 0])
    assert [np.array_equal(getattr(read, name), getattr(made, name)) for name in LAYERS] == [True] * 4
    assert set(measure_clip(clips[0], RATE)) == set(LAYERS)


def test_slices_have_a_value_for_each_clip() -> None:
    properties = [USUAL, {**USUAL, "rate": 8000, "clipped": 0.1}, {**USUAL, "device": "phone"}]
    found = {one.name: one for one in STATISTICS.list_properties(properties, make_stats(draw_clips(3)))}
    assert {len(one.values) for one in found.values()} == {3}
    named = {name: [value[0] for value in one.values] for name, one in found.items() if isinstance(one, NamedProperty)}
    assert named["rate"] == ["16000 Hz", "8000 Hz", "16000 Hz"]
    assert named["clipped"] == ["no", "yes", "no"]
    assert named["device"] == ["not named", "not named", "phone"]


CLIPS = draw_clips(30, seed=1)
NOISE = np.random.default_rng(0).normal(0, 0.1, RATE // 2).astype(np.float32)
ODD = {
    "silent": (np.zeros(RATE // 2, np.float32), USUAL),
    "clipped": (CLIPS[0], {**USUAL, "clipped": 0.2}),
    "very short": (CLIPS[0][:800], USUAL),
    "very long": (np.tile(CLIPS[0], 20), USUAL),
    "another rate": (CLIPS[0], {**USUAL, "rate": 8000}),
    "noisy": (NOISE, USUAL),
    "off the middle": (CLIPS[0] + np.float32(0.2), USUAL),
}


@pytest.mark.parametrize("kind", ODD)
def test_an_issue_is_found_among_usual_clips(kind: str) -> None:
    clip, properties = ODD[kind]
    stats = make_stats([*CLIPS, clip])
    ids = [str(row) for row in range(31)]
    found = {one.kind: one.ids for one in find_sound_issues(ids, [USUAL] * 30 + [properties], stats)}
    assert found[kind] == ("30",)


def test_usual_clips_have_none() -> None:
    found = find_sound_issues([str(row) for row in range(30)], [USUAL] * 30, make_stats(CLIPS))
    assert not [one.kind for one in found if one.ids]
    assert not list(find_sound_issues([], [], make_stats(CLIPS[:1])))


def hum(clip: np.ndarray) -> np.ndarray:
    return clip + (0.01 * np.sin(2 * np.pi * 100 * np.arange(len(clip)) / RATE)).astype(np.float32)


@pytest.mark.parametrize(
    ("cue", "change", "properties"),
    [
        ("file", lambda clip: clip, {**USUAL, "rate": 44_100}),
        ("length", lambda clip: np.concatenate([clip, clip]), USUAL),
        ("loudness", lambda clip: clip * np.float32(0.2), USUAL),
        ("background", hum, USUAL),
    ],
)
def test_cues(cue: str, change, properties: dict) -> None:
    labels = np.arange(80) % 2
    clips = draw_clips(160, seed=2)[::2]  # all of one kind
    changed = [change(clip) if label else clip for clip, label in zip(clips, labels, strict=True)]
    facts = [properties if label else USUAL for label in labels]

    def probe(some, known) -> dict[str, bool]:
        cues = list_sound_cues(known, make_stats(some))
        return {one.cue: one.significant for one in probe_shortcuts(cues, labels, np.arange(80), 0.9, 0)}

    assert not any(probe(clips, [USUAL] * 80).values())
    assert probe(changed, facts)[cue]


def embed(stats: SoundStats) -> np.ndarray:
    return stats.spectrogram.reshape(len(stats), -1) @ np.random.default_rng(0).normal(
        size=(FRAMES * BANDS, 24)
    ).astype("f")


def test_copies_are_found() -> None:
    clips, chance = draw_clips(60, seed=3, seconds=0.5), np.random.default_rng(0)
    copies = [
        *(clip * np.float32(0.4) for clip in clips[:8]),
        *(clip[800:] for clip in clips[8:16]),
        *(clip + chance.normal(0, 0.002, len(clip)).astype(np.float32) for clip in clips[16:24]),
    ]
    stats = make_stats([*clips, *copies])
    scorer = DUPLICATES.make_scorer(embed(stats), stats, np.arange(84))
    with ThreadPoolExecutor(1) as pool:
        pairs = find_candidates(scorer.describe(), pool)
        odds = scorer.score(pairs, pool)
    found = {tuple(pair) for pair in pairs[odds > 0].tolist()}
    assert sum((row, 60 + row) in found for row in range(24)) >= 23
    assert scorer.note() == ""


def test_spectrograms_are_moved_along_each_other() -> None:
    chance = np.random.default_rng(0)
    one = np.zeros((1, FRAMES, BANDS), np.float32)
    one[0, :20] = chance.normal(0, 10, (20, BANDS))
    moved = np.roll(one, 4, axis=1)
    other = np.zeros_like(one)
    other[0, :20] = chance.normal(0, 10, (20, BANDS))
    agreed = align_spectrograms(np.concatenate([one, moved, other]), np.array([[0, 1], [0, 2], [0, 0]]))
    assert agreed[[0, 2]] == pytest.approx(1, abs=1e-4)
    assert agreed[1] < 0.4


@pytest.mark.parametrize("length", [0, 1, 50, 5000])
def test_waveforms_are_drawn(length: int) -> None:
    clip = draw_clips(1, seconds=0.5)[0][:length]
    for drawn in (
        PREVIEW.make_thumbnail(clip),
        PREVIEW.make_thumbnail(clip, close=True),
        draw_waveform(clip, width=9, height=9),
    ):
        assert drawn.media_type == "image/svg+xml"
        assert is_drawn(drawn.content)
        ElementTree.fromstring(drawn.content)
    assert PREVIEW.make_spec() == SPEC


def test_what_is_heard_can_be_played() -> None:
    clip = np.concatenate([np.zeros(RATE, np.float32), 0.01 * np.tile(draw_clips(1)[0], 30)]).astype(np.float32)
    made = PREVIEW.make_player(clip)
    assert made.media_type == "audio/wav"
    assert len(made.content) < 2 * PLAYED_RATE * PLAYED + 100
    with wave.open(io.BytesIO(made.content)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        assert [file.getframerate(), file.getnchannels()] == [PLAYED_RATE, 1]
    assert np.abs(samples).max() > 6000
    assert np.abs(samples[:800]).max() > 0
    assert len(PREVIEW.make_player(np.zeros(0, np.float32)).content) > 40


def test_stretches_are_silenced() -> None:
    clip = np.ones(RATE, np.float32)
    pieces = EXPLANATION.split(clip)
    assert len(pieces) == STRETCHES
    left = EXPLANATION.remove(clip, pieces, np.arange(STRETCHES) == 3)
    assert left[3100:3900] == pytest.approx(0, abs=1e-5)
    assert left[:2900] == pytest.approx(1, abs=1e-5)
    assert np.abs(np.diff(left)).max() < 0.1
    assert len(EXPLANATION.split(clip[:10])) == 1
    drawn = EXPLANATION.overlay(clip, np.linspace(0, 1, STRETCHES, dtype=np.float32)[None], pieces)
    assert drawn.content.count(b"<rect") == STRETCHES - 1
    alone = EXPLANATION.illustrate(clip, np.ones((1, STRETCHES), np.float32), pieces)
    assert [alone.suffix, is_drawn(alone.content)] == [".svg", True]
    assert EXPLANATION.list_marked(clip, np.ones((1, STRETCHES), np.float32), pieces) == ()
