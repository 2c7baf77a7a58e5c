import numpy as np
import pytest
from safetensors.numpy import save_file

from headstart.errors import ClassifierError
from headstart.heads.head import Dense, Head
from headstart.heads.saving import from_tensors, read_head, to_tensors


def _tensors():
    layers = (
        Dense(np.ones((4, 3), np.float32), np.zeros(3, np.float32)),
        Dense(np.ones((3, 2), np.float32), np.zeros(2, np.float32)),
    )
    return to_tensors(Head("mlp", layers))


def test_names_and_shapes():
    assert {name: tensor.shape for name, tensor in _tensors().items()} == {
        "0.weight": (4, 3),
        "0.bias": (3,),
        "1.weight": (3, 2),
        "1.bias": (2,),
    }


@pytest.mark.parametrize("gone", ["0.weight", "1.bias"])
def test_missing_tensor(gone):
    tensors = _tensors()
    del tensors[gone]
    with pytest.raises(ClassifierError, match="the head holds tensors"):
        from_tensors("mlp", tensors)


def test_no_tensors():
    with pytest.raises(ClassifierError, match=r"the head holds tensors \[\]"):
        from_tensors("mlp", {})


def test_shapes_that_do_not_follow():
    with pytest.raises(ClassifierError, match=r"layer 1 of the head has weight \(5, 2\)"):
        from_tensors("mlp", _tensors() | {"1.weight": np.ones((5, 2), np.float32)})


def test_files_that_are_no_heads(tmp_path):
    path = tmp_path / "head.safetensors"
    with pytest.raises(ClassifierError, match="cannot be read"):
        read_head(path)
    path.write_bytes(b"photos")
    with pytest.raises(ClassifierError, match="cannot be read"):
        read_head(path)
    save_file(_tensors(), path)
    with pytest.raises(ClassifierError, match="does not say its kind"):
        read_head(path)
