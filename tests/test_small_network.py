"""The network that tests use where any would do is one like any other."""

import subprocess
import sys
from pathlib import Path

import pytest

import headstart
from headstart.backbones.catalog import resolve_origin
from headstart.backbones.convert import load_backbone
from headstart.backbones.graph import trace
from headstart.backbones.zoo import load_network
from headstart.runs.run import open_run
from tests.conftest import Warm
from tests.small_network import ARCHITECTURE, SIZE, WIDTH

ROOT = Path(__file__).resolve().parents[1]


def test_it_is_found_loaded_cut_and_converted(small: Warm) -> None:
    origin = resolve_origin(small.name)
    assert (origin.provider, origin.architecture) == ("checkpoint", ARCHITECTURE)
    parts = trace(load_network(origin)).sections
    assert [part.name for part in parts] == ["stage1", "stage2", "stage3", "final"]
    assert [part.shape for part in parts] == [(16, 16, 16), (8, 8, 16), (4, 4, 24), (WIDTH,)]
    converted = load_backbone(small.name, small.store / "networks")
    assert converted.spec.size == SIZE
    assert converted.layers[-1].width == WIDTH
    assert converted.parameters < 100_000


def test_its_features_tell_the_drawn_classes(small: Warm) -> None:
    run = open_run(small.run)
    assert run.test.accuracy > 0.7
    assert run.record["backbone"]["name"] == small.name
    assert (run.folder / "report.html").exists()
    again = headstart.load(small.run / "model").predict(small.photos / "discs/0-000.png")
    assert again.label == "discs"


@pytest.mark.slow
def test_a_child_may_train_it(small: Warm, tmp_path: Path) -> None:
    words = ["fit", small.photos, "--backbone", small.name, "--out", tmp_path / "run", "--quiet", "--no-report"]
    words += ["--strategy", "partial-finetune", "--epochs", "1", "--views", "1", "--training-precision", "f32"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.small_network", *map(str, words)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [arm["strategy"] for arm in open_run(tmp_path / "run").record["arms"]] == ["partial-finetune"]
