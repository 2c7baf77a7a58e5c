"""Networks of clips of the hub and of folders, drawn and saved by transformers, and held to it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from headstart.backbones.backbone import Backbone
from headstart.backbones.convert import load_backbone
from headstart.engines.onnxruntime import OnnxRuntimeEngine
from headstart_runtime.modalities.checks import collate_parts
from headstart_runtime.modalities.modality import get_modality
from tests.backbones.providers.drawn_sound import KINDS, draw_extractor, draw_sound_network, save_sound_network

CLIPS = [np.random.default_rng(seed).normal(0, 0.1, size).astype(np.float32) + 0.02 for seed, size in
         enumerate((6000, 16000, 32000))]


def compute_features(network: Backbone, clips: list[np.ndarray]) -> dict[str, np.ndarray]:
    modality, spec = get_modality("sound"), network.spec
    parts = [part for clip in clips for part in modality.make_parts(clip, spec)]
    return dict(OnnxRuntimeEngine(network).forward(collate_parts(modality, parts, spec)))


def pool(states: torch.Tensor) -> np.ndarray:
    parts = [states.mean(1), states.amax(1), states.var(1, correction=0).sqrt()]
    return torch.cat(parts, 1).numpy()


def compute_wanted(kind: str, network: Any, clip: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what transformers gives for a clip alone: the first and the last layer."""
    given = draw_extractor(kind)(clip, sampling_rate=16000, return_tensors="pt")
    with torch.inference_mode():
        found = network(given["input_values"], output_hidden_states=True)
    if kind == "ast":
        return pool(found.hidden_states[1][:, 2:]), found.pooler_output.numpy()
    return pool(found.hidden_states[1]), pool(found.last_hidden_state)


@pytest.fixture(scope="module", params=KINDS)
def saved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    return request.param, save_sound_network(tmp_path_factory.mktemp("drawn") / "net", request.param)


def test_a_folder_gives_what_transformers_gives(saved: tuple[str, Path], tmp_path: Path) -> None:
    kind, folder = saved
    made = load_backbone(str(folder), tmp_path / "networks")
    own = draw_sound_network(kind)
    clips = [clip[: made.spec.window] for clip in CLIPS]
    found = compute_features(made, clips)
    for row, clip in enumerate(clips):
        first, last = compute_wanted(kind, own, clip)
        np.testing.assert_allclose(found["layer1"][row], first[0], atol=1e-4, rtol=1e-3 if kind == "ast" else 1e-4)
        np.testing.assert_allclose(found["final"][row], last[0], atol=1e-4, rtol=1e-3 if kind == "ast" else 1e-4)
