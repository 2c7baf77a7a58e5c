"""A small part of the two benchmarks that throw things at headstart: altered inputs, and kills at random moments."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headstart_runtime.modalities.image.decode import decode, identify
from headstart_runtime.modalities.item import BrokenItem

ROOT = Path(__file__).resolve().parents[1]
EACH = 4  #: alterations of each format


@pytest.fixture
def fuzzing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))


def run_script(name: str, *words: object, cwd: Path) -> dict[str, Any]:
    command = [sys.executable, ROOT / "benchmarks" / name, *words]
    environment = {**os.environ, "HEADSTART_STORE": str(cwd / "store")}
    done = subprocess.run(
        list(map(str, command)), env=environment, cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.usefixtures("fuzzing")
def test_altered_photos_decode_or_are_broken_items() -> None:
    from fuzzing.alterations import alter
    from fuzzing.photos import draw_photos

    broken = 0
    photos = draw_photos()
    for number, (name, content) in enumerate(photos.items()):
        for seed in range(EACH):
            altered = alter(content, np.random.default_rng([number, seed]))
            try:
                identify(altered)
                assert decode(altered).pixels.shape[2] == 3, name
            except BrokenItem:
                broken += 1
    assert 0 < broken < EACH * len(photos)


@pytest.mark.usefixtures("fuzzing")
def test_an_alteration_is_made_again_by_its_seed() -> None:
    from fuzzing.alterations import alter, alter_json, alter_text

    content = json.dumps({"a": [1, {"b": "c"}], "d": None}).encode()
    for way in (alter, alter_text, alter_json):
        first, second = ([way(content, np.random.default_rng(seed)) for seed in range(50)] for _ in range(2))
        assert first == second
        assert len(set(first)) > 25


@pytest.mark.usefixtures("fuzzing")
def test_altered_records_are_under_right_checksums() -> None:
    from drawn.tfrecords import encode_records
    from fuzzing.layouts import alter_record
    from headstart.data.readers.shards.crc32c import compute_masked_crc32c

    content = encode_records([bytes([number] * 40) for number in range(3)])
    changed = 0
    for seed in range(12):
        altered, place = alter_record(content, np.random.default_rng(seed)), 0
        changed += altered != content
        while place < len(altered):
            length = int.from_bytes(altered[place : place + 8], "little")
            record = altered[place + 12 : place + 12 + length]
            place += length + 16
            assert compute_masked_crc32c(record) == int.from_bytes(altered[place - 4 : place], "little")
    assert changed > 8


@pytest.mark.usefixtures("fuzzing")
def test_a_renamed_photo_stays_below_its_layout() -> None:
    from fuzzing.layouts import rename_photo

    names = {rename_photo("pets/cats/1.jpg", np.random.default_rng(seed)) for seed in range(60)}
    assert len(names) > 10
    assert all(name.startswith("pets/") and ".." not in name and "//" not in name for name in names)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="measures memory and time as Linux tells them")
def test_altered_inputs_of_all_kinds(tmp_path: Path) -> None:
    result = run_script("fuzz.py", "--inputs", 150, "--first", 500_000, cwd=tmp_path)
    assert result["failures"] == 0, result["seeds_of_failures"]
    assert result["inputs"] == sum(result["families"].values()) == 150


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks and sends SIGKILL")
def test_kills_at_random_moments(tmp_path: Path) -> None:
    result = run_script("kills.py", "--kills", 4, "--each", 20, "--epochs", 2, cwd=tmp_path)
    assert result["failures"] == 0, result["problems"]
    assert result["kills"] >= 4
