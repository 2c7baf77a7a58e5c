"""Exports for LiteRT, where its converter is installed; else one line says how to get it."""

import json
from pathlib import Path

import numpy as np
import pytest

import headstart
from headstart.deployment.host_code import load_code
from headstart_runtime.errors import MissingExtra
from headstart_runtime.extras import has_extra
from tests.conftest import Warm

THERE = has_extra("litert")


@pytest.mark.skipif(THERE, reason="the converter is installed")
def test_without_its_converter_one_line_says_how_to_get_it(small: Warm, tmp_path: Path) -> None:
    with pytest.raises(MissingExtra, match=r"an export for LiteRT needs .*'litert-torch'.*headstart\[litert\]"):
        headstart.export(small.run, to="litert", out=tmp_path / "made")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.skipif(not THERE, reason="the converter is not installed")
def test_it_answers_as_the_saved_classifier(small: Warm, tmp_path: Path) -> None:
    made = headstart.export(small.run, to="litert", out=tmp_path / "made")
    assert made.proof.held_out is not None
    assert made.proof.held_out.same_answers == 1
    photo = next(small.photos.rglob("*.jpg"))
    found = load_code(made.folder).start(made.folder).answer(photo).outputs["probabilities"]
    np.testing.assert_allclose(found, headstart.load(small.run, "onnxruntime").predict(photo).probabilities, atol=1e-3)
    assert [one["file"] for one in json.loads((made.folder / "networks.json").read_text())] == ["network0.tflite"]
