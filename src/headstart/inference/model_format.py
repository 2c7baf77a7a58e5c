"""The layout of ``model/``, a saved classifier: a small folder that a person can read and that is safe to open.

* ``model.json``: schema version, classes, branches (backbone, licence, image spec, layers), answers, calibration,
  prediction sets, novelty, parity, scores.
* ``head.safetensors``: the head's dense layers, ``0.weight`` (D, H), ``0.bias`` (H,), ``1.weight``, ...; of several
  answers each under its number: ``0/0.weight``, ..., ``1/0.weight``, ...
* ``novelty.safetensors``: the arrays by which unfamiliar photos are told; not there where nothing is declined.
* ``model.onnx``: ``image`` uint8 (H, W, 3) RGB, upright -> ``probabilities`` float32 (C,), calibrated; ``uncalibrated``
  float32 (C,); ``prediction_set`` bool (C,); ``novelty`` float32 (); ``declined`` bool (). The last three are there
  where the classifier has them. Crop, resize and scale are inside; so are the tensors ``pixels`` (N, S, S, 3) uint8 and
  ``features`` (N, D) float32 of the first branch, to enter and leave it by, and those of the others, ``pixels.1``,
  ``features.1``, ... (see ``pixels_name`` and ``features_name``).
"""

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, Self

from headstart.errors import ClassifierError
from headstart.inference.calibration import NONE, Calibration
from headstart.inference.conformal import ConformalPredictor
from headstart.inference.engine_agreement import EngineAgreement as EngineAgreement
from headstart.modalities.image.spec import ImageSpec

SCHEMA_VERSION = 4
RECORD = "model.json"
HEAD = "head.safetensors"
GRAPH = "model.onnx"
NOVELTY_ARRAYS = "novelty.safetensors"

#: Names of tensors in the graph.
IMAGE, PIXELS, FEATURES, PROBABILITIES = "image", "pixels", "features", "probabilities"
UNCALIBRATED, PREDICTION_SET, NOVELTY = "uncalibrated", "prediction_set", "novelty"
OUT_OF_DISTRIBUTION = "out_of_distribution"

Combine = Literal["mean", "vote"]


@dataclass(frozen=True, slots=True)
class BackboneFacts:
    """Where the frozen part came from."""

    name: str
    architecture: str
    weights: str
    weights_sha256: str
    licence: str


@dataclass(frozen=True, slots=True)
class ExportParity:
    """How the saved graph in ONNX Runtime answers beside the path the head was fitted on, on real photos."""

    photos: int
    mean_difference: float  #: of calibrated probabilities, absolute, over photos and classes
    largest_difference: float  #: of calibrated probabilities, absolute
    same_answers: float  #: share of photos with the same most likely class
    novelty_difference: float | None = None  #: of novelty, absolute, mean over photos; None where there is none


@dataclass(frozen=True, slots=True)
class BranchFacts:
    """One network's forward pass over one view of the photo."""

    backbone: BackboneFacts
    spec: ImageSpec
    layers: tuple[str, ...]  #: their pooled outputs, joined in this order, are the branch's features
    flipped: bool  #: sees the photo mirrored left to right, after crop and resize
    engine: Literal["openvino", "pytorch"]  #: what ran the backbone when the head was fitted
    precision: Literal["bf16", "f32"]  #: of that forward pass
    network: int  #: the first branch with the same weights, spec, engine and precision; perhaps this one

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Self:
        """The inverse of ``dataclasses.asdict``."""
        return cls(
            **{
                **record,
                "backbone": BackboneFacts(**record["backbone"]),
                "spec": ImageSpec.from_json(record["spec"]),
                "layers": tuple(record["layers"]),
            }
        )


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """A head and what it reads."""

    branches: tuple[int, ...]  #: their features, joined in this order, are what the head reads
    head: str  #: its kind
    weight: float  #: share in a mean; a vote counts all answers the same

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Self:
        """The inverse of ``dataclasses.asdict``."""
        return cls(**{**record, "branches": tuple(record["branches"])})


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """What ``model.json`` says."""

    classes: tuple[str, ...]
    branches: tuple[BranchFacts, ...]
    members: tuple[MemberFacts, ...]
    combine: Combine  #: how several answers become one: see ``runtime.answers.combined``
    graph_sha256: str  #: of model.onnx
    head_sha256: str  #: of head.safetensors
    parity: ExportParity
    headstart: str  #: the version that saved it
    calibration: Calibration = NONE
    conformal: ConformalPredictor | None = None  #: how prediction sets are made
    novelty: dict[str, Any] | None = None  #: how unfamiliar photos are told, as ``Novelty.to_json`` says it
    novelty_sha256: str | None = None  #: of novelty.safetensors
    scores: dict[str, Any] = field(default_factory=dict)  #: part -> evaluation, see evaluation.json
    engines: EngineAgreement | None = None  #: how each engine answers test photos; None: not judged, or of before

    @property
    def spec(self) -> ImageSpec:
        """What a photo is decoded for where one decoding serves all branches."""
        return largest_spec(branch.spec for branch in self.branches)

    @property
    def layer(self) -> str:
        """For a person: the first branch's layer, or its layers."""
        return " + ".join(self.branches[0].layers)

    @property
    def head(self) -> str:
        """For a person: the kind of the head, or of the heads."""
        return " + ".join(answer.head for answer in self.members)

    def to_json(self) -> dict[str, Any]:
        """A dict of plain values."""
        return {"schema_version": SCHEMA_VERSION, **asdict(self)}

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Self:
        """The inverse of ``to_json``.

        Raises:
            KeyError, TypeError, ValueError: it is not what ``to_json`` gives.
        """
        values = {key: value for key, value in record.items() if key != "schema_version"}
        values["classes"] = tuple(record["classes"])
        values["branches"] = tuple(BranchFacts.from_json(branch) for branch in record["branches"])
        values["members"] = tuple(MemberFacts.from_json(answer) for answer in record["members"])
        values["parity"] = ExportParity(**record["parity"])
        values["calibration"] = Calibration.from_json(record["calibration"])
        values["conformal"] = None if record["conformal"] is None else ConformalPredictor.from_json(record["conformal"])
        values["engines"] = None if record["engines"] is None else EngineAgreement.from_json(record["engines"])
        made = cls(**values)
        made._check()
        return made

    def _check(self) -> None:
        """Raises a ValueError where fields do not fit together."""
        named = [index for answer in self.members for index in answer.branches]
        named += [branch.network for branch in self.branches]
        named += self.novelty["branches"] if self.novelty else []
        if not self.members or any(index not in range(len(self.branches)) for index in named):
            raise ValueError("branches are named that are not there")
        if self.calibration.classes not in (None, len(self.classes)):
            raise ValueError("the calibration is of another number of classes")
        if (self.novelty is None) != (self.novelty_sha256 is None):
            raise ValueError("novelty and the digest of its arrays belong together")


