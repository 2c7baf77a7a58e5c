"""A finished run's folder, read into one record: what the report, the model card and the figures are made from."""

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from headstart.data.ledger import load_ledger
from headstart.data.samples import Ledger
from headstart.data.split import Split
from headstart.errors import DataError, UserError
from headstart.evaluation.evaluation import Evaluation
from headstart.storage.run_layout import (
    COMPARISON,
    EVALUATION,
    LEDGER,
    PICTURES,
    PREDICTIONS,
    RECORD,
    SCHEMA_VERSION,
    SPLIT,
    TRUST,
)

_PREDICTIONS = f"{PREDICTIONS}.npz"


@dataclass(frozen=True)
class Predictions:
    """What the saved classifier says of the photos that were held out: M rows, C classes."""

    id: NDArray[np.str_]  #: (M,) sample ids
    part: NDArray[np.str_]  #: (M,) "validation" or "test"
    label: NDArray[np.int64]  #: (M,) the true class
    group: NDArray[np.int64]  #: (M,) a number for each group of photos that belong together
    probabilities: NDArray[np.float32]  #: (M, C) calibrated
    uncalibrated: NDArray[np.float32]  #: (M, C)
    novelty: NDArray[np.float32]  #: (M,) 1.0 is the threshold; NaN where the classifier has none
    prediction_set: NDArray[np.bool_]  #: (M, C)
    out_of_distribution: NDArray[np.bool_]  #: (M,)

    def __len__(self) -> int:
        return len(self.id)

    def subset(self, part: str) -> Self:
        """The rows of one part."""
        rows = self.part == part
        return type(self)(**{it.name: getattr(self, it.name)[rows] for it in fields(self)})

    @property
    def predicted(self) -> NDArray[np.int64]:
        """(M,) the most probable class, the first of equals."""
        return np.asarray(self.probabilities.argmax(axis=1))

    @property
    def right(self) -> NDArray[np.bool_]:
        """(M,)."""
        return np.asarray(self.predicted == self.label)

    @property
    def confidence(self) -> NDArray[np.float32]:
        """(M,) the calibrated probability of the predicted class."""
        return np.asarray(self.probabilities.max(axis=1))


class StoredPictures(Mapping[str, bytes]):
    """Encoded pictures by key, each unpacked when it is asked for: an id, "heat/" and an id, or "sheet"."""

    def __init__(self, content: bytes) -> None:
        """Takes the bytes of an ``.npz`` file, so that no file stays open."""
        self._arrays: Mapping[str, NDArray[np.uint8]] = np.load(io.BytesIO(content), allow_pickle=False)

    def __getitem__(self, key: str) -> bytes:
        return self._arrays[key].tobytes()

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __contains__(self, key: object) -> bool:
        return key in self._arrays


@dataclass(frozen=True)
class Records:
    """A run as its files tell it."""

    folder: Path
    run: Mapping[str, Any]  #: run.json
    validation: Evaluation  #: of the winning arm, fitted on train
    test: Evaluation  #: of the saved classifier
    comparison: Mapping[str, Any]  #: comparison.json
    trust: Mapping[str, Any]  #: trust.json
    predictions: Predictions
    split: Split
    ledger: Ledger

    @property
    def classes(self) -> tuple[str, ...]:
        """The names to predict, in order."""
        return self.test.classes

    @property
    def sets_on_test(self) -> Mapping[str, Any] | None:
        """How the prediction sets did on test; None where the run made none."""
        sets = self.trust["sets"]
        return sets["test"] if sets else None

    @cached_property
    def pictures(self) -> Mapping[str, bytes]:
        """JPEG files by key; empty where the run kept none."""
        try:
            return StoredPictures((self.folder / PICTURES).read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, EOFError, BadZipFile) as error:
            raise _damaged_error(self.folder, PICTURES, error) from None

    def name(self, id_: str) -> str:
        """A photo's name for people; its id where the run does not say."""
        return str(self.trust["names"].get(id_, id_))


def total_seconds(record: Mapping[str, Any]) -> float:
    """Seconds that a run took, from its record: the one number that is shown of it, without the report's own time.

    By the clock, from its beginning to its last result; of an older run the sum of its stages.
    """
    told = record.get("took")
    if told is not None:
        return float(told)
    return float(sum(value for name, value in record["seconds"].items() if name != "report"))


def read_records(folder: str | Path) -> Records:
    """Reads the folder of a finished run.

    Raises:
        UserError: it is none, a file of it is missing or damaged, or it was made without what the report needs.
    """
    folder = Path(folder).expanduser()
    if not (folder / RECORD).is_file():
        state = "it has no finished run in it" if folder.exists() else "there is no such folder"
        raise UserError(f"{str(folder)!r} is not a run: {state}; give the folder that headstart fit wrote")
    run, evaluation = _read_json(folder, RECORD), _read_json(folder, EVALUATION)
    try:
        parts = {part: Evaluation.from_json(evaluation["parts"][part]) for part in ("validation", "test")}
    except (KeyError, TypeError, DataError) as error:
        raise _damaged_error(folder, EVALUATION, error) from None
    return Records(
        folder=folder,
        run=run,
        **parts,
        comparison=_read_json(folder, COMPARISON),
        trust=_read_json(folder, TRUST),
        predictions=_read_predictions(folder, len(parts["test"].classes)),
        split=Split.load(folder / SPLIT),
        ledger=load_ledger(folder / LEDGER),
    )


def _read_json(folder: Path, name: str) -> dict[str, Any]:
    try:
        value = json.loads((folder / name).read_text("utf-8"))
    except FileNotFoundError:
        raise _missing_error(folder, name) from None
    except (OSError, ValueError) as error:
        raise _damaged_error(folder, name, error) from None
    if not isinstance(value, dict):
        raise _damaged_error(folder, name, f"a JSON object was wanted, seen {type(value).__name__}")
    if (version := value.get("schema_version")) not in range(1, SCHEMA_VERSION + 1):
        raise UserError(
            f"{str(folder / name)!r} has schema version {version}, this headstart reads 1 to {SCHEMA_VERSION}; open "
            "the run with the headstart that wrote it"
        )
    return value


def _read_predictions(folder: Path, classes: int) -> Predictions:
    try:
        content = io.BytesIO((folder / _PREDICTIONS).read_bytes())  # a damaged file would be left open
        with np.load(content, allow_pickle=False) as arrays:
            columns = dict(arrays)
            columns.setdefault("group", np.arange(len(columns["id"])))  # of before they were kept
            found = Predictions(**{it.name: columns[it.name] for it in fields(Predictions)})
    except FileNotFoundError:
        raise _missing_error(folder, _PREDICTIONS) from None
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise _damaged_error(folder, _PREDICTIONS, error) from None
    wide = ("probabilities", "uncalibrated", "prediction_set")
    wanted = {it.name: (len(found), classes) if it.name in wide else (len(found),) for it in fields(Predictions)}
    for name, shape in wanted.items():
        if (seen := getattr(found, name).shape) != shape:
            raise _damaged_error(folder, _PREDICTIONS, f"{name} has shape {seen}, wanted {shape}")
    return found


def _missing_error(folder: Path, name: str) -> UserError:
    return UserError(
        f"{str(folder)!r} has no {name}, which the report is made from: an earlier headstart made the run, or it was "
        "made with the report off; fit again with report on (features that are stored are not computed again)"
    )


def _damaged_error(folder: Path, name: str, why: object) -> UserError:
    return UserError(f"{str(folder / name)!r} cannot be read: {why}; restore the file or fit again")
