"""The layout of ``model/``, a saved classifier: a small folder that a person can read and that is safe to open.

* ``model.json``: schema version, classes, pixel contract, backbone and licence, layer, head, parity, scores.
* ``head.safetensors``: the head's dense layers, ``0.weight`` (D, H), ``0.bias`` (H,), ``1.weight``, ...
* ``model.onnx``: ``image`` uint8 (H, W, 3) RGB, upright -> ``probabilities`` float32 (C,). Crop, resize and scale are
  inside; so are the tensors ``pixels`` (N, S, S, 3) uint8 and ``features`` (N, D) float32, to enter and leave it by.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, Self

from headstart.errors import ClassifierError
from headstart.pixels.contract import PixelContract

SCHEMA_VERSION = 1
RECORD = "model.json"
HEAD = "head.safetensors"
GRAPH = "model.onnx"

#: Names of tensors in the graph.
IMAGE, PIXELS, FEATURES, PROBABILITIES = "image", "pixels", "features", "probabilities"


@dataclass(frozen=True, slots=True)
class BackboneFacts:
    """Where the frozen part came from."""

    name: str
    architecture: str
    weights: str
    weights_sha256: str
    licence: str


@dataclass(frozen=True, slots=True)
class Parity:
    """How the saved graph in ONNX Runtime answers beside the path the head was fitted on, on real photos."""

    photos: int
    mean_difference: float  #: of probabilities, absolute, over photos and classes
    largest_difference: float  #: of probabilities, absolute
    same_answers: float  #: share of photos with the same most likely class


@dataclass(frozen=True, slots=True)
class Record:
    """What ``model.json`` says."""

    classes: tuple[str, ...]
    contract: PixelContract
    backbone: BackboneFacts
    layer: str
    head: str
    engine: Literal["openvino", "pytorch"]  #: what ran the backbone when the head was fitted
    precision: Literal["bf16", "f32"]  #: of that forward pass
    graph_sha256: str  #: of model.onnx
    head_sha256: str  #: of head.safetensors
    parity: Parity
    headstart: str  #: the version that saved it
    scores: dict[str, Any] = field(default_factory=dict)  #: part -> evaluation, see evaluation.json

    def to_json(self) -> dict[str, Any]:
        """A dict of plain values."""
        return {"schema_version": SCHEMA_VERSION, **asdict(self), "contract": self.contract.to_json()}

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Self:
        """The inverse of ``to_json``."""
        fields = {key: value for key, value in record.items() if key != "schema_version"}
        fields["classes"] = tuple(record["classes"])
        fields["contract"] = PixelContract.from_json(record["contract"])
        fields["backbone"] = BackboneFacts(**record["backbone"])
        fields["parity"] = Parity(**record["parity"])
        return cls(**fields)


def sha256(file: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal, read in pieces."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def find(folder: Path) -> Path:
    """The model folder meant by a path: itself, or the ``model`` inside a run.

    Raises:
        ClassifierError: there is none.
    """
    for candidate in (folder, folder / "model"):
        if (candidate / RECORD).is_file():
            return candidate
    seen = "no such folder" if not folder.exists() else f"no {RECORD} in it"
    raise ClassifierError(
        f"{str(folder)!r} is not a saved classifier: {seen}; give a run's folder or its model/, such as runs/x/model"
    )


def read(folder: Path) -> Record:
    """Reads and checks ``model.json``.

    Raises:
        ClassifierError: not readable, of a newer schema, or incomplete.
    """
    file = folder / RECORD
    try:
        record = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else f"not JSON ({error})"
        raise ClassifierError(f"{str(file)!r} cannot be read: {reason}; copy the whole model folder again") from None
    version = record.get("schema_version") if isinstance(record, dict) else None
    if version is None:
        raise ClassifierError(f"{str(file)!r} is no record of a classifier; copy the whole model folder again")
    if version != SCHEMA_VERSION:
        raise ClassifierError(
            f"{str(file)!r} has schema version {version}, this headstart reads {SCHEMA_VERSION}; "
            "install the headstart that saved it or a newer one"
        )
    known = {field.name for field in fields(Record)}
    odd = sorted((known - {"scores"} - record.keys()) | (record.keys() - known - {"schema_version"}))
    if odd:
        raise _incomplete(file, f"missing or unknown: {', '.join(odd)}")
    try:
        return Record.from_json(record)
    except (KeyError, TypeError, ValueError):
        raise _incomplete(file, "a field is of another type") from None


def _incomplete(file: Path, what: str) -> ClassifierError:
    return ClassifierError(f"{str(file)!r} is incomplete: {what}; copy the whole model folder again")
