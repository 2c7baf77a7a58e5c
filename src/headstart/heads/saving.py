"""A head as named tensors, the form it is saved in, and back."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from headstart.errors import ClassifierError
from headstart.heads.head import Dense, Float, Head


def to_tensors(head: Head) -> dict[str, Float]:
    """``{"0.weight": (D, H), "0.bias": (H,), "1.weight": ...}``, layers counted from the features on."""
    tensors = {}
    for index, layer in enumerate(head.layers):
        tensors[f"{index}.weight"] = np.ascontiguousarray(layer.weight, np.float32)
        tensors[f"{index}.bias"] = np.ascontiguousarray(layer.bias, np.float32)
    return tensors


def from_tensors(kind: str, tensors: Mapping[str, Float]) -> Head:
    """The head that ``to_tensors`` took apart.

    Raises:
        ClassifierError: names or shapes that are no chain of dense layers.
    """
    count = len(tensors) // 2
    wanted = {f"{index}.{part}" for index in range(count) for part in ("weight", "bias")}
    if not tensors or set(tensors) != wanted:
        raise ClassifierError(f"the head holds tensors {sorted(tensors)}; wanted {sorted(wanted) or ['0.weight']}")
    layers = tuple(
        Dense(np.asarray(tensors[f"{index}.weight"], np.float32), np.asarray(tensors[f"{index}.bias"], np.float32))
        for index in range(count)
    )
    size = layers[0].weight.shape[0]
    for index, layer in enumerate(layers):
        if layer.weight.shape != (size, layer.bias.size) or layer.bias.ndim != 1:
            raise ClassifierError(
                f"layer {index} of the head has weight {layer.weight.shape} and bias {layer.bias.shape}; "
                f"wanted ({size}, outputs) and (outputs,); the file is damaged or of another program"
            )
        size = layer.bias.size
    return Head(kind, layers)


def write_head(head: Head, path: Path) -> None:
    """As a safetensors file; its kind is in the metadata."""
    from safetensors.numpy import save_file

    save_file(to_tensors(head), path, metadata={"kind": head.kind})


def read_head(path: Path) -> Head:
    """From a safetensors file.

    Raises:
        ClassifierError: not such a file, or not a head.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  no iterator there
    except (OSError, SafetensorError) as error:
        raise ClassifierError(f"head file {str(path)!r} cannot be read: {error}; save the classifier again") from None
    if "kind" not in metadata:
        raise ClassifierError(f"head file {str(path)!r} does not say its kind; wanted metadata with 'kind'")
    return from_tensors(metadata["kind"], tensors)
