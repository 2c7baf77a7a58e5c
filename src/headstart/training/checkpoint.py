"""A training's state on disk: tensors in one safetensors file, the curves in its header; written whole or not."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from torch import Tensor

from headstart.storage.atomic import replace_bytes
from headstart.training.curves import Epoch

SCHEMA_VERSION = 2
_KINDS = ("network", "best", "average", "moments", "lowest")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state that a training goes on from."""

    epochs: tuple[Epoch, ...]
    best_epoch: int
    network: dict[str, Tensor]
    best: dict[str, Tensor]
    average: dict[str, Tensor]
    moments: dict[str, Tensor]  #: of the optimiser
    lowest: dict[str, Tensor]  #: "losses" of the validation samples after the epoch with the lowest mean


def write_checkpoint(path: Path, state: Checkpoint) -> None:
    """Replace the checkpoint."""
    from safetensors.torch import save

    tensors = {
        f"{kind}/{name}": value.detach().cpu().contiguous().clone()
        for kind in _KINDS
        for name, value in getattr(state, kind).items()
    }
    header = {
        "schema_version": SCHEMA_VERSION,
        "best_epoch": state.best_epoch,
        "epochs": [asdict(epoch) for epoch in state.epochs],
    }
    replace_bytes(path, save(tensors, metadata={"training": json.dumps(header)}))


def read_checkpoint(path: Path) -> Checkpoint | None:
    """Return the checkpoint of an unfinished training; None where there is none, or none that can be used."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {})["training"])
            if header["schema_version"] != SCHEMA_VERSION:
                return None
            found: dict[str, dict[str, Tensor]] = {kind: {} for kind in _KINDS}
            for key in file.keys():  # noqa: SIM118  no iterator there
                kind, _, name = key.partition("/")
                found[kind][name] = file.get_tensor(key)
            epochs = tuple(Epoch(**epoch) for epoch in header["epochs"])
            return Checkpoint(epochs, header["best_epoch"], **found)
    except (OSError, SafetensorError, KeyError, ValueError, TypeError):
        return None


def count_epochs(path: Path) -> int:
    """Return how many epochs a checkpoint has, its start not counted; 0 where it cannot be read."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {})["training"])
            return len(header["epochs"]) - 1 if header["schema_version"] == SCHEMA_VERSION else 0
    except (OSError, SafetensorError, KeyError, ValueError, TypeError):
        return 0
