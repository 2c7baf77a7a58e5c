"""Encoders of the hub and of folders, drawn and saved by transformers and sentence-transformers."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from huggingface_hub import constants

from headstart.backbones.backbone import PYTORCH_EXPORT, Backbone
from headstart.backbones.catalog import check_backbone_name, resolve_origin
from headstart.backbones.convert import load_backbone
from headstart.backbones.encoders.files import EncoderFiles, find_in_folder, read_licence
from headstart.backbones.providers.hf import HUB_NETWORKS, HuggingFaceProvider
from headstart.backbones.reference import read_reference
from headstart.backbones.zoo import load_network
from headstart.engines.onnxruntime import OnnxRuntimeEngine
from headstart_runtime.errors import BackboneError, MissingExtra
from headstart_runtime.modalities.modality import get_modality
from headstart_runtime.modalities.packing import pack_parts
from tests.backbones.encoders.drawn import draw_tokenizer, save_encoder, save_sentence_encoder

TEXTS = ["the cat sat on the mat", "a dog .", "the Dog sat", "x y z " * 40]
CARD = "---\nlicense: cc-by-sa-4.0\nlanguage: en\n---\n# A network\nlicense: mit\n"


def compute_features(network: Backbone) -> np.ndarray:
    modality, spec = get_modality("text"), network.spec
    packed = pack_parts(modality, [part for text in TEXTS for part in modality.make_parts(text, spec)], spec, 1)
    engine = OnnxRuntimeEngine(network)
    return packed.restore([engine.forward(batch)["final"] for batch in packed.batches])


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the hub's client."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def put_into_cache(hub: Path, name: str, folder: Path) -> Path:
    """Lay a network into the cache as the hub's client does; return where its files are."""
    home = hub / f"models--{name.replace('/', '--')}"
    (home / "refs").mkdir(parents=True)
    (home / "refs" / "main").write_text("0" * 40, "utf-8")
    shutil.copytree(folder, home / "snapshots" / ("0" * 40))
    return home / "snapshots" / ("0" * 40)


@pytest.mark.parametrize(
    ("kind", "pooling", "prompts", "normalize"),
    [
        ("bert", "mean", {}, True),
        ("xlm-roberta", "cls", {"classification": "query : "}, False),
        ("distilbert", "max", {"query": "query : ", "document": "the "}, True),
    ],
)
def test_a_folder_gives_what_sentence_transformers_gives(
    kind: str, pooling: str, prompts: dict[str, str], normalize: bool, tmp_path: Path
) -> None:
    whole = save_sentence_encoder(tmp_path, kind, pooling, prompts, normalize=normalize)
    network = load_backbone(str(tmp_path / "whole"), tmp_path / "networks")
    prompt = next(iter(prompts.values()), "")
    assert network.spec.prefix == prompt
    assert (network.spec.max_tokens, network.spec.most_tokens) == (62, 62 if kind == "xlm-roberta" else 64)
    wanted = whole.encode(TEXTS, prompt=prompt or None)
    np.testing.assert_allclose(compute_features(network), wanted, atol=2e-5)
    assert read_reference(network.folder).source == "float64 of NumPy"
    assert (tmp_path / "networks" / network.folder.name / "tokenizer.json").is_file()


