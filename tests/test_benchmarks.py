"""Every script in ``benchmarks/`` starts, and ends with one JSON object, on a handful of drawn photos."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Warm, draw_photos
from tests.modalities import texts
from tests.modalities.sound.clips import write_table

ROOT = Path(__file__).resolve().parents[1]
SHARED = {"measuring", "stage_watch"}  #: what scripts import
SCRIPTS = sorted(file.stem for file in (ROOT / "benchmarks").glob("*.py") if file.stem not in SHARED)
#: What each is given, and what it must say; ``{photos}`` are 42 drawn ones in 3 classes, ``{data}`` folders of such.
SMALL = {
    "arms": ("{photos} --splits 1 --backbones efficientnet_lite0", {"all", "results"}),
    "budgets": ("--data {photos} --seconds 20 --seeds 0 --results results.json", {"table", "over_budget", "wasted"}),
    "busy": ("--rows 60 --steps 1 --rounds 1", {"heads_busy_gain", "training_alone_gain"}),
    "calibration": ("{photos} --splits 1", {"splits", "results"}),
    "candidates": ("--rows 500", {"seconds", "copies", "of_exact"}),
    "choosing": ("{photos} --splits 1", {"results", "mean"}),
    "duplicates": ("{photos} --copies 2 --many 400 --rounds 1", {"found", "many_found"}),
    "explanations": ("{data} --only test_vit", {"results"}),
    "everywhere": ("{photos} --formats onnx,openvino", {"rows"}),
    "exports": ("{photos} --formats onnx,openvino --precisions f32,int8", {"rows"}),
    "extraction": ("{photos} --rounds 1", {"ratio_to_roof", "times_plain_pytorch"}),
    "finetuning": ("{photos} --epochs 1 --own-epochs 1 --batch 4 --unfreeze stage5", {"time_ratio", "interval"}),
    "fuzz": ("--inputs 5", {"failures", "outcomes"}),
    "fuzz_clips": ("--inputs 20", {"read", "refused", "failures", "unlisted"}),
    "fuzz_texts": ("--texts 40 --backbone minilm", {"failures", "outcomes"}),
    "grades": ("--photos 60 --fresh 30 --seeds 1", {"mae", "plain_mae", "coverage", "not_ranges"}),
    "heads": ("{features} --repeats 1", {"results"}),
    "kills": ("--kills 1 --each 20 --epochs 2", {"kills", "failures", "stages"}),
    "labels": ("{data} --only trash --seeds 1", {"trash, late, 0.0% random", "trash, early, 5.0% likeliest"}),
    "layouts": ("--only folder_per_class,names_with_signs,lfs_pointers --fit", {"right", "wrong", "results"}),
    "memory": ("{photos} --few 10 --many 20", {"growth"}),
    "novelty": ("{data} --no-digits --splits 1", {"pairs", "accepted"}),
    "parity": ("{photos}", {"photos", "auto_same_answers", "f32_grey_levels"}),
    "predict_out": ("--items 1500 --kills 1 --longest 1", {"kills", "failures", "held_mb"}),
    "regression": ("--count 60 --draws 2 --budget none", {"results", "angle_ways"}),
    "report": ("{photos} --rounds 1", {"cold_added", "page_seconds"}),
    "runtime_predict": ("{photos} --rounds 1", {"openvino_to_extraction", "onnxruntime_to_plain", "same_labels"}),
    "scale": ("--counts 60,90 --precision f32", {"rest_share", "rest_at_first", "collections"}),
    "screening": ("--seeds 2 --rows 2000 --test 1000", {"single", "groups", "refusal"}),
    "service": (
        "{run} {photos} --rounds 1 --seconds 1 --clients 4 --count 20",
        {"serve_to_beside", "serve_to_plain", "serve_p99_ms", "one_client", "overload"},
    ),
    "sheets": (
        "{data}/trash {data}/cats_vs_dogs --train 25 --test 8 --splits 1 --budget 0",
        {"linear-probe", "miss_rate", "calibration", "parity_f32"},
    ),
    "slices": ("--photos 300 --groups 5 --rounds 1", {"slices", "seconds"}),
    "speakers": ("{clips}", {"mean", "by_speaker"}),
    "suite": ("--rounds 1 -- {python} -c pass", {"seconds", "memory_at_most_bytes"}),
    "suspects": (
        "{data}/trash {data}/cats_vs_dogs --train 25 --test 8 --count 60 --grades 60",
        {"several labels", "dots", "grades", "strangers"},
    ),
    "task_parity": ("{photos} --only classification", {"results", "worst"}),
    "sound_suspects": (
        "{clips} --copies 10",
        {"labels", "copies", "strangers", "shortcut, noise", "shortcut, loudness", "shortcut, format"},
    ),
    "text_suspects": (
        "{texts} {texts} --rows 160 --copies 14",
        {"labels", "copies", "strangers", "explanations", "shortcut"},
    ),
    "text_tasks": ("--texts 90", {"texts", "results"}),
    "texts": ("--counts 300,400", {"collections", "reading_times", "peak_bytes"}),
    "text_speed": ("{texts} --short 12 --long 2 --rounds 1", {"short", "long"}),
    "text_whole_job": ("{texts} --points 2", {"cold_to_peer", "cold_seconds", "warm_seconds", "peers"}),
    "training": ("--seconds 0.05 --rounds 1 --batch 4", {"rate_ratio", "share_of_peak"}),
    "whole_job": ("{photos} --rounds 1", {"cold_seconds", "predict_seconds", "cold_stages"}),
}


@pytest.fixture(scope="module")
def places(warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What the scripts are run on."""
    folder = tmp_path_factory.mktemp("benchmarks")
    for number, name in enumerate(("cats_vs_dogs", "trash")):
        draw_photos(folder / "data" / name, each=14, seed=number + 50)
    chance = np.random.default_rng(0)
    labels = np.arange(60) % 3
    features = (chance.standard_normal((60, 8)) + np.eye(3, 8)[labels] * 3).astype(np.float32)
    np.savez(folder / "features.npz", features=features, labels=labels)
    drawn = {"photos": warm.photos, "run": warm.run, "data": folder / "data", "features": folder / "features.npz"}
    clips = write_table(folder / "clips", 45)
    said = texts.write_table(folder / "texts.csv", texts.draw_texts(200))
    return {"python": Path(sys.executable), "clips": clips, "texts": said, **drawn}


