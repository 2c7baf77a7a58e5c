import json
from dataclasses import fields
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from headstart.training import checkpoint
from headstart.training.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from headstart.training.curves import Epoch
from headstart_runtime.errors import StoreError


def state(seed: int = 0) -> Checkpoint:
    torch.manual_seed(seed)
    epochs = (Epoch(0, 0.0, 1.1, 0.3, 1.0, 1 / 3, 0.9, 0.25), Epoch(1, 5e-4 / 3, 0.1, 0.9, 0.2, 0.8, 0.2, 1.5))
    network = {
        "top.conv.weight": torch.randn(4, 3, 3, 3).contiguous(memory_format=torch.channels_last),
        "top.norm.num_batches_tracked": torch.tensor(7),
        "head.0.bias": torch.randn(3, dtype=torch.float64),
        "top.half": torch.randn(5).bfloat16(),
        "top.odd": torch.tensor([float("inf"), -0.0, float("nan"), 1e-42]),
    }
    shared = torch.randn(6)
    return Checkpoint(
        epochs,
        1,
        network,
        {"a": shared, "b": shared},
        {"steps": torch.tensor(3)},
        {"0.exp_avg": shared[:3]},
        {"losses": torch.rand(5, dtype=torch.float64)},
    )


def bits(value: Tensor) -> list[int]:
    return value.contiguous().reshape(-1).view(torch.uint8).tolist()


def same(one: Checkpoint, other: Checkpoint) -> bool:
    kinds = ("network", "best", "average", "moments", "lowest")
    return (
        one.epochs == other.epochs
        and one.best_epoch == other.best_epoch
        and all(getattr(one, kind).keys() == getattr(other, kind).keys() for kind in kinds)
        and all(
            (value.shape, value.dtype) == ((own := getattr(other, kind)[name]).shape, own.dtype)
            and bits(value) == bits(own)
            for kind in kinds
            for name, value in getattr(one, kind).items()
        )
    )


def test_a_checkpoint_comes_back_bit_for_bit(tmp_path: Path) -> None:
    file = tmp_path / "deeper" / "checkpoint.safetensors"
    write_checkpoint(file, state())
    kept = read_checkpoint(file)
    assert kept is not None
    assert same(kept, state())
    assert not same(kept, state(1))
    assert {field.name for field in fields(Checkpoint)} == {
        "epochs", "best_epoch", "network", "best", "average", "moments", "lowest",
    }  # fmt: skip
    write_checkpoint(file, state(1))
    again = read_checkpoint(file)
    assert again is not None
    assert same(again, state(1))
    assert same(kept, state())  # what was read earlier does not lie in the file


def test_empty_kinds_come_back_empty(tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.safetensors"
    write_checkpoint(file, Checkpoint((), 0, {"a": torch.ones(1)}, {}, {}, {}, {}))
    kept = read_checkpoint(file)
    assert kept is not None
    assert (kept.epochs, kept.best, kept.average, kept.moments, kept.lowest) == ((), {}, {}, {}, {})


def test_none_where_there_is_none(tmp_path: Path) -> None:
    assert read_checkpoint(tmp_path / "checkpoint.safetensors") is None
    assert read_checkpoint(tmp_path) is None


def test_none_for_a_damaged_file(tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.safetensors"
    write_checkpoint(file, state())
    whole = file.read_bytes()
    for content in (b"", whole[:4], whole[:200], whole[:-1], b"x" * len(whole)):
        file.write_bytes(content)
        assert read_checkpoint(file) is None


HEADER = {"schema_version": 2, "best_epoch": 0, "epochs": []}


@pytest.mark.parametrize(
    ("metadata", "name"),
    [
        (None, "network/a"),
        ({"other": "x"}, "network/a"),
        ({"training": "{"}, "network/a"),
        ({"training": "[]"}, "network/a"),
        ({"training": json.dumps({**HEADER, "schema_version": 1})}, "network/a"),
        ({"training": json.dumps({"schema_version": 2})}, "network/a"),
        ({"training": json.dumps({**HEADER, "epochs": [{"number": 0}]})}, "network/a"),
        ({"training": json.dumps({**HEADER, "epochs": 3})}, "network/a"),
        ({"training": json.dumps(HEADER)}, "a"),
        ({"training": json.dumps(HEADER)}, "else/a"),
    ],
)
def test_none_for_another_version_or_another_file(metadata: dict[str, str] | None, name: str, tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.safetensors"
    save_file({name: torch.ones(2)}, file, metadata=metadata)
    assert read_checkpoint(file) is None


def test_the_header_of_those_files_is_otherwise_fine(tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.safetensors"
    save_file({"network/a": torch.ones(2)}, file, metadata={"training": json.dumps(HEADER)})
    assert read_checkpoint(file) is not None


def test_a_write_that_fails_leaves_the_checkpoint_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "checkpoint.safetensors"
    write_checkpoint(file, state())

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StoreError, match="no space left to write"):
        write_checkpoint(file, state(1))
    assert [entry.name for entry in tmp_path.iterdir()] == ["checkpoint.safetensors"]
    kept = read_checkpoint(file)
    assert kept is not None
    assert same(kept, state())


def test_it_is_plain_safetensors(tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.safetensors"
    write_checkpoint(file, state())
    assert torch.equal(load_file(file)["best/a"], state().best["a"])
    assert HEADER["schema_version"] == checkpoint.SCHEMA_VERSION
