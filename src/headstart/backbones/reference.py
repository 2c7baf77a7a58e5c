"""Reference rows of a network: drawn inputs and the features that PyTorch gave for them, kept beside the graph.

A graph that was built without PyTorch is held to them on each machine.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from headstart.arrays import Floats
from headstart.modalities.batch import Batch
from headstart.storage.atomic import replace_bytes

REFERENCE = "reference.safetensors"
_INPUTS, _ROWS = "input/", "rows/"  #: what the names of tensors begin with


@dataclass(frozen=True, slots=True)
class ReferenceRows:
    """Inputs of a network and its features of them."""

    batch: Batch  #: the tensors of its spec, (N, ...)
    rows: dict[str, Floats]  #: layer -> float32 (N, width)


def write_reference(folder: Path, reference: ReferenceRows) -> None:
    """Write the rows into a converted network's folder."""
    from safetensors.numpy import save

    tensors = {_INPUTS + name: tensor for name, tensor in reference.batch.items()}
    tensors |= {_ROWS + name: rows for name, rows in reference.rows.items()}
    replace_bytes(folder / REFERENCE, save({name: np.ascontiguousarray(values) for name, values in tensors.items()}))


def read_reference(folder: Path) -> ReferenceRows:
    """Return the rows in a converted network's folder.

    Raises:
        OSError: none are there.
        ValueError: something else is in the file.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        tensors = load((folder / REFERENCE).read_bytes())
    except SafetensorError as error:
        raise ValueError(str(error)) from None
    batch = {name.removeprefix(_INPUTS): values for name, values in tensors.items() if name.startswith(_INPUTS)}
    return ReferenceRows(
        batch, {name.removeprefix(_ROWS): values for name, values in tensors.items() if name.startswith(_ROWS)}
    )
