"""The manifest of an export: what the folder holds, with the SHA-256 of every file, which loading checks.

``manifest.json`` has ``schema_version``, ``format``, ``modality``, ``task``, ``names`` of the answers, ``licences`` of
the weights, ``files`` (name -> ``sha256`` and ``bytes``), and ``model``: the record of the saved classifier as
``model.json`` has it, with input specs, thresholds and calibration.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from headstart_runtime.errors import ClassifierError, describe_schema_mismatch, refuse_machine_faults
from headstart_runtime.inference.model_format import ModelRecord
from headstart_runtime.modalities.spec_files import attach_files, name_files
from headstart_runtime.parsing import parse_json

SCHEMA_VERSION = 1
MANIFEST = "manifest.json"
REMEDY = "copy the whole folder again"


@dataclass(frozen=True, slots=True, eq=False)
class ExportManifest:
    """The content of ``manifest.json``, and the files that were checked against it."""

    format: str  #: "onnx", "openvino", ...
    record: ModelRecord  #: of the saved classifier, the files of its specs attached
    facts: Mapping[str, Any]  #: all of it, plain values

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the outputs: of classes, for one."""
        return self.record.space.names


def hash_files(folder: Path) -> dict[str, dict[str, Any]]:
    """Return SHA-256 and size in bytes of every file under a folder but the manifest, by its path with "/"."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / MANIFEST)
    return {
        path.relative_to(folder).as_posix(): {
            "sha256": hashlib.sha256(content := path.read_bytes()).hexdigest(),
            "bytes": len(content),
        }
        for path in files
        if "__pycache__" not in path.parts
    }


def read_manifest(folder: Path) -> ExportManifest:
    """Read the manifest of an export, and check every file that it names.

    Raises:
        ClassifierError: there is none, or of another schema, or a file is missing or not the one that was exported.
    """
    file = folder / MANIFEST
    try:
        facts = parse_json(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else f"not JSON ({error})"
        raise ClassifierError(f"{str(file)!r} cannot be read: {reason}; {REMEDY}") from None
    version = facts.get("schema_version") if isinstance(facts, dict) else None
    if not isinstance(version, int):
        raise ClassifierError(f"{str(file)!r} is no manifest of an export; {REMEDY}")
    if version != SCHEMA_VERSION:
        raise ClassifierError(describe_schema_mismatch(str(file), version, SCHEMA_VERSION))
    try:
        named = {str(name): str(one["sha256"]) for name, one in facts["files"].items()}
        record = ModelRecord.from_json(facts["model"])
        kind = str(facts["format"])
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError):
        raise ClassifierError(f"{str(file)!r} is incomplete: a field is missing or of another type; {REMEDY}") from None
    for name, sha256 in named.items():
        _check_file(folder, name, sha256)
    return ExportManifest(kind, _attach(record, folder), facts)


def _check_file(folder: Path, name: str, sha256: str) -> None:
    """Raise a ClassifierError where a file is not the one that was exported; it is read in pieces."""
    path = folder / name
    try:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        refuse_machine_faults(error, f"to read {name}")
        raise ClassifierError(f"{str(path)!r} cannot be read: {error.strerror or error}; {REMEDY}") from None
    if digest != sha256:
        raise ClassifierError(
            f"{str(path)!r} is not the file that was exported (SHA-256 {digest[:12]}…, {MANIFEST} says "
            f"{sha256[:12]}…); {REMEDY}"
        )


def _attach(record: ModelRecord, folder: Path) -> ModelRecord:
    """Return the record, with what the spec of each branch needs beside it, such as a vocabulary."""
    branches = []
    for branch, names in zip(record.branches, name_files([one.spec for one in record.branches]), strict=True):

        def read(name: str, sha256: str, names: Mapping[str, str] = names) -> bytes:
            _check_file(folder, names[name], sha256)
            return (folder / names[name]).read_bytes()

        branches.append(replace(branch, spec=attach_files(branch.spec, read)))
    return replace(record, branches=tuple(branches))


def write_manifest(folder: Path, facts: Mapping[str, Any]) -> None:
    """Write the manifest of a folder that is not published yet, with all files that are in it by now."""
    whole = {"schema_version": SCHEMA_VERSION, **facts, "files": hash_files(folder)}
    (folder / MANIFEST).write_text(json.dumps(whole, indent=2, ensure_ascii=False), "utf-8")
