"""Answers of a saved model to held-out samples, as ``predictions.npz`` of a run has them."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from headstart.storage.run_files import make_damage_error, read_run_arrays
from headstart.storage.run_layout import PREDICTIONS
from headstart_runtime.arrays import Bools, Floats, Ints


@dataclass(frozen=True)
class HeldOutRows:
    """Facts of M held-out samples that every task has."""

    id: NDArray[np.str_]  #: (M,) sample ids
    part: NDArray[np.str_]  #: (M,) "validation" or "test"
    label: NDArray[Any]  #: (M, ...) the true targets
    group: Ints  #: (M,) a number for each group of samples that belong together
    novelty: Floats  #: (M,) 1.0 is the threshold; NaN where the model has none
    out_of_distribution: Bools  #: (M,)

    def __len__(self) -> int:
        return len(self.id)

    def subset(self, part: str) -> Self:
        """Return the rows of "validation" or "test"."""
        rows = self.part == part
        return type(self)(**{field.name: _take(getattr(self, field.name), rows) for field in fields(self)})


@dataclass(frozen=True)
class TaskAnswers(HeldOutRows):
    """Answers of any task, by the names of its outputs."""

    outputs: Mapping[str, NDArray[Any]]  #: (M, ...) each

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return an output.

        Raises:
            KeyError: the model does not make it.
        """
        return self.outputs[name]

    def __contains__(self, name: object) -> bool:
        return name in self.outputs


def read_task_answers(folder: Path) -> TaskAnswers:
    """Return the answers of a run's model.

    Raises:
        FileNotFoundError: the run has none.
        UserError: the file is damaged.
    """
    file = folder / f"{PREDICTIONS}.npz"
    common = [field.name for field in fields(HeldOutRows)]
    arrays = read_run_arrays(file)
    if missing := [name for name in common if name not in arrays]:
        raise make_damage_error(file, f"it has no {missing[0]}")
    if any(array.shape[:1] != arrays["id"].shape for array in arrays.values()):
        raise make_damage_error(file, "its arrays are not of one length")
    known = {name: arrays.pop(name) for name in common}
    return TaskAnswers(**known, outputs=arrays)


def _take(value: Any, rows: Bools) -> Any:
    if isinstance(value, Mapping):
        return {name: array[rows] for name, array in value.items()}
    return value[rows] if isinstance(value, np.ndarray) else value