def test_each_script_is_listed_here() -> None:
    assert sorted(SMALL) == SCRIPTS


def test_each_script_has_a_line_on_the_page_of_benchmarks() -> None:
    page = (ROOT / "benchmarks" / "README.md").read_text("utf-8")
    assert [script for script in SCRIPTS if f"| [{script}]({script}.py) |" not in page] == []


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_ends_with_one_json_object(script: str, places: dict[str, Path], warm: Warm, tmp_path: Path) -> None:
    words, wanted = SMALL[script]
    store = warm.new_store(tmp_path / "store")
    command = [sys.executable, ROOT / "benchmarks" / f"{script}.py", *words.format(**places).split()]
    environment = {**os.environ, "HEADSTART_STORE": str(store)}
    done = subprocess.run(
        list(map(str, command)), env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert wanted <= result.keys()
    assert "NaN" not in done.stdout.splitlines()[-1]


@pytest.mark.slow
def test_every_drawn_layout_is_read_or_explained(tmp_path: Path) -> None:
    environment = {**os.environ, "HEADSTART_STORE": str(tmp_path / "store")}
    command = [sys.executable, str(ROOT / "benchmarks" / "layouts.py")]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    good = ("right", "right after one try", "explained", "not drawn")
    assert {name: it for name, it in result["results"].items() if it["verdict"] not in good} == {}
    assert (result["undocumented"], result["unsaid"]) == ([], {})
    assert result["layouts"] >= 60