@pytest.mark.parametrize("write", ["./plain", "hf:plain", "hf:./plain", "{}/plain", "hf:{}/plain"])
def test_names_of_folders(write: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_encoder(tmp_path / "plain", "bert")
    monkeypatch.chdir(tmp_path)
    name = write.format(tmp_path)
    check_backbone_name(name)
    origin = resolve_origin(name)
    assert (origin.name, origin.provider, origin.architecture) == (name, "hf", "plain")


@pytest.mark.parametrize(
    ("name", "offered"),
    [
        ("intfloat/e5-small-v2", "use minilm, whose"),
        ("facebook/wav2vec2-base", "use speech_embedding, whose"),
        ("nobody/none", "use minilm for texts or speech_embedding for clips, whose"),
    ],
)
@pytest.mark.usefixtures("hub")
def test_what_is_not_reached_is_answered_by_a_network_of_its_kind(name: str, offered: str) -> None:
    with pytest.raises(BackboneError, match=f"connect once, or {offered}"):
        resolve_origin(f"hf:{name}")


def test_a_network_of_the_hub_comes_from_its_cache(hub: Path, tmp_path: Path) -> None:
    name = "hf:somebody/tiny-e5-encoder"
    with pytest.raises(BackboneError, match=r"hf:somebody/tiny-e5-encoder could not be fetched .* minilm"):
        resolve_origin(name)
    files = put_into_cache(hub, "somebody/tiny-e5-encoder", save_encoder(tmp_path / "plain", "bert"))
    (files / "README.md").write_text(CARD, "utf-8")
    network = load_backbone(name, tmp_path / "networks")
    assert (network.name, network.licence, network.spec.prefix) == (name, "cc-by-sa-4.0", "query: ")
    assert network.weights == f"Hugging Face hub: somebody/tiny-e5-encoder, revision {'0' * 40}"
    assert load_backbone(name, tmp_path / "networks") == network
    same = load_backbone(str(tmp_path / "plain"), tmp_path / "networks")
    assert same.weights_sha256 == network.weights_sha256
    assert same.licence == "unknown"
    loaded = load_network(resolve_origin(name))
    assert loaded.weights_sha256 == network.weights_sha256
    (files / "model.safetensors").unlink()
    with pytest.raises(BackboneError, match=r"weights of hf:somebody/tiny-e5-encoder could not be fetched .* minilm"):
        load_backbone(name, tmp_path / "others")


def test_weights_of_pytorch_are_read_where_there_are_no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = save_encoder(tmp_path / "plain", "roberta")
    wanted = compute_features(load_backbone(str(folder), tmp_path / "networks"))
    state = transformers.AutoModel.from_pretrained(folder).state_dict()
    torch.save({f"roberta.{name}": value for name, value in state.items()}, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    network = load_backbone(str(folder), tmp_path / "networks")
    np.testing.assert_array_equal(compute_features(network), wanted)
    monkeypatch.setattr("headstart_runtime.extras.import_module", lambda name: (_ for _ in ()).throw(ImportError(name)))
    shutil.rmtree(network.folder)
    with pytest.raises(MissingExtra, match=r"reading pytorch_model.bin .*headstart\[train\]"):
        load_backbone(str(folder), tmp_path / "networks")


def test_texts_are_made_lower_case_where_the_network_wants_it(tmp_path: Path) -> None:
    folder = save_encoder(tmp_path, "bert")
    plain = EncoderFiles("plain", find_in_folder(folder)).tokenizer
    assert plain == (folder / "tokenizer.json").read_bytes()
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 20, "do_lower_case": true}', "utf-8")
    network = load_backbone(str(folder), tmp_path / "networks")
    assert network.spec.max_tokens == 20
    lower, upper = (network.spec.load_tokenizer().encode(text).tolist() for text in ("the dog", "The DOG"))
    assert lower == upper


def test_other_architectures_go_through_transformers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    sizes: dict[str, Any] = {"num_hidden_layers": 2, "hidden_size": 16, "num_attention_heads": 2}
    config = transformers.ElectraConfig(
        vocab_size=40, embedding_size=8, intermediate_size=16, max_position_embeddings=64, **sizes
    )
    own = transformers.ElectraModel(config).eval()
    own.save_pretrained(tmp_path / "odd")
    draw_tokenizer().save(str(tmp_path / "odd" / "tokenizer.json"))
    assert resolve_origin(str(tmp_path / "odd")).conversion == PYTORCH_EXPORT
    network = load_backbone(str(tmp_path / "odd"), tmp_path / "networks")
    assert [layer.name for layer in network.layers] == ["layer1", "final"]
    ids = torch.tensor(
        [network.spec.load_tokenizer().surround(network.spec.load_tokenizer().encode(TEXTS[0])).tolist()]
    )
    with torch.inference_mode():
        wanted = own(input_ids=ids).last_hidden_state.mean(1).numpy()
    np.testing.assert_allclose(compute_features(network)[:1], wanted, atol=1e-5)
    drawn = HuggingFaceProvider().load(resolve_origin(str(tmp_path / "odd")), seed=3)
    assert drawn.weights == "random, seed 3"
    monkeypatch.setattr("headstart_runtime.extras.find_spec", lambda name: None if name == "transformers" else name)
    with pytest.raises(MissingExtra, match=r"architecture that is not built here .*transformers"):
        load_network(resolve_origin(str(tmp_path / "odd")))


def test_faults_are_said_in_a_line(tmp_path: Path, hub: Path) -> None:
    def refuse(name: str, said: str) -> None:
        with pytest.raises(BackboneError, match=said):
            load_backbone(name, tmp_path / "networks")

    refuse("./none", "is no folder that is there")
    refuse(str(tmp_path), "has no config.json")
    refuse("hf:", "names no network of the hub")
    refuse("hf:no network", "wanted hf:OWNER/NAME")
    folder = save_encoder(tmp_path / "plain", "bert")
    record = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps({**record, "vocab_size": 41}), "utf-8")
    refuse(str(folder), r"do not fit its config.json: 'embeddings.word_embeddings.weight' has the shape \(40, 32\)")
    (folder / "config.json").write_text(json.dumps({**record, "num_hidden_layers": 5}), "utf-8")
    refuse(str(folder), r"'encoder.layer.3.attention.self.query.weight' is missing")
    (folder / "config.json").write_text(json.dumps({"model_type": "bert"}), "utf-8")
    refuse(str(folder), "config.json of a network of type 'bert' cannot be used: KeyError")
    (folder / "config.json").write_text("{", "utf-8")
    refuse(str(folder), "is damaged: no object of JSON")
    (folder / "config.json").write_text(json.dumps(record), "utf-8")
    (folder / "model.safetensors").write_bytes(b"\0" * 30)
    refuse(str(folder), "is damaged, or no .safetensors file")
    (folder / "model.safetensors").unlink()
    refuse(str(folder), "has no weights: wanted model.safetensors")
    other = save_encoder(tmp_path / "other", "bert")
    (other / "tokenizer.json").unlink()
    refuse(str(other), r"has no tokenizer.json; open and save its tokenizer once with transformers")
    (other / "modules.json").write_text(json.dumps([{"type": "x.Pooling", "path": "pool"}]), "utf-8")
    (other / "pool").mkdir()
    (other / "pool" / "config.json").write_text('{"pooling_mode": "lasttoken"}', "utf-8")
    shutil.copy(tmp_path / "plain" / "tokenizer.json", other)
    refuse(str(other), "makes features of its tokens by lasttoken; wanted mean, cls, max")


