from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from headstart.backbones.encoders.config import EncoderConfig, spread_layers
from headstart.backbones.encoders.files import EncoderFiles, find_in_folder
from headstart.backbones.encoders.weights import read_safetensors
from tests.backbones.encoders.drawn import draw_network, save_encoder


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
def test_numbers_of_all_types_are_read(dtype: torch.dtype, tmp_path: Path) -> None:
    torch.manual_seed(1)
    tensors = {"a": torch.randn(3, 4).to(dtype), "b": torch.randn(5).to(dtype), "n": torch.arange(3)}
    tensors |= {"empty": torch.zeros(0, 2, dtype=dtype), "one": torch.tensor(2.5, dtype=dtype)}
    save_file(tensors, tmp_path / "drawn.safetensors", {"format": "pt"})
    read = read_safetensors(tmp_path / "drawn.safetensors")
    assert set(read) == set(tensors) - {"n"}
    for name, values in read.items():
        assert values.dtype == np.float32
        np.testing.assert_array_equal(values, tensors[name].float().numpy())


def test_weights_in_several_files_and_under_older_names(tmp_path: Path) -> None:
    network = draw_network("bert")
    folder = save_encoder(tmp_path / "whole", "bert")
    files = EncoderFiles("whole", find_in_folder(folder))
    assert files.shape is not None
    wanted = files.read_weights(files.shape)
    network.save_pretrained(tmp_path / "several", max_shard_size="20KB")
    several = EncoderFiles("several", find_in_folder(tmp_path / "several"))
    assert len(several.weight_files) > 2
    state = {
        f"bert.{name}".replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): value
        for name, value in network.state_dict().items()
    }
    save_file(state, folder / "model.safetensors")
    for read in (several.read_weights(files.shape), files.read_weights(files.shape)):
        for name, values in wanted.items():
            np.testing.assert_array_equal(read[name], values)


def test_the_places_of_layers_are_spread_evenly() -> None:
    assert [spread_layers(blocks) for blocks in (1, 3, 6)] == [(1,), (1, 2, 3), (1, 2, 3, 4, 5, 6)]
    assert spread_layers(12) == (2, 4, 6, 8, 10, 12)
    for blocks in range(7, 40):
        places = spread_layers(blocks)
        assert (len(places), places[-1]) == (6, blocks)
        assert len(set(places)) == 6


@pytest.mark.parametrize(
    "more",
    [
        {"model_type": "t5"},
        {"position_embedding_type": "relative_key"},
        {"hidden_act": "silu"},
        {"is_decoder": True},
        {"model_type": None},
    ],
)
def test_other_encoders_are_not_built_here(more: dict[str, object]) -> None:
    record = {"model_type": "bert", "num_hidden_layers": 2, "hidden_size": 8, "intermediate_size": 8}
    record |= {"num_attention_heads": 2, "vocab_size": 9, "max_position_embeddings": 12}
    assert EncoderConfig.from_json(record) is not None
    assert EncoderConfig.from_json({**record, **more}) is None
