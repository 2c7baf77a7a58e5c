"""The ledger as a file: JSON lines, so that a person can read it and ``grep`` it. The first line is the header."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from headstart.data.samples import FileStatus, Ledger, LedgerEntry
from headstart.storage.atomic import replace_text
from headstart_runtime.errors import DataError, describe_schema_mismatch
from headstart_runtime.parsing import parse_json

LEDGER_SCHEMA = 2


def save_ledger(ledger: Ledger, path: Path) -> None:
    """Write a header and a line for each entry; empty fields are left out."""
    header = {
        "schema_version": LEDGER_SCHEMA,
        "modality": ledger.modality,
        "ignored": ledger.ignored,
        "notes": list(ledger.notes),
    }
    header |= {"in_rows": True} if ledger.in_rows else {}
    names = [each.name for each in fields(LedgerEntry)]  # of ``asdict`` the copies would take most of the time
    lines = [header, *({name: value for name in names if (value := getattr(entry, name))} for entry in ledger.entries)]
    replace_text(path, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))


def load_ledger(path: Path) -> Ledger:
    """Read what ``save_ledger`` wrote.

    Raises:
        DataError: no file there, no ledger in it, or one of another schema.
    """
    try:
        header, *lines = [parse_json(line) for line in path.read_text("utf-8").split("\n") if line]
        if header["schema_version"] != LEDGER_SCHEMA:
            raise DataError(describe_schema_mismatch(str(path), header["schema_version"], LEDGER_SCHEMA))
        entries, in_rows = tuple(_parse_entry(line) for line in lines), bool(header.get("in_rows"))
        return Ledger(entries, header["ignored"], tuple(header["notes"]), in_rows, header["modality"])
    except OSError as error:
        raise DataError(f"ledger {str(path)!r} cannot be read: {error.strerror}; check the path") from None
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{str(path)!r} is not a ledger: {type(error).__name__} {error}; make the run again") from None


def _parse_entry(line: dict[str, Any]) -> LedgerEntry:
    if not isinstance(line, dict):
        raise TypeError(f"a line is {type(line).__name__}")
    for key, value in line.items():
        if not isinstance(value, dict if key == "properties" else str):
            raise TypeError(f"{key} is {type(value).__name__}")
    return LedgerEntry(**{**line, "status": FileStatus(line["status"])})
