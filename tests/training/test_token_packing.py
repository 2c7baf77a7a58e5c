"""Samples as long as they come, packed by the token: nothing of padding is kept, and nothing of it is learnt."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from headstart.backbones.backbone import INPUT
from headstart.backbones.graph import extract_trunk, trace
from headstart.training.network import TrainableTop, build_blank_head
from headstart.training.token_packing import TokenPacking, find_token_packing
from headstart_runtime.errors import EngineError
from headstart_runtime.modalities.batch import TensorSpec, make_blank
from tests.training.words import WIDTH, WordSpec, draw_words, load_words


def test_tensors_are_unpacked_as_they_are_with_their_tokens_where_they_were() -> None:
    inputs = (
        TensorSpec("ids", "int64", (None,)),
        TensorSpec("mask", "float32", (None,)),
        TensorSpec("wave", "float32", (2, None)),
    )
    packing = TokenPacking((4, None), inputs, "mask")
    chance = np.random.default_rng(0)
    batch = {
        "ids": chance.integers(-(2**40), 2**40, (2, 5)),
        "mask": np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 0]], np.float32),
        "wave": chance.normal(size=(2, 2, 5)).astype(np.float32),
    }
    values = chance.integers(-8, 8, (2, 4, 5)).astype(np.float32)  # exact in bfloat16
    rows = packing.pack(batch, values)
    assert rows.dtype == np.uint8
    assert rows.shape == (2, 5, *packing.shape) == (2, 5, 8 + 8 + 4 + 8)
    np.testing.assert_array_equal(packing.count_tokens(batch), [3, 4])
    first, *others = packing.unpack(torch.from_numpy(rows))
    assert torch.equal(first.float(), torch.from_numpy(values))
    for tensor, array in zip(others, batch.values(), strict=True):
        assert torch.equal(tensor, torch.from_numpy(array))


@pytest.mark.parametrize("boundary", [INPUT, "stage1"])
def test_a_top_gives_for_tokens_of_a_batch_what_the_network_gives_for_each_sample(boundary: str) -> None:
    loaded = load_words()
    top = TrainableTop(
        trace(loaded), boundary, build_blank_head(WIDTH, 2), fold=True, precision="f32", device="cpu"
    ).eval()
    packing = top.packing
    assert isinstance(packing, TokenPacking)
    assert packing.shape == ((16,) if boundary == INPUT else (2 * WIDTH + 8,))
    batches = [draw_words(1, length) for length in (3, 7, 5)]
    kept = np.zeros((3, 7, *packing.shape), np.uint8)
    expected = []
    with torch.inference_mode():
        for number, batch in enumerate(batches):
            ids, mask = map(torch.from_numpy, batch.values())
            mask[:] = 1
            low = None if boundary == INPUT else extract_trunk(trace(loaded), boundary)(ids, mask).numpy()
            kept[number, : ids.shape[1]] = packing.pack(batch, low)[0]
            expected.append(loaded.network(ids, mask)[-1])
        seen = top.features(torch.from_numpy(kept))
    np.testing.assert_allclose(seen, torch.cat(expected), atol=1e-5 if boundary == INPUT else 0.05)  # bfloat16


def test_rows_to_time_steps_on_have_no_padding() -> None:
    packing = find_token_packing(trace(load_words()), "stage1", (WordSpec().tensors[1],))
    rows = packing.draw(2, 5)
    states, mask = packing.unpack(rows)
    assert states.shape == (2, 5, WIDTH)
    assert mask.all()
    assert states.isfinite().all()
    assert make_blank(WordSpec(), 2, 3)["attention_mask"].all()


def test_a_network_that_does_not_look_at_the_mask_is_not_trained() -> None:
    traced = trace(load_words())
    with pytest.raises(EngineError, match="the part above stage1 does not look at a mask of what is padding"):
        find_token_packing(traced, "stage1", ())
    with pytest.raises(EngineError, match="does not look at a mask"):
        find_token_packing(replace(traced, mask=None), INPUT, ())


def test_a_boundary_without_a_row_for_each_token_is_refused() -> None:
    class Halves(torch.nn.Module):
        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> Any:
            low = input_ids.float()[:, ::2, None] * attention_mask.float()[:, ::2, None]
            low = low.expand(-1, -1, WIDTH) * 1.0
            return low.mean(1), (low * attention_mask.float().sum(1)[:, None, None]).mean(1)

    traced = trace(replace(load_words(), network=Halves()))
    with pytest.raises(EngineError, match="up to stage1 does not have a row for each token"):
        find_token_packing(traced, "stage1", (WordSpec().tensors[1],))
