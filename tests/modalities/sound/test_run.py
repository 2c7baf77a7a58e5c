"""A run on drawn clips: fitted, saved, read again, predicted, evaluated."""

import json
from pathlib import Path

import numpy as np
import pytest

import headstart
from headstart.cli.main import run as run_command
from tests.modalities.sound.clips import RATE, draw_clip, encode, write_clips, write_table


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sound")


@pytest.fixture(scope="module")
def run(folder: Path) -> headstart.Run:
    table = write_table(folder / "clips")
    (folder / "clips" / "000.wav").write_bytes(b"RIFF broken")
    options = {"store": folder / "store", "out": folder / "run", "group_column": "speaker"}
    return headstart.fit(table, progress=False, **options)  # type: ignore[arg-type]


def test_a_table_of_clips_is_fitted(run: headstart.Run) -> None:
    assert run.test.score > 0.9
    record = json.loads((run.folder / "run.json").read_text("utf-8"))
    assert record["modality"] == "sound"
    entries = [json.loads(line) for line in (run.folder / "ledger.jsonl").read_text("utf-8").splitlines()]
    broken = next(entry for entry in entries if entry.get("name", "").endswith("000.wav"))
    assert "not a clip of sound in a known format" in broken["reason"]
    assert "windows of 1 second" in " ".join(run.notes)


def test_clips_are_predicted_however_they_are_given(run: headstart.Run, tmp_path: Path) -> None:
    samples = draw_clip("falling", np.random.default_rng(7))
    file = tmp_path / "clip.flac"
    file.write_bytes(encode(samples, kind="FLAC"))
    model = headstart.load(run.folder / "model")
    given = [
        file,
        str(file),
        file.read_bytes(),
        (samples, RATE),
        (RATE, samples),
        {"array": samples, "sampling_rate": RATE},
    ]
    answers = [model.predict(one) for one in given]
    assert {answer.label for answer in answers} == {"falling"}
    assert np.ptp([answer.probability for answer in answers]) < 0.01
    with open(file, "rb") as stream:  # noqa: PTH123
        assert model.predict(stream).label == "falling"
    with pytest.raises(headstart.errors.DataError, match="samples without their rate"):
        model.predict(samples)


def test_the_verbs(run: headstart.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clips = write_clips(tmp_path / "more", 20, seed=5)
    assert headstart.evaluate(run.folder / "model", clips, progress=False).score > 0.9
    assert run_command(["check", str(clips)]) == 0
    assert "clips" in capsys.readouterr().out
    one = next((clips / "rising").iterdir())
    assert run_command(["predict", str(run.folder / "model"), str(one)]) == 0
    assert "rising" in capsys.readouterr().out
    assert run_command(["predict", str(run.folder), "--every", "2"]) == 2
    said = "--every 2 cuts files of clips into stretches, and none is given; name one, or add --listen to hear the mic"
    assert said in capsys.readouterr().err
    assert run_command(["predict", str(run.folder)]) == 2
    said = "nothing to predict is given; name files of clips, or add --listen to hear the microphone"
    assert said in capsys.readouterr().err
