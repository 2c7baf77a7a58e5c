"""The saved classifier is checked on the way that predictions take."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from headstart.pipeline import model
from headstart_runtime.errors import SaveError


def draw_noise(_source: Any) -> bytes:
    written = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)).save(written, "PNG")
    return written.getvalue()


def test_items_that_a_prediction_opens_otherwise_are_said_and_nothing_is_saved(
    small: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "get_item", draw_noise)
    with pytest.raises(SaveError, match=r"photos opened for a prediction get other answers .* modality 'image'"):
        small.fit(small.photos, out=tmp_path / "run")
    assert not (tmp_path / "run/model").exists()


def test_items_that_a_prediction_cannot_open_are_said(
    small: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "get_item", lambda _source: b"no picture")
    with pytest.raises(SaveError, match="nothing"):
        small.fit(small.photos, out=tmp_path / "run")
