"""Files of sound as people have them: empty, silent, cut off, of another kind than their ending, very long."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

import headstart
from headstart_runtime.modalities.item import BrokenItem, Excerpt
from headstart_runtime.modalities.sound.reading import read_recording
from tests.modalities.sound.clips import RATE, draw_clip, encode, write_table


def test_each_is_a_row_of_the_ledger(tmp_path: Path) -> None:
    table, chance = write_table(tmp_path / "clips", 40), np.random.default_rng(0)
    odd = {
        "000.wav": encode(np.zeros(0, np.float32)),
        "001.wav": encode(np.zeros(4000, np.float32)),
        "002.wav": b"",
        "003.wav": encode(draw_clip("falling", chance), kind="MP3"),
        "004.wav": encode(draw_clip("rising", chance), kind="FLAC"),
        "005.wav": b"not a sound",
    }
    for name, content in odd.items():
        (table.parent / name).write_bytes(content)
    samples = headstart.check(table, progress=False).data.samples
    entries = {entry.name: entry for entry in samples.ledger.entries}
    assert len(entries) == 40
    skipped = {name: entry.reason for name, entry in entries.items() if entry.status == "skipped"}
    assert skipped.keys() == {"000.wav", "002.wav", "005.wav"}
    assert "no samples in it" in skipped["000.wav"]
    assert "zero bytes" in skipped["002.wav"]
    assert "not a clip of sound in a known format" in skipped["005.wav"]
    assert "1 clip is silent; see the ledger" in samples.ledger.notes


def test_a_stretch_of_a_recording_does_not_end_early(tmp_path: Path) -> None:
    file = tmp_path / "long.wav"
    file.write_bytes(encode(np.tile(draw_clip("rising", np.random.default_rng(1), seconds=0.5), 8)))
    for start, end, seconds in ((0.0, 1.0, 1.0), (1.5, 3.0, 1.5), (3.0, None, 1.0)):
        found = read_recording(Excerpt(file, start, end))
        assert found.seconds == pytest.approx(seconds)
        assert found.repaired == ""


def test_a_recording_of_hours_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "hours.wav"
    with soundfile.SoundFile(file, "w", RATE, 1, subtype="PCM_U8") as stream:
        for _ in range(5):
            stream.write(np.zeros(RATE * 60, np.float32))
    with pytest.raises(BrokenItem, match=r"longer than 2 minutes; cut it into shorter ones, or give a table with its"):
        read_recording(file.read_bytes(), most=120)
    assert read_recording(Excerpt(file, 200.0, 260.0)).seconds == 60
