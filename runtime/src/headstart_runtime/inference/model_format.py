"""The format of ``model/``, a saved classifier: a small folder that a person can read and that is safe to open.

* ``model.json``: schema version, target space (task, classes), branches (backbone, licence, input spec, layers),
  members, postprocessor (calibration, prediction sets), novelty, parity, scores.
* ``head.safetensors``: the head's dense layers, ``0.weight`` (D, H), ``0.bias`` (H,), ``1.weight``, ...; of several
  members each under its number: ``0/0.weight``, ..., ``1/0.weight``, ...
* ``novelty.safetensors``: the arrays of the novelty score; not there where there is none.
* what an input spec needs beside its record, such as ``tokenizer.json``; its SHA-256 stands in the spec.
* ``model.onnx``: an item, as ``graph_inputs`` makes it -> what the task answers, such as ``probabilities`` float32 (C,)
  and ``prediction_set`` bool (C,), and ``predicted`` int64 (), the index of the predicted class where a threshold
  decides it; ``novelty`` float32 () and ``out_of_distribution`` bool () where the classifier has
  them. Inside are the tensors that each network reads, under the names of its spec, and ``features`` (P, D) float32 of
  the P parts of an item, to enter and leave it by; those of the second branch end in ``.1``, and so on (see
  ``tensor_name`` and ``features_name``).
"""

import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, Self

from headstart_runtime.errors import ClassifierError, PluginError, SettingError, describe_schema_mismatch
from headstart_runtime.field_types import check_field_types
from headstart_runtime.inference.engine_agreement import EngineAgreement as EngineAgreement
from headstart_runtime.modalities.batch import AnySpec
from headstart_runtime.modalities.modality import Modality, get_modality, read_spec
from headstart_runtime.parsing import parse_json
from headstart_runtime.tasks.task import TargetSpace, Task, get_task

SCHEMA_VERSION = 1
RECORD = "model.json"
HEAD = "head.safetensors"
GRAPH = "model.onnx"
NOVELTY_ARRAYS = "novelty.safetensors"

#: Names of tensors in the graph.
FEATURES, PROBABILITIES = "features", "probabilities"
UNCALIBRATED, PREDICTION_SET, NOVELTY = "uncalibrated", "prediction_set", "novelty"
PREDICTED = "predicted"  #: index of the predicted class, where a threshold decides it
OUT_OF_DISTRIBUTION = "out_of_distribution"


@dataclass(frozen=True, slots=True)
class BackboneFacts:
    """The origin of a branch's frozen part."""

    name: str
    architecture: str
    weights: str
    weights_sha256: str
    licence: str


@dataclass(frozen=True, slots=True)
class ExportParity:
    """The differences between the saved graph in ONNX Runtime and the path the head was fitted on, on real items."""

    items: int
    mean_difference: (
        float  #: of the answers, absolute, over items and outputs: of probabilities, of numbers over their range
    )
    largest_difference: float  #: likewise
    same_answers: float  #: share of items with the same most likely class
    novelty_difference: float | None = None  #: of novelty, absolute, mean over items; None where there is none


