import hashlib
import os
import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch

from headstart.backbones.providers.bundled import BUNDLED, find_bundled_file
from headstart.backbones.providers.legacy_checkpoint import parse_legacy_checkpoint, read_legacy_checkpoint
from headstart.unpickling import RefusedPickle
from headstart_runtime.errors import BackboneError


class Caller:
    """Calls a function when it is unpickled."""

    def __init__(self, *call: object):
        self.call = call

    def __reduce__(self) -> tuple[object, ...]:
        return self.call


def save(state: object, file: Path) -> bytes:
    torch.save(state, file, _use_new_zipfile_serialization=False)
    return file.read_bytes()


@pytest.fixture
def state() -> dict[str, torch.Tensor]:
    values = torch.arange(60, dtype=torch.float32).reshape(3, 4, 5)
    state = OrderedDict(
        plain=values,
        turned=values.permute(2, 0, 1),
        part=values[1, 1:3],
        half=torch.tensor([0.5, -2], dtype=torch.float16),
        double=torch.tensor([[1e300]], dtype=torch.float64),
        short=torch.tensor([7], dtype=torch.int32),
        count=torch.tensor(2**40),
    )
    state._metadata = {"version": 1}  # type: ignore[attr-defined]  # as a module's state dict has it
    return state


def test_tensors_of_all_orders_and_types(state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    read = parse_legacy_checkpoint(save(state, tmp_path / "drawn.pth"))
    assert list(read) == list(state)
    for name, tensor in state.items():
        assert read[name].dtype == tensor.numpy().dtype
        assert read[name].flags.c_contiguous
        assert read[name].flags.aligned
        np.testing.assert_array_equal(read[name], tensor.numpy())


@pytest.mark.parametrize("name", BUNDLED)
def test_the_weights_of_the_wheels(name: str) -> None:
    file = find_bundled_file(BUNDLED[name])
    assert file is not None
    read, expected = read_legacy_checkpoint(file, BUNDLED[name].sha256), torch.load(file, weights_only=True)
    assert list(read) == list(expected)
    for key, tensor in expected.items():
        np.testing.assert_array_equal(read[key], tensor.numpy())


def test_an_altered_file_is_refused_before_it_is_read(state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    file = tmp_path / "drawn.pth"
    content = save(state, file)
    wanted = hashlib.sha256(content).hexdigest()
    assert len(read_legacy_checkpoint(file, wanted)) == len(state)
    for place in (0, 40, len(content) // 2, len(content) - 1):
        file.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(
            BackboneError, match=r"^the weights in '.*' have SHA-256 \w{12}…, wanted \w{12}…; .*changed$"
        ):
            read_legacy_checkpoint(file, wanted)
    with pytest.raises(BackboneError, match=r"cannot be read: .*$"):
        read_legacy_checkpoint(tmp_path / "none.pth", wanted)


def test_nothing_of_a_stream_is_run(tmp_path: Path) -> None:
    file = tmp_path / "hostile.pth"
    tensor = torch.zeros(2)
    calls = {
        "mkdir": Caller(os.mkdir, (str(tmp_path / "called"),)),
        "exec": Caller(exec, ("open('called', 'w')",)),
        "_rebuild_parameter": torch.nn.Parameter(tensor),
        "getattr": Caller(getattr, (tensor, "shape")),
    }
    for name, call in calls.items():
        content = save({"weight": tensor, "other": call}, file)
        with pytest.raises(
            BackboneError, match=rf"^the weights in .* it would call .*{name}.*nothing in it was run$"
        ) as said:
            read_legacy_checkpoint(file, hashlib.sha256(content).hexdigest())
        assert "\n" not in str(said.value)
    assert not (tmp_path / "called").exists()


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"weight": [1.0, 2.0]}, "no dict of tensors"),
        ([torch.zeros(2)], "no dict of tensors"),
        ({3: torch.zeros(2)}, "no dict of tensors"),
        ({"weight": torch.zeros(2, dtype=torch.bool)}, "would call torch.BoolStorage"),
    ],
)
def test_something_else_than_tensors_by_name(state: object, said: str, tmp_path: Path) -> None:
    with pytest.raises(RefusedPickle, match=said):
        parse_legacy_checkpoint(save(state, tmp_path / "odd.pth"))


