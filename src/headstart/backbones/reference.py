"""Reference rows of a network: drawn inputs and the features that something else gave for them, kept beside the graph.

A graph that was built without PyTorch is held to them on each machine.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from headstart.storage.atomic import replace_bytes
from headstart_runtime.arrays import Floats
from headstart_runtime.modalities.batch import Batch

REFERENCE = "reference.safetensors"
_INPUTS, _ROWS = "input/", "rows/"  #: what the names of tensors begin with
_SOURCE = "source"  #: the key of what gave the rows
FROM_PYTORCH = "pytorch f32"


@dataclass(frozen=True, slots=True)
class ReferenceRows:
    """Inputs of a network and its features of them."""

    batch: Batch  #: the tensors of its spec, (N, ...)
    rows: dict[str, Floats]  #: layer -> float32 (N, width)
    source: str = FROM_PYTORCH  #: what gave the rows, with its arithmetic


def write_reference(folder: Path, reference: ReferenceRows) -> None:
    """Write the rows into a converted network's folder."""
    from safetensors.numpy import save

    tensors = {_INPUTS + name: tensor for name, tensor in reference.batch.items()}
    tensors |= {_ROWS + name: rows for name, rows in reference.rows.items()}
    contiguous = {name: np.ascontiguousarray(values) for name, values in tensors.items()}
    replace_bytes(folder / REFERENCE, save(contiguous, {_SOURCE: reference.source}))


def read_reference(folder: Path) -> ReferenceRows:
    """Return the rows in a converted network's folder.

    Raises:
        OSError: none are there.
        ValueError: something else is in the file.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    content = (folder / REFERENCE).read_bytes()
    try:
        tensors = load(content)
    except SafetensorError as error:
        raise ValueError(str(error)) from None
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    source = header.get("__metadata__", {}).get(_SOURCE, FROM_PYTORCH)
    batch = {name.removeprefix(_INPUTS): values for name, values in tensors.items() if name.startswith(_INPUTS)}
    rows = {name.removeprefix(_ROWS): values for name, values in tensors.items() if name.startswith(_ROWS)}
    return ReferenceRows(batch, rows, source)
