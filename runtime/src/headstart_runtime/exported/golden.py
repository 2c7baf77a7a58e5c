"""Golden items: a few items in an export, and the answers that the saved classifier gave to them."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from headstart_runtime.errors import DataError
from headstart_runtime.exported.host import ExportRunner
from headstart_runtime.parsing import parse_json

GOLDEN = "golden"  #: folder in an export
ANSWERS = "answers.json"  #: in it: a list of ``file``, ``outputs`` and ``error``
CLOSE = 0.05  #: most difference of a number in a golden answer, over the largest of its output or 1


def describe_outputs(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item's outputs as plain values, numbers with six significant digits."""
    return {name: _to_plain(np.asarray(value)) for name, value in outputs.items()}


def _to_plain(value: np.ndarray[Any, Any]) -> Any:
    if value.dtype.kind != "f":
        return value.tolist()
    return json.loads(json.dumps(value.tolist()), parse_float=lambda text: float(f"{float(text):.6g}"))


def list_golden(folder: Path) -> list[Mapping[str, Any]]:
    """Return the golden answers of an export's folder."""
    found: list[Mapping[str, Any]] = parse_json((folder / GOLDEN / ANSWERS).read_text("utf-8"))
    return found


def check_golden(runner: ExportRunner, folder: Path) -> list[str]:
    """Return for each golden item that is answered otherwise than by the saved classifier what differs, in a line."""
    return list(_find_differences(runner, folder))


def _find_differences(runner: ExportRunner, folder: Path) -> Iterable[str]:
    for golden in list_golden(folder):
        name = golden["file"]
        try:
            found = runner.answer((folder / GOLDEN / name).read_bytes()).outputs
        except DataError as error:
            if golden.get("error") is None:
                yield f"{name}: {error}"
            continue
        if golden.get("error") is not None:
            yield f"{name}: is answered, and the saved classifier refused it: {golden['error']}"
            continue
        for output, wanted in golden["outputs"].items():
            one, other = np.asarray(found[output], np.float64), np.asarray(wanted, np.float64)
            if one.shape != other.shape or np.abs(one - other).max() > CLOSE * max(1.0, float(np.abs(other).max())):
                yield f"{name}: {output} differs"
                break