def test_listing(hub: Path, tmp_path: Path) -> None:
    provider = HuggingFaceProvider()
    assert len(list(provider.search(""))) == len(HUB_NETWORKS)
    put_into_cache(hub, "intfloat/multilingual-e5-small", save_encoder(tmp_path / "plain", "bert"))
    for pattern in ("e5", "hf:intfloat/*e5*"):
        found = {entry.name: entry for entry in provider.search(pattern)}
        assert len(found) == 3
        entry = found["hf:intfloat/multilingual-e5-small"]
        assert (entry.licence, entry.modality, entry.is_local) == ("mit", "text", True)
        assert not found["hf:intfloat/e5-small-v2"].is_local
    (clips,) = provider.search("wav2vec2-base")
    assert (clips.modality, clips.reads) == ("sound", "clips of any length")


@pytest.mark.parametrize(
    ("card", "licence"),
    [
        (CARD, "cc-by-sa-4.0"),
        ("---\nlanguage: en\n---\nlicense: mit", "unknown"),
        ("no head", "unknown"),
        ('---\r\nlicense: "MIT"\r\n---\r\n', "mit"),
        ("---\nlicense: other\nlicense_name: own-words\n---", "own-words"),
    ],
)
def test_the_licence_is_read_from_the_head_of_the_card(card: str, licence: str) -> None:
    assert read_licence(card) == licence