@dataclass(frozen=True, slots=True)
class BranchFacts:
    """One network's forward pass over items."""

    backbone: BackboneFacts
    spec: AnySpec
    layers: tuple[str, ...]  #: their pooled outputs, joined in this order, are the branch's features
    engine: str  #: what ran the backbone when the head was fitted
    precision: Literal["bf16", "f32"]  #: of that forward pass
    network: int  #: the first branch with the same weights, spec, engine and precision; perhaps this one
    #: Tensors of the graph of which OpenVINO takes the mean beside, so that it rounds as when the head was fitted.
    taps: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return a dict of plain values."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return {**values, "backbone": asdict(self.backbone), "spec": self.spec.to_json()}

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Self:
        """Return the facts that ``to_json`` describes.

        Raises:
            KeyError, TypeError, ValueError: the record is not what ``to_json`` gives.
            SettingError: the modality of the spec is not installed.
        """
        return cls(
            **{
                **record,
                "backbone": BackboneFacts(**record["backbone"]),
                "spec": read_spec(record["spec"]),
                "layers": tuple(record["layers"]),
                "taps": tuple(record.get("taps", ())),
            }
        )


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """A head and what it reads."""

    branches: tuple[int, ...]  #: their features, joined in this order, are what the head reads
    head: str  #: its kind
    weight: float  #: share in a mean; a vote counts all members the same

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Self:
        """Return the facts that ``dataclasses.asdict`` was given."""
        return cls(**{**record, "branches": tuple(record["branches"])})


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """The content of ``model.json``."""

    space: TargetSpace  #: the task, and the names of the outputs
    branches: tuple[BranchFacts, ...]
    members: tuple[MemberFacts, ...]
    combine: str  #: how several members become one: see ``Task.combine``
    graph_sha256: str  #: of model.onnx
    head_sha256: str  #: of head.safetensors
    parity: ExportParity
    headstart: str  #: the version that saved it
    postprocessor: Any  #: the task's ``Postprocessor``
    novelty: dict[str, Any] | None = None  #: the novelty score, as ``Novelty.to_json`` gives it
    novelty_sha256: str | None = None  #: of novelty.safetensors
    scores: dict[str, dict[str, Any]] = field(default_factory=dict)  #: subset -> evaluation, see evaluation.json
    engines: EngineAgreement | None = None  #: how each engine answers test items; None: not tested
    #: Columns of a table whose cells its items were, joined with their names; written only where there are such.
    item_columns: tuple[str, ...] = ()

    @property
    def task(self) -> Task:
        """The task that it answers."""
        return get_task(self.space.task)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the outputs: of classes, for one."""
        return self.space.names

    @property
    def modality(self) -> Modality:
        """The kind of its items."""
        return get_modality(self.branches[0].spec.kind)

    @property
    def spec(self) -> AnySpec:
        """The spec that an item is decoded for where one decoding serves all branches."""
        return largest_spec(branch.spec for branch in self.branches)

    @property
    def layer(self) -> str:
        """The first branch's layer, or its layers, for a person."""
        return " + ".join(self.branches[0].layers)

    @property
    def head(self) -> str:
        """The kind of the head, or of the heads, for a person."""
        return " + ".join(member.head for member in self.members)

    def to_json(self) -> dict[str, Any]:
        """Return a dict of plain values."""
        plain = asdict(replace(self, branches=(), postprocessor=None))
        branches = [branch.to_json() for branch in self.branches]
        postprocessor = self.postprocessor.to_json()
        if not self.item_columns:
            del plain["item_columns"]
        return {"schema_version": SCHEMA_VERSION, **plain, "branches": branches, "postprocessor": postprocessor}

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Self:
        """Return the record that ``to_json`` describes.

        Raises:
            KeyError, TypeError, ValueError: the record is not what ``to_json`` gives.
            SettingError: its modality is not installed.
        """
        values = {key: value for key, value in record.items() if key != "schema_version"}
        space = values["space"] = TargetSpace.from_json(record["space"])
        values["branches"] = tuple(BranchFacts.from_json(branch) for branch in record["branches"])
        values["members"] = tuple(MemberFacts.from_json(member) for member in record["members"])
        values["parity"] = ExportParity(**record["parity"])
        values["postprocessor"] = get_task(space.task).read_postprocessor(record["postprocessor"], space)
        values["item_columns"] = tuple(record.get("item_columns", ()))
        values["engines"] = None if record["engines"] is None else EngineAgreement.from_json(record["engines"])
        model = cls(**values)
        model._check()
        return model

    def _check(self) -> None:
        """Raise a TypeError or ValueError where fields are of another type, or do not fit together."""
        check_field_types(self)
        read = [index for member in self.members for index in member.branches]
        read += [branch.network for branch in self.branches]
        read += self.novelty["branches"] if self.novelty else []
        if not self.members or any(index not in range(len(self.branches)) for index in read):
            raise ValueError("branches are named that are not there")
        if len({branch.spec.kind for branch in self.branches}) > 1:
            raise ValueError("branches are of several modalities")
        if (self.novelty is None) != (self.novelty_sha256 is None):
            raise ValueError("novelty and the digest of its arrays belong together")


def largest_spec(specs: Iterable[AnySpec]) -> AnySpec:
    """Return the spec that keeps most of an item: what is decoded for it suits the others too."""
    return max(specs, key=lambda spec: spec.rank)


def tensor_name(name: str, branch: int) -> str:
    """Return the name of a tensor that a branch reads, from that of its spec; branches of one network share it."""
    return f"{name}.{branch}" if branch else name


def network_prefix(branch: int) -> str:
    """Return what the names of the tensors of a network begin with, whose first branch is ``branch``."""
    return f"branch{branch}/"


def features_name(branch: int) -> str:
    """Return the name of the tensor that holds a branch's features."""
    return tensor_name(FEATURES, branch)


def find_model(folder: Path) -> Path:
    """Return the model folder meant by a path: itself, or the ``model`` inside a run.

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
    """Read and check ``model.json``.

    Raises:
        ClassifierError: not readable, of another schema, or incomplete.
    """
    file = folder / RECORD
    try:
        record = parse_json(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else f"not JSON ({error})"
        raise ClassifierError(f"{str(file)!r} cannot be read: {reason}; copy the whole model folder again") from None
    version = record.get("schema_version") if isinstance(record, dict) else None
    if version is None:
        raise ClassifierError(f"{str(file)!r} is no record of a classifier; copy the whole model folder again")
    if version != SCHEMA_VERSION:
        raise ClassifierError(describe_schema_mismatch(str(file), version, SCHEMA_VERSION))
    known = {one.name for one in fields(ModelRecord)}
    odd = sorted((known - record.keys() - {"item_columns"}) | (record.keys() - known - {"schema_version"}))
    if odd:
        raise _incomplete(file, f"missing or unknown: {', '.join(odd)}")
    try:
        return ModelRecord.from_json(record)
    except (SettingError, PluginError) as error:
        raise ClassifierError(f"{str(file)!r} cannot be used: {error}{_describe_packages(folder)}") from None
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError):
        raise _incomplete(file, "a field is of another type") from None


def _describe_packages(folder: Path) -> str:
    """Return the packages that brought a model's modality and task, if its run is beside it and says so; else ""."""
    try:
        record = parse_json((Path(os.path.abspath(folder)).parent / "run.json").read_text("utf-8"))  # noqa: PTH100
        named = " and ".join(f"{kind} {package}" for kind, package in record["packages"].items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ""
    return f" (its run was made with the package of the {named})" if named else ""


def _incomplete(file: Path, what: str) -> ClassifierError:
    return ClassifierError(f"{str(file)!r} is incomplete: {what}; copy the whole model folder again")
