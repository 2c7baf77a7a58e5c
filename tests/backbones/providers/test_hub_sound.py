"""Networks of clips of the hub and of folders, drawn and saved by transformers, and held to it."""

import json
import os
import pickle
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from huggingface_hub import constants
from transformers import ASTConfig, ASTFeatureExtractor

from headstart.backbones.backbone import Backbone
from headstart.backbones.catalog import resolve_origin
from headstart.backbones.convert import load_backbone
from headstart.backbones.encoders.files import EncoderFiles, find_in_folder
from headstart.backbones.graph import extract_top, extract_trunk, list_carried, trace
from headstart.backbones.layers import describe_layers
from headstart.backbones.providers.hub_sound import make_hub_spec
from headstart.backbones.reference import read_reference
from headstart.backbones.zoo import build_untrained, load_network
from headstart.engines.onnxruntime import OnnxRuntimeEngine
from headstart_runtime.errors import BackboneError, MissingExtra
from headstart_runtime.modalities.checks import collate_parts
from headstart_runtime.modalities.modality import get_modality
from tests.backbones.providers.drawn_sound import KINDS, draw_extractor, draw_sound_network, save_sound_network
from tests.backbones.providers.test_hf import put_into_cache

SIZES = (6000, 15_999, 32_000)
CLIPS = [np.random.default_rng(seed).normal(0.02, 0.1, size).astype(np.float32) for seed, size in enumerate(SIZES)]


def prepare(network: Backbone, clips: list[np.ndarray]) -> dict[str, Any]:
    modality, spec = get_modality("sound"), network.spec
    return dict(collate_parts(modality, [part for clip in clips for part in modality.make_parts(clip, spec)], spec))


def pool(states: torch.Tensor) -> np.ndarray:
    parts = [states.mean(1), states.amax(1), states.var(1, correction=0).sqrt()]
    return torch.cat(parts, 1).numpy()


