"""Every task on clips, and networks that are trained on changed views of them."""

import json
from pathlib import Path

import numpy as np
import pytest

import headstart
from tests.modalities.sound.clips import CLASSES, RATE, draw_clip, encode

OPTIONS = {"progress": False, "report": False, "arms": "linear-probe"}


def write(folder: Path, labels: list[str], seconds: float | None = None) -> Path:
    """Write a rising or falling clip for each label, and a table with the labels; return the table."""
    chance = np.random.default_rng(3)
    folder.mkdir(parents=True)
    lines = ["path,label"]
    for number, label in enumerate(labels):
        clip = draw_clip(CLASSES[number % 2], chance, seconds=seconds)
        (folder / f"{number:03}.wav").write_bytes(encode(clip))
        lines.append(f"{number:03}.wav,{label}")
    (folder / "clips.csv").write_text("\n".join(lines) + "\n", "utf-8")
    return folder / "clips.csv"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "labels"),
    [
        ("multilabel", ["up", "down;low"]),
        ("regression", ["1.5", "4.5"]),
        ("ordinal", ["1", "3"]),
    ],
)
def test_tasks(task: str, labels: list[str], tmp_path: Path) -> None:
    table = write(tmp_path / "clips", labels * 40)
    run = headstart.fit(table, task=task, store=tmp_path / "store", out=tmp_path / "run", **OPTIONS)  # type: ignore[arg-type]
    record = json.loads((run.folder / "run.json").read_text("utf-8"))
    assert (record["modality"], record["task"]) == ("sound", task)
    chance = np.random.default_rng(9)
    given = [(draw_clip(label, chance), RATE) for label in CLASSES]
    rising, falling = run.classifier.predict(given)
    assert rising.describe() != falling.describe()


@pytest.mark.slow
def test_a_network_is_trained_on_changed_views(tmp_path: Path) -> None:
    table = write(tmp_path / "clips", list(CLASSES) * 30)
    compared = headstart.compare(
        table,
        arms="linear-probe,partial-finetune,full-finetune",
        epochs=1,
        clip_changes="strong",
        store=tmp_path / "store",
        out=tmp_path / "run",
        progress=False,
    )
    arms = json.loads((tmp_path / "run" / "comparison.json").read_text("utf-8"))["arms"]
    assert {arm["arm"].split()[0] for arm in arms} >= {"linear-probe", "partial-finetune", "full-finetune"}
    clip = draw_clip("rising", np.random.default_rng(1)), RATE
    assert compared.run.classifier.predict(clip).label in CLASSES


@pytest.mark.slow
def test_longer_clips_have_several_windows_and_both_engines_agree(tmp_path: Path) -> None:
    table = write(tmp_path / "clips", list(CLASSES) * 30, seconds=1.3)
    options = {"clip_window": 0.5, "clip_hop": 0.3, "precision": "f32", **OPTIONS}
    run = headstart.fit(table, store=tmp_path / "store", out=tmp_path / "run", **options)  # type: ignore[arg-type]
    assert "windows of 0.5 seconds" in " ".join(run.notes)
    files = sorted(tmp_path.glob("clips/*.wav"))[:30]
    answers = [
        np.stack([one.probabilities for one in headstart.load(run.folder / "model", engine).predict(files)])  # type: ignore[arg-type]
        for engine in ("onnxruntime", "openvino")
    ]
    np.testing.assert_allclose(*answers, atol=2e-3)
