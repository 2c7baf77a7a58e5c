"""Rows of CSV as services write them, as the rows of JSON of the same services: Vertex AI's import files, Labelbox.

Vertex AI's have no header: perhaps the part, an address in its store, then labels; or one label and a box, with a row
for each box of an item.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from headstart.data.readers.file_kinds import read_beginning
from headstart_runtime.errors import DataError, refuse_machine_faults
from headstart_runtime.parsing import parse_json

_STORE = "gs://"
_VERTEX = re.compile(
    rb'(\xef\xbb\xbf)?"?(train|training|validate|validation|test|unassigned|)"?,?"?gs://', re.IGNORECASE
)
_VALIDATE = "validate"  #: as older import files call the part
_LABEL = "Label"  #: the column of Labelbox with JSON in it


def is_tool_csv(file: Path) -> bool:
    """Return whether a file is such a CSV, by its first bytes."""
    head = read_beginning(file)
    return _VERTEX.match(head) is not None or _is_labelbox(head)


def iter_tool_csv(file: Path) -> Iterator[dict[str, Any]]:
    """Yield an object for each row; of Vertex AI's one for each item.

    Raises:
        DataError: it is no whole CSV, or cannot be read.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            if not _is_labelbox(read_beginning(file)):
                yield from _join_vertex(csv.reader(stream, strict=True))
                return
            for row in csv.DictReader(stream, strict=True):
                yield {**row, _LABEL: _parse_label(row.get(_LABEL))}
    except (csv.Error, ValueError) as error:
        raise DataError(f"{str(file)!r} is no whole CSV file: {error}; export it again") from None
    except OSError as error:
        refuse_machine_faults(error, f"to read {str(file)!r}")
        raise DataError(f"{str(file)!r} cannot be read: {error.strerror or error}; check the file") from None


def _is_labelbox(head: bytes) -> bool:
    header = head.split(b"\n", 1)[0]
    return b"Labeled Data" in header and re.search(rb'(^|,)"?Label"?(,|\s*$)', header) is not None


def _parse_label(cell: Any) -> Any:
    try:
        return parse_json(cell) if isinstance(cell, str) else {}
    except ValueError:
        return {}


def _join_vertex(rows: Iterator[Sequence[str]]) -> Iterator[dict[str, Any]]:
    """Yield an item as Vertex AI's JSON has it, with the labels of all its rows."""
    items: dict[str, dict[str, Any]] = {}
    for row in rows:
        at = next((place for place, cell in enumerate(row[:2]) if cell.strip().startswith(_STORE)), None)
        if at is None:
            if any(cell.strip() for cell in row):
                items[f"\0{len(items)}"] = {"imageGcsUri": ""}
            continue
        use = row[0].strip().lower() if at else ""
        labels = [cell.strip() for cell in row[at + 1 :]]
        item = items.setdefault(row[at].strip(), {"imageGcsUri": row[at].strip()})
        item["dataItemResourceLabels"] = {
            "aiplatform.googleapis.com/ml_use": "validation" if use == _VALIDATE else use,
        }
        kind = "classificationAnnotations"
        if len(labels) > 2 and any(re.fullmatch(r"[\d.]+", label) for label in labels[1:]):
            kind, labels = "boundingBoxAnnotations", labels[:1]
        item.setdefault(kind, []).extend({"displayName": label} for label in labels if label)
    yield from items.values()