def largest_spec(specs: Iterable[ImageSpec]) -> ImageSpec:
    """The spec that lets a JPEG shrink least while decoding: what is decoded for it suits the others too."""
    return max(specs, key=lambda spec: spec.size / spec.crop_permille)


def pixels_name(branch: int) -> str:
    """Return the name of the tensor that a branch reads; branches of one network and view share the first one's."""
    return f"{PIXELS}.{branch}" if branch else PIXELS


def features_name(branch: int) -> str:
    """The graph's tensor that holds a branch's features."""
    return f"{FEATURES}.{branch}" if branch else FEATURES


def hash_file(file: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal, read in pieces."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def find_model(folder: Path) -> Path:
    """The model folder meant by a path: itself, or the ``model`` inside a run.

    Raises:
        ClassifierError: there is none.
    """
    for candidate in (folder, folder / "model"):
        if os.path.isfile(candidate / RECORD):  # noqa: PTH113 (Path.is_file raises for names that are too long)
            return candidate
    seen = f"no {RECORD} in it" if os.path.exists(folder) else "no such folder"  # noqa: PTH110
    raise ClassifierError(
        f"{str(folder)!r} is not a saved classifier: {seen}; give a run's folder or its model/, such as runs/x/model"
    )


def read_model(folder: Path) -> ModelRecord:
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
    if version not in range(1, SCHEMA_VERSION + 1):
        raise ClassifierError(
            f"{str(file)!r} has schema version {version}, this headstart reads 1 to {SCHEMA_VERSION}; "
            "install the headstart that saved it or a newer one"
        )
    known = {field.name for field in fields(ModelRecord)}
    if version < 4:
        known -= _SINCE_VERSION_4.keys()
    if version < 3:
        known -= _SINCE_VERSION_3.keys()
    if version == 1:
        known = known - {"branches", "members", "combine"} | {*_BRANCH_OF_VERSION_1, "layer", "head"}
    odd = sorted((known - {"scores", "engines"} - record.keys()) | (record.keys() - known - {"schema_version"}))
    if odd:
        raise _incomplete(file, f"missing or unknown: {', '.join(odd)}")
    try:
        record = _from_version_1(record) if version == 1 else record
        older = _SINCE_VERSION_3 if version < 3 else {}
        return ModelRecord.from_json({**_SINCE_VERSION_4, **record, **older})
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _incomplete(file, "a field is of another type") from None


#: What versions 1 to 3 did not have; it says nothing of how a classifier answers.
_SINCE_VERSION_4: dict[str, Any] = {"engines": None}

#: What versions 1 and 2 did not have.
_SINCE_VERSION_3 = {"calibration": asdict(NONE), "conformal": None, "novelty": None, "novelty_sha256": None}

#: What version 1, which knew one branch and one answer, said of the branch outside ``layer``.
_BRANCH_OF_VERSION_1 = ("backbone", "spec", "engine", "precision")


def _from_version_1(record: dict[str, Any]) -> dict[str, Any]:
    """A record of version 1 as one of version 2."""
    branch = {name: record[name] for name in _BRANCH_OF_VERSION_1}
    kept = {key: value for key, value in record.items() if key not in {*_BRANCH_OF_VERSION_1, "layer", "head"}}
    return {
        **kept,
        "branches": [{**branch, "layers": [record["layer"]], "flipped": False, "network": 0}],
        "members": [{"branches": [0], "head": record["head"], "weight": 1.0}],
        "combine": "mean",
    }


def _incomplete(file: Path, what: str) -> ClassifierError:
    return ClassifierError(f"{str(file)!r} is incomplete: {what}; copy the whole model folder again")
