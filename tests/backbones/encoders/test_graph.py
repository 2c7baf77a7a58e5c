import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from onnx import checker
from transformers.models.mpnet.modeling_mpnet import MPNetEncoder

from headstart.backbones.encoders.buckets import find_buckets
from headstart.backbones.encoders.config import EncoderConfig
from headstart.backbones.encoders.exact import compute_exactly
from headstart.backbones.encoders.files import EncoderFiles, find_in_folder
from headstart.backbones.encoders.graph import build_encoder_graph, list_encoder_layers
from headstart.backbones.encoders.network import make_encoder
from headstart.backbones.encoders.pooling import Pooling
from headstart.backbones.graph import extract_top, extract_trunk, list_carried, trace
from headstart.backbones.loaded import LoadedNetwork
from headstart_runtime.inference.openvino import Runner
from headstart_runtime.libraries import start_onnxruntime
from headstart_runtime.modalities.batch import TensorSpec
from tests.backbones.encoders.drawn import KINDS, draw_network, save_encoder

TENSORS = (TensorSpec("input_ids", "int64", (None,)), TensorSpec("attention_mask", "int64", (None,)))
POOLINGS = {"mean": Pooling(), "cls": Pooling("cls", normalize=True), "max": Pooling("max")}


def draw_ids(pad_id: int, lengths: tuple[int, ...] = (5, 1, 19, 8)) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(3)
    ids = np.full((len(lengths), max(lengths)), pad_id)
    mask = np.zeros_like(ids)
    for row, length in enumerate(lengths):
        ids[row, :length], mask[row, :length] = chance.integers(4, 40, length), 1
    return ids, mask


def compute_wanted(network: Any, config: EncoderConfig, pooling: Pooling, ids: Any, mask: Any) -> list[np.ndarray]:
    """Features of each layer of the states that transformers gives."""
    with torch.inference_mode():
        given = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
        states = network(**given, output_hidden_states=True).hidden_states
    kept = mask[:, :, None].astype(bool)
    means = [(each.numpy() * kept).sum(1) / kept.sum(1) for each in states]
    last = states[-1].numpy()
    final = {"mean": means[-1], "cls": last[:, 0], "max": np.where(kept, last, -np.inf).max(1)}[pooling.mode]
    if pooling.normalize:
        final = final / np.linalg.norm(final, axis=1, keepdims=True)
    return [*(means[block] for block in config.layers[:-1]), final]


@pytest.mark.parametrize(("kind", "mode"), [*((kind, "mean") for kind in KINDS), ("bert", "cls"), ("bert", "max")])
def test_every_kind_gives_what_transformers_gives(kind: str, mode: str, tmp_path: Path) -> None:
    save_encoder(tmp_path, kind)
    files, pooling = EncoderFiles(kind, find_in_folder(tmp_path)), POOLINGS[mode]
    config = files.shape
    assert config is not None
    weights = files.read_weights(config)
    ids, mask = draw_ids(KINDS[kind][1].get("pad_token_id", 0))
    wanted = compute_wanted(draw_network(kind), config, pooling, ids, mask)
    graph = build_encoder_graph(weights, config, pooling, TENSORS)
    checker.check_model(graph, full_check=True)
    content, names = graph.SerializeToString(), tuple(layer.name for layer in list_encoder_layers(config))
    batch = {"input_ids": ids, "attention_mask": mask}
    runner = Runner(content, tensors=TENSORS, precision="f32", streams=1, outputs=names)
    network = make_encoder(config, pooling, weights)
    answers = {
        "onnxruntime": start_onnxruntime(content).run(list(names), batch),
        "openvino": [runner.run(batch)[name] for name in names],
        "numpy": list(compute_exactly(weights, config, pooling, ids, mask).values()),
        "pytorch": [each.numpy() for each in network(torch.from_numpy(ids), torch.from_numpy(mask))],
    }
    assert len(names) == len(wanted) == min(6, config.blocks)
    assert names[-1] == "final"
    for engine, answer in answers.items():
        for name, one, other in zip(names, answer, wanted, strict=True):
            np.testing.assert_allclose(one, other, atol=2e-5, rtol=1e-4, err_msg=f"{engine} {name}")


@pytest.mark.parametrize("kind", ["bert", "mpnet"])
def test_the_module_is_cut_behind_any_block(kind: str, tmp_path: Path) -> None:
    config = EncoderConfig.from_json(json.loads((save_encoder(tmp_path, kind) / "config.json").read_text("utf-8")))
    assert config is not None
    weights = EncoderFiles(kind, find_in_folder(tmp_path)).read_weights(config)

    class Spec:
        tensors = TENSORS

    loaded = LoadedNetwork(
        network=make_encoder(config, Pooling(), weights),
        spec=Spec(),
        layers=list_encoder_layers(config),
        weights="drawn",
        weights_sha256="",
        licence="mit",
        parameters=0,
    )
    traced = trace(loaded)
    ids, mask = map(torch.from_numpy, draw_ids(1))
    whole = loaded.network(ids, mask)
    for name in ("layer1", "layer2"):
        assert traced.shape_at(name) == (16, 32)
        assert [one.name for one in list_carried(traced, name)] == ["attention_mask"]
        states = extract_trunk(traced, name)(ids, mask)
        assert states.shape == (*ids.shape, 32)
        torch.testing.assert_close(extract_top(traced, name)(states, mask), whole[-1])
        mean = (states * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)
        torch.testing.assert_close(mean, whole[int(name[-1]) - 1])
    shares = [part.work for part in traced.sections]
    assert min(shares) > 0.25  # three blocks alike


def test_rows_do_not_depend_on_padding(tmp_path: Path) -> None:
    save_encoder(tmp_path, "bert")
    files = EncoderFiles("bert", find_in_folder(tmp_path))
    assert files.shape is not None
    graph = build_encoder_graph(files.read_weights(files.shape), files.shape, Pooling(), TENSORS)
    session = start_onnxruntime(graph.SerializeToString())
    ids, mask = draw_ids(0)
    together = session.run(["final"], {"input_ids": ids, "attention_mask": mask})[0]
    for row, length in enumerate(mask.sum(1)):
        given = {"input_ids": ids[row : row + 1, :length], "attention_mask": mask[row : row + 1, :length]}
        np.testing.assert_allclose(session.run(["final"], given)[0][0], together[row], atol=1e-5)
    empty = session.run(["final"], {"input_ids": ids, "attention_mask": np.zeros_like(mask)})[0]
    assert np.isfinite(empty).all()


def test_buckets_of_distances_are_those_of_transformers() -> None:
    distances = np.arange(-400, 401)
    wanted = MPNetEncoder.relative_position_bucket(torch.from_numpy(distances), num_buckets=32)
    np.testing.assert_array_equal(find_buckets(distances, 32), wanted.numpy())


def test_random_weights_are_drawn_with_a_seed(tmp_path: Path) -> None:
    config = EncoderConfig.from_json(json.loads((save_encoder(tmp_path, "bert") / "config.json").read_text("utf-8")))
    assert config is not None
    drawn = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        drawn.append(make_encoder(config, Pooling(), None).word.weight)
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])
    assert 0.015 < float(drawn[0].std()) < 0.025
