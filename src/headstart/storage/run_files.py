"""The files of a run's folder, read again: JSON objects and arrays; what is wrong with one is an error for users."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from headstart.storage.run_layout import SCHEMA_VERSION
from headstart_runtime.errors import UserError, describe_schema_mismatch, refuse_machine_faults
from headstart_runtime.parsing import ParsedArrays, parse_json


def read_run_json(file: Path) -> dict[str, Any]:
    """Return what a JSON file of a run says.

    Raises:
        FileNotFoundError: there is none.
        UserError: it is damaged, or of another schema.
    """
    try:
        value = parse_json(file.read_text("utf-8"))
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise make_damage_error(file, error) from None
    if not isinstance(value, dict):
        raise make_damage_error(file, f"a JSON object was wanted, seen {type(value).__name__}")
    if (version := value.get("schema_version")) != SCHEMA_VERSION:
        raise UserError(describe_schema_mismatch(str(file), version, SCHEMA_VERSION))
    return value


def read_run_arrays(file: Path, names: Sequence[str] | None = None) -> dict[str, NDArray[Any]]:
    """Return some arrays of an ``.npz`` of a run, or all.

    Raises:
        FileNotFoundError: there is none.
        UserError: it is damaged, or lacks one of them.
    """
    try:
        arrays = ParsedArrays(file.read_bytes())
        return {name: arrays.read(name) for name in (arrays.names if names is None else names)}
    except FileNotFoundError:
        raise
    except (OSError, ValueError, MemoryError) as error:
        refuse_machine_faults(error, f"to read {file.name}")
        raise make_damage_error(file, error) from None


def make_damage_error(file: Path, why: object) -> UserError:
    """Return the error of a file of a run that cannot be read."""
    return UserError(f"{str(file)!r} cannot be read: {why}; restore the file or fit again")
