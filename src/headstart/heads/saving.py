"""Heads as named tensors, the form in which they are saved, and back."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from headstart.heads.head import Dense, Head
from headstart_runtime.arrays import Floats
from headstart_runtime.errors import ClassifierError


def to_tensors(head: Head) -> dict[str, Floats]:
    """Return ``{"0.weight": (D, H), "0.bias": (H,), "1.weight": ...}``, layers counted from the features on."""
    tensors = {}
    for index, layer in enumerate(head.layers):
        tensors[f"{index}.weight"] = np.ascontiguousarray(layer.weight, np.float32)
        tensors[f"{index}.bias"] = np.ascontiguousarray(layer.bias, np.float32)
    return tensors


def from_tensors(kind: str, tensors: Mapping[str, Floats]) -> Head:
    """Return the head that ``to_tensors`` took apart.

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


def write_heads(heads: Sequence[Head], path: Path) -> None:
    """Write heads to one safetensors file, several each under its number, ``0/0.weight``; kinds are in the metadata."""
    from safetensors.numpy import save_file

    tensors: dict[str, Floats] = {}
    metadata: dict[str, str] = {}
    for prefix, head in zip(_prefixes(len(heads)), heads, strict=True):
        tensors |= {f"{prefix}{name}": tensor for name, tensor in to_tensors(head).items()}
        metadata[f"{prefix}kind"] = head.kind
    save_file(tensors, path, metadata=metadata)


def write_head(head: Head, path: Path) -> None:
    """Write a head to a safetensors file; its kind is in the metadata."""
    write_heads([head], path)


def read_heads(path: Path) -> tuple[Head, ...]:
    """Return the heads of a safetensors file, in order.

    Raises:
        ClassifierError: not such a file, or not heads.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  no iterator there
    except (OSError, SafetensorError) as error:
        raise ClassifierError(f"head file {str(path)!r} cannot be read: {error}; save the classifier again") from None
    prefixes = _prefixes(len([name for name in metadata if name.endswith("kind")]))
    if not prefixes or any(f"{prefix}kind" not in metadata for prefix in prefixes):
        raise ClassifierError(f"head file {str(path)!r} does not say its kind; wanted metadata with 'kind'")
    heads = []
    for prefix in prefixes:
        own = [name for name in tensors if name.startswith(prefix)]
        heads.append(
            from_tensors(metadata[f"{prefix}kind"], {name.removeprefix(prefix): tensors.pop(name) for name in own})
        )
    if tensors:
        raise ClassifierError(f"head file {str(path)!r} holds tensors of no head: {sorted(tensors)}; it is damaged")
    return tuple(heads)


def read_head(path: Path) -> Head:
    """Return the head of a safetensors file of one head.

    Raises:
        ClassifierError: not such a file, not a head, or several.
    """
    heads = read_heads(path)
    if len(heads) != 1:
        raise ClassifierError(f"head file {str(path)!r} holds {len(heads)} heads; wanted one")
    return heads[0]


def _prefixes(count: int) -> list[str]:
    """Return the prefix of the names of each head's tensors."""
    return [f"{index}/" for index in range(count)] if count > 1 else [""] * count
