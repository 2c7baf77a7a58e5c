import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from headstart.heads.head import Dense, Head
from headstart.heads.saving import from_tensors, read_head, read_heads, to_tensors, write_heads
from headstart_runtime.errors import ClassifierError


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


def _several():
    one = Head("logistic", (Dense(np.ones((4, 3), np.float32), np.zeros(3, np.float32)),))
    two = Head("mlp", (*one.layers, Dense(np.full((3, 3), 2, np.float32), np.ones(3, np.float32))))
    return [one, two]


def test_several_heads_in_a_file(tmp_path):
    path = tmp_path / "head.safetensors"
    write_heads(_several(), path)
    with safe_open(path, framework="numpy") as file:
        assert sorted(file.keys()) == ["0/0.bias", "0/0.weight", "1/0.bias", "1/0.weight", "1/1.bias", "1/1.weight"]
        assert file.metadata() == {"0/kind": "logistic", "1/kind": "mlp"}
    back = read_heads(path)
    assert [head.kind for head in back] == ["logistic", "mlp"]
    features = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    for head, written in zip(back, _several(), strict=True):
        np.testing.assert_array_equal(head.logits(features), written.logits(features))
    with pytest.raises(ClassifierError, match="holds 2 heads; wanted one"):
        read_head(path)


def test_a_single_head_keeps_the_plain_names(tmp_path):
    path = tmp_path / "head.safetensors"
    write_heads(_several()[:1], path)
    with safe_open(path, framework="numpy") as file:
        assert sorted(file.keys()) == ["0.bias", "0.weight"]
        assert file.metadata() == {"kind": "logistic"}
    assert read_head(path).kind == "logistic"


@pytest.mark.parametrize(
    ("metadata", "more", "message"),
    [
        ({"0/kind": "mlp", "2/kind": "mlp"}, {}, "does not say its kind"),
        ({"kind": "mlp", "1/kind": "mlp"}, {}, "does not say its kind"),
        ({"0/kind": "mlp", "1/kind": "mlp"}, {}, r"the head holds tensors \[\]"),
        ({"0/kind": "mlp", "1/kind": "mlp"}, {"1/0.weight": (3, 2), "1/0.bias": (2,), "odd": (1,)}, "of no head"),
    ],
)
def test_several_heads_that_do_not_fit(tmp_path, metadata, more, message):
    tensors = {f"0/{name}": tensor for name, tensor in _tensors().items()}
    tensors |= {name: np.zeros(shape, np.float32) for name, shape in more.items()}
    save_file(tensors, tmp_path / "head", metadata=metadata)
    with pytest.raises(ClassifierError, match=message):
        read_heads(tmp_path / "head")