class _Storage:
    def __init__(self, length: int, key: str = "0"):
        self.reference = ("storage", torch.FloatStorage, key, "cpu", length, None)


class _Pickler(pickle.Pickler):
    def persistent_id(self, obj: object) -> object:
        return obj.reference if isinstance(obj, _Storage) else None


def write_stream(file: Path, *tensors: tuple[object, ...], keys: tuple[str, ...] = ("0",), values: int = 6) -> bytes:
    """A stream of tensors (storage, offset, shape, strides) with storages of so many values."""
    with file.open("wb") as stream:
        for header in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
            pickle.dump(header, stream, protocol=2)
        state = {
            f"t{index}": Caller(torch._utils._rebuild_tensor_v2, (*tensor, False, OrderedDict()))
            for index, tensor in enumerate(tensors)
        }
        _Pickler(stream, protocol=2).dump(state)
        pickle.dump(list(keys), stream, protocol=2)
        for _ in keys:
            stream.write(np.int64(values).tobytes() + np.arange(values, dtype="<f4").tobytes())
    return file.read_bytes()


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [
        (0, (7,), (1,)),
        (5, (2,), (1,)),
        (0, (2, 3), (4, 1)),
        (-1, (2,), (1,)),
        (3, (2,), (-1,)),
        (0, (2, 3), (1,)),
        (0, (10**6,), (0,)),
        (0, (0,), (1,)),
    ],
)
def test_a_tensor_lies_inside_of_its_storage(
    tmp_path: Path, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
) -> None:
    inside = parse_legacy_checkpoint(write_stream(tmp_path / "t.pth", (_Storage(6), 1, (2, 2), (1, 2))))
    np.testing.assert_array_equal(inside["t0"], [[1, 3], [2, 4]])
    with pytest.raises(RefusedPickle, match="no place in its storage"):
        parse_legacy_checkpoint(write_stream(tmp_path / "t.pth", (_Storage(6), offset, shape, strides)))


def test_storages_are_those_that_tensors_refer_to(tmp_path: Path) -> None:
    file, whole = tmp_path / "t.pth", (0, (6,), (1,))
    with pytest.raises(RefusedPickle, match="has 5 values, wanted 6"):
        parse_legacy_checkpoint(write_stream(file, (_Storage(6), *whole), values=5))
    with pytest.raises(RefusedPickle, match="list of storages"):
        parse_legacy_checkpoint(write_stream(file, (_Storage(6), *whole), keys=("0", "1")))
    with pytest.raises(RefusedPickle, match="in two ways"):
        parse_legacy_checkpoint(write_stream(file, (_Storage(6), *whole), (_Storage(5), 0, (5,), (1,))))
    with pytest.raises(RefusedPickle, match="4 bytes follow"):
        parse_legacy_checkpoint(write_stream(file, (_Storage(6), *whole)) + b"more")


def test_damaged_streams_are_refused_or_read_as_arrays(state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    content = save(state, tmp_path / "drawn.pth")
    for length in range(0, len(content), 37):
        with pytest.raises(RefusedPickle):
            parse_legacy_checkpoint(content[:length])
    chance = np.random.default_rng(0)
    for _ in range(300):
        spoilt = bytearray(content)
        for place in chance.integers(0, len(content), 2):
            spoilt[place] = chance.integers(256)
        try:
            arrays = parse_legacy_checkpoint(bytes(spoilt))
        except RefusedPickle:
            continue
        assert all(type(array) is np.ndarray for array in arrays.values())


def test_an_archive_of_todays_pytorch_is_not_taken_for_one(tmp_path: Path) -> None:
    torch.save({"weight": torch.zeros(2)}, tmp_path / "new.pth")
    with pytest.raises(RefusedPickle):
        parse_legacy_checkpoint((tmp_path / "new.pth").read_bytes())
