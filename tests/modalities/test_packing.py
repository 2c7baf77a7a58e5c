from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from headstart_runtime.modalities.batch import Batch, TensorSpec
from headstart_runtime.modalities.packing import LENGTH, choose_shard, is_free, measure_lengths, pack_parts

FREE = SimpleNamespace(tensors=(TensorSpec("ids", "int64", (None,)), TensorSpec("size", "int64", ())))
FIXED = SimpleNamespace(tensors=(TensorSpec("ids", "int64", (4,)),))


class Rows:
    """A modality whose parts are arrays of numbers, padded with zeros."""

    name = "rows"

    def collate(self, parts: Sequence[Any], spec: Any) -> Batch:
        ids = np.zeros((len(parts), max(map(len, parts))), np.int64)
        for row, part in zip(ids, parts, strict=True):
            row[: len(part)] = part
        return {"ids": ids} | ({"size": np.array(list(map(len, parts)))} if is_free(spec) else {})


ROWS: Any = Rows()


def run(batch: Mapping[str, Any]) -> np.ndarray:
    return batch["ids"].sum(axis=1, keepdims=True).astype(np.float32)


@pytest.mark.parametrize("seed", range(4))
def test_parts_of_any_length_go_together_and_come_back_in_order(seed: int) -> None:
    chance = np.random.default_rng(seed)
    lengths = np.minimum(1 + chance.geometric(1 / 20, chance.integers(1, 200)), 256)
    parts = [chance.integers(1, 9, length) for length in lengths]
    packed = pack_parts(ROWS, parts, FREE, batch=8)
    rows = packed.restore([run(batch) for batch in packed.batches])
    np.testing.assert_array_equal(rows[:, 0], [part.sum() for part in parts])
    sizes = [batch["ids"].shape for batch in packed.batches]
    assert all(count * length <= 8 * LENGTH for count, length in sizes)
    assert sum(count * length for count, length in sizes) < 1.3 * lengths.sum() + 256
    assert [length for _, length in sizes] == sorted(length for _, length in sizes)


def test_a_part_longer_than_a_call_goes_alone() -> None:
    parts = [np.ones(length, np.int64) for length in (700, 3, 900)]
    packed = pack_parts(ROWS, parts, FREE, batch=8)
    assert [batch["ids"].shape for batch in packed.batches] == [(1, 3), (1, 700), (1, 900)]
    assert packed.restore([run(batch) for batch in packed.batches]).ravel().tolist() == [700, 3, 900]
    assert measure_lengths(ROWS, parts, FREE).tolist() == [700, 3, 900]


def test_no_batch_is_a_remainder() -> None:
    packed = pack_parts(ROWS, [np.ones(12, np.int64)] * 45, FREE, batch=8)
    assert [len(batch["ids"]) for batch in packed.batches] in ([23, 22], [22, 23])


def test_parts_of_one_length_are_as_many_as_an_engine_likes() -> None:
    parts = [np.full(4, number) for number in range(7)]
    packed = pack_parts(ROWS, parts, FIXED, batch=3)
    assert [len(batch["ids"]) for batch in packed.batches] == [3, 3, 1]
    rows = packed.restore([run(batch) for batch in packed.batches])
    np.testing.assert_array_equal(rows[:, 0], [4.0 * number for number in range(7)])
    assert not is_free(FIXED)
    assert (choose_shard(FIXED, 3), choose_shard(FREE, 3)) == (3, 24)