def compute_wanted(kind: str, network: Any, clip: np.ndarray) -> dict[str, np.ndarray]:
    """Return what extractor and network of transformers give for a clip alone."""
    given = draw_extractor(kind)(clip, sampling_rate=16000, return_tensors="pt")["input_values"]
    with torch.inference_mode():
        found = network(given, output_hidden_states=True)
    if kind == "ast":
        return {"layer1": pool(found.hidden_states[1][:, 2:]), "final": found.pooler_output.numpy()}
    return {"layer1": pool(found.hidden_states[1]), "final": pool(found.last_hidden_state)}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("drawn")
    return {kind: save_sound_network(home / kind.replace(" ", "_"), kind) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_gives_what_transformers_gives(kind: str, folders: dict[str, Path], tmp_path: Path) -> None:
    """Clips of several lengths in one batch have the features that each has alone."""
    made = load_backbone(str(folders[kind]), tmp_path / "networks")
    own = draw_sound_network(kind)
    clips = [clip[: made.spec.window] for clip in CLIPS]
    found = OnnxRuntimeEngine(made).forward(prepare(made, clips))
    for row, clip in enumerate(clips):
        for layer, wanted in compute_wanted(kind, own, clip).items():
            np.testing.assert_allclose(found[layer][row], wanted[0], atol=1e-4, rtol=1e-4, err_msg=layer)
    assert read_reference(made.folder).source == "pytorch f32"
    assert made.layers[-1].width == (16 if kind == "ast" else 48)
    assert len(made.layers) == (3 if kind == "wav2vec2 late" else 2)


@pytest.mark.parametrize("size", [500, 3000, 12_000])
def test_mels_are_those_of_the_extractor(size: int, folders: dict[str, Path], tmp_path: Path) -> None:
    made = load_backbone(str(folders["ast"]), tmp_path / "networks")
    clip = CLIPS[2][:size]
    wanted = draw_extractor("ast")(clip, sampling_rate=16000, return_tensors="np")["input_values"]
    np.testing.assert_allclose(prepare(made, [clip[: made.spec.window]])["mels"], wanted, rtol=1e-3, atol=1e-4)


@pytest.mark.filterwarnings("ignore:At least one mel filter has all zero values")  # of the published 128 bands
@pytest.mark.parametrize("settings", [{}, {"num_mel_bins": 64, "max_length": 512}, {"do_normalize": False}])
@pytest.mark.parametrize("size", [400, 16_000, 200_000])
def test_mels_of_ast_as_published_are_those_of_its_extractor(
    size: int, settings: dict[str, Any], tmp_path: Path
) -> None:
    """Also of a clip that is longer than the network reads: its extractor takes the beginning."""
    extractor = ASTFeatureExtractor(**settings)
    extractor.save_pretrained(tmp_path)
    ASTConfig(num_mel_bins=extractor.num_mel_bins, max_length=extractor.max_length).save_pretrained(tmp_path)
    spec, modality = make_hub_spec(EncoderFiles("ast", find_in_folder(tmp_path))), get_modality("sound")
    clip = np.random.default_rng(size).normal(0.05, 0.1, size).astype(np.float32)
    wanted = extractor(clip, sampling_rate=16000, return_tensors="np")["input_values"]
    made = collate_parts(modality, list(modality.make_parts(clip[: spec.window], spec)), spec)["mels"]
    np.testing.assert_allclose(made, wanted, rtol=1e-6, atol=2e-6)


@pytest.mark.parametrize("kind", ["wav2vec2", "wavlm late", "ast"])
def test_it_is_cut_between_its_blocks(kind: str, folders: dict[str, Path], tmp_path: Path) -> None:
    made = load_backbone(str(folders[kind]), tmp_path / "networks")
    loaded = load_network(resolve_origin(str(folders[kind])))
    batch = prepare(made, [clip[: made.spec.window] for clip in CLIPS])
    tensors = [torch.from_numpy(batch[one.name]) for one in made.spec.tensors]
    traced = trace(loaded)
    names = [one.name for one in list_carried(traced, "layer1")]
    assert names == ([] if kind == "ast" else ["length"])
    with torch.inference_mode():
        below = extract_trunk(traced, "layer1")(*tensors)
        above = extract_top(traced, "layer1")(below, *(torch.from_numpy(batch[name]) for name in names))
        np.testing.assert_array_equal(above, loaded.network(*tensors)[-1])
    described = describe_layers(resolve_origin(str(folders[kind])))
    assert described.is_trainable
    assert all(layer.parameters for layer in described.layers)


@pytest.mark.parametrize("kind", ["wav2vec2", "hubert late", "wavlm", "ast"])
def test_every_weight_can_be_trained(kind: str, folders: dict[str, Path], tmp_path: Path) -> None:
    made = load_backbone(str(folders[kind]), tmp_path / "networks")
    module = trace(load_network(resolve_origin(str(folders[kind])))).module.train().requires_grad_()
    batch = prepare(made, [clip[: made.spec.window] for clip in CLIPS])
    last = module(*(torch.from_numpy(batch[one.name]) for one in made.spec.tensors))[-1]
    (last * torch.linspace(-1, 1, last.shape[1])).sum().backward()
    for name, parameter in module.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.any() or "k_proj.bias" in name, name


def test_a_network_of_the_hub_comes_from_its_cache(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    files = put_into_cache(tmp_path / "hub", "somebody/tiny-hubert", folders["hubert"])
    (files / "README.md").write_text("---\nlicense: apache-2.0\n---\n", "utf-8")
    made = load_backbone("hf:somebody/tiny-hubert", tmp_path / "networks")
    assert made.licence == "apache-2.0"
    assert made.weights == f"Hugging Face hub: somebody/tiny-hubert, revision {'0' * 40}"
    assert (made.spec.kind, made.spec.normalized, made.spec.least) == ("sound", False, 165)
    drawn = build_untrained(resolve_origin("hf:somebody/tiny-hubert"), seed=3)
    assert (drawn.weights, drawn.weights_sha256) == ("random, seed 3", "")


def test_pickled_weights_are_read_without_running_anything(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "pickled"
    shutil.copytree(folders["wav2vec2"], folder)
    plain = load_backbone(str(folder), tmp_path / "networks")
    torch.save(draw_sound_network("wav2vec2").state_dict(), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    made = load_backbone(str(folder), tmp_path / "networks")
    batch = prepare(made, CLIPS)
    rows = [OnnxRuntimeEngine(network).forward(batch)["final"] for network in (plain, made)]
    np.testing.assert_allclose(*rows, atol=1e-6)

    class Evil:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "made"),)

    with (folder / "pytorch_model.bin").open("wb") as stream:
        pickle.dump({"evil": Evil()}, stream)
    with pytest.raises(BackboneError, match=r"cannot be loaded by transformers") as caught:
        load_backbone(str(folder), tmp_path / "networks")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "made").exists()


def test_faults_are_said_in_a_line(folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def change(kind: str, file: str, fields: dict[str, Any]) -> str:
        folder = tmp_path / "changed"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(folders[kind], folder)
        record = json.loads((folder / file).read_text("utf-8"))
        (folder / file).write_text(json.dumps({**record, **fields}), "utf-8")
        return str(folder)

    def refuse(name: str, said: str) -> None:
        with pytest.raises(BackboneError, match=said) as caught:
            load_backbone(name, tmp_path / "networks")
        assert "\n" not in str(caught.value)
        assert not {"photo", "photos", "text", "texts"} & set(str(caught.value).split())

    config, extractor = "config.json", "preprocessor_config.json"
    refuse(change("wavlm", config, {"model_type": "whisper"}), "kind 'whisper', which is not read here; wanted one of")
    refuse(change("wavlm", config, {"num_hidden_layers": 3}), "do not fit its config.json: 'encoder.layers.2.")
    refuse(change("hubert", config, {"conv_pos_batch_norm": True}), "conv_pos_batch_norm, which is not read here")
    refuse(change("wav2vec2", config, {"add_adapter": True}), "an adapter .*add_adapter.*, which is not read here")
    refuse(change("hubert", config, {"conv_stride": [5, 8]}), "config.json or .* cannot be used: ValueError")
    refuse(change("hubert", extractor, {"padding_value": 1.0}), "fills clips with 1.0; only zeros")
    refuse(change("hubert", extractor, {"sampling_rate": "fast"}), "cannot be used: ValueError")
    refuse(change("ast", extractor, {"max_length": 100}), "the network reads 64 frames of 32 mels")
    refuse(change("ast", extractor, {"std": 0}), "cannot be used: ")
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "huggingface_hub", None)
        with pytest.raises(MissingExtra, match=r"needs the package 'huggingface-hub'.*headstart\[hub\]"):
            load_backbone("hf:facebook/wav2vec2-base", tmp_path / "networks")
    monkeypatch.setattr("headstart_runtime.extras.find_spec", lambda name: None if name == "transformers" else name)
    with pytest.raises(MissingExtra, match=r"converting .*headstart\[train\]"):
        load_backbone(str(folders["wavlm"]), tmp_path / "networks")
