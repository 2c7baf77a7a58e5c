"""Long recordings answered stretch by stretch, and the microphone."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from headstart_runtime.errors import SettingError
from headstart_runtime.modalities.item import BrokenItem, NamedItem
from headstart_runtime.modalities.modality import get_modality
from headstart_runtime.modalities.optional_facets import find_recorded
from headstart_runtime.modalities.sound.speech_spec import SPEECH_SPEC
from headstart_runtime.modalities.sound.stretches import cut_clip
from tests.modalities.sound.clips import RATE, encode

SOUND = get_modality("sound")


def test_a_recording_is_cut_and_each_stretch_is_read_alone(tmp_path: Path) -> None:
    samples = np.repeat(np.float32([0.1, 0.2, 0.3, 0.4]), RATE)[: int(3.1 * RATE)]
    file = tmp_path / "long.wav"
    file.write_bytes(encode(samples, subtype="FLOAT"))
    found = list(cut_clip(str(file), 1.0))
    assert [one.name for one in found] == [f"{file} 0-1 s", f"{file} 1-2 s", f"{file} 2-3 s"]
    for place, one in enumerate(found, 1):
        value = SOUND.open(one.value).load(SPEECH_SPEC)
        assert len(value) == 16000
        assert np.median(value) == pytest.approx(place / 10, abs=1e-3)
    (whole,) = cut_clip(NamedItem("mine", file), 10)
    assert len(SOUND.open(whole.value).load(SPEECH_SPEC)) == pytest.approx(3.1 * 16000, abs=2)


def test_what_cannot_be_cut_is_given_as_it_is(tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"nothing")
    (one,) = cut_clip(str(broken), 1)
    with pytest.raises(BrokenItem, match="not a clip of sound"):
        SOUND.open(one.value).load(SPEECH_SPEC)
    (given,) = cut_clip(NamedItem("bytes", b"x"), 1)
    assert given == NamedItem("bytes", b"x")


def test_without_the_package_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sounddevice", None)
    with pytest.raises(SettingError, match="pip install sounddevice"):
        next(find_recorded(SOUND, "--listen").listen(1.0))
    with pytest.raises(SettingError, match="--listen is for classifiers of recordings, and this one reads photos"):
        find_recorded(get_modality("image"), "--listen")


def test_the_microphone_gives_stretches_with_their_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stream:
        def __init__(self, **options: object) -> None:
            assert options == {"samplerate": 16000, "channels": 1, "dtype": "float32"}

        def start(self) -> None: ...

        def __enter__(self) -> object:
            return self

        def __exit__(self, *_: object) -> None: ...

        def read(self, count: int) -> tuple[np.ndarray, bool]:
            return np.full((count, 1), 0.5, np.float32), False

    monkeypatch.setitem(__import__("sys").modules, "sounddevice", SimpleNamespace(InputStream=Stream))
    heard = find_recorded(SOUND, "--listen").listen(0.5)
    first, second = next(heard), next(heard)
    assert [first.name, second.name] == ["0.0-0.5 s", "0.5-1.0 s"]
    assert len(SOUND.open(first.value).load(SPEECH_SPEC)) == 8000
