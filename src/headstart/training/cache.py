"""Finished trainings in the store, each under all that its result depends on."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import torch

from headstart.backbones.backbone import RECORD, Backbone
from headstart.engines.parity import machine_key
from headstart.heads.head import Head
from headstart.heads.saving import read_head, to_tensors
from headstart.settings import TrainSettings
from headstart.storage.atomic import stamp
from headstart.storage.intact import is_intact
from headstart.storage.prune import TRAINED
from headstart.training.curves import Epoch
from headstart.training.inputs import TrainingInputs
from headstart.training.rate_finder import RateCurve
from headstart.training.views import find_smallest_window
from headstart_runtime.errors import UserError
from headstart_runtime.hardware import ComputePrecision

VERSION = 4  #: of training: raised whenever the same spec would end elsewhere
HEAD, CURVES, CHECKPOINT = "head.safetensors", "training.json", "checkpoint.safetensors"
RATE = "rate.json"  #: beside the checkpoint
#: Settings that do not change what one training ends in, or that are planned: which trainings are made, how views are
#: kept, how many epochs are made.
_PLANNED = frozenset({"unfreeze", "views", "epochs", "cache_budget", "training_precision", "search"})


@dataclass(frozen=True, slots=True)
class FineTuneResult:
    """A network that was trained, as a backbone with its head."""

    backbone: Backbone
    head: Head
    boundary: str
    epochs: tuple[Epoch, ...]  #: number 0 is before the first step
    best_epoch: int
    parameters: int  #: that were trained
    precision: ComputePrecision  #: of training
    planned: int  #: epochs that were to be made
    cut: bool  #: whether the budget ended it before; else validation may have
    memory: int  #: bytes by which the process grew while it was trained; 0 where that is not known
    device_memory: int  #: bytes by which a CUDA device's memory grew
    cached: bool  #: whether boundary activations were kept, or computed anew for each epoch
    disk: int  #: bytes that they take
    seconds: dict[str, float]  #: "boundary", "rate", "epochs", "export"
    frozen: int  #: tensors under the boundary, all bit-identical to what was loaded
    rate_curve: RateCurve | None = None  #: of the range test that found the rate


def digest_purpose(inputs: TrainingInputs) -> str:
    """Return the name of all that a training's result depends on but how it is planned: boundary, views, epochs."""
    spec, settings = inputs.spec, inputs.spec.settings
    knobs = {name: getattr(settings, name) for name in TrainSettings.model_fields if name not in _PLANNED}
    training = inputs.task.training
    objective = {name: getattr(settings, name) for name in (training.setting_names if training else ())}
    samples = [[(sample.digest, sample.target) for sample in subset] for subset in (spec.train, spec.validation)]
    facts = [VERSION, torch.__version__, machine_key(), inputs.device, knobs, objective, settings.seed, inputs.scratch]
    facts += [spec.space.to_json(), spec.backbone.fingerprint, samples, spec.ends]
    digest = hashlib.blake2b(json.dumps(facts, default=str).encode(), digest_size=10)
    # A head that begins blank has nothing of the solved one, whose last bits may depend on how many threads were idle.
    head = None if inputs.starts_blank else spec.head
    for name, tensor in sorted(to_tensors(head).items()) if head else ():
        digest.update(name.encode() + tensor.tobytes())
    return digest.hexdigest()


def locate_result(inputs: TrainingInputs, precision: ComputePrecision) -> Path:
    """Return the folder of a training's result: named by all that it depends on."""
    spec = inputs.spec
    window = find_smallest_window(spec.settings, spec.backbone.spec, inputs.task)
    views = inputs.views_per_sample, inputs.view_trunk.fingerprint, inputs.train_views.fingerprint
    facts = [digest_purpose(inputs), precision, inputs.boundary, inputs.epochs, window, *views]
    digest = hashlib.blake2b(json.dumps(facts).encode(), digest_size=10)
    return spec.folder / TRAINED / f"{spec.backbone.architecture}-{digest.hexdigest()}"


def locate_unfinished(folder: Path) -> Path:
    """Return the folder of a training that has not ended, beside that of its result."""
    return folder.with_name(f"{folder.name}.unfinished")


def was_begun(folder: Path) -> bool:
    """Return whether a training whose result has this folder has ended, or has a checkpoint to go on from."""
    return (folder / CURVES).is_file() or (locate_unfinished(folder) / CHECKPOINT).is_file()


def read_result(folder: Path) -> FineTuneResult | None:
    """Return what a training ended in; None where it did not end, or what is there cannot be read."""
    try:
        if not is_intact(folder):
            return None
        record = json.loads((folder / CURVES).read_text("utf-8"))
        backbone = Backbone.from_json(json.loads((folder / RECORD).read_text("utf-8")), folder)
        head = read_head(folder / HEAD)
        epochs = tuple(Epoch(**epoch) for epoch in record.pop("epochs"))
        curve = record.pop("rate_curve")
        rate_curve = None if curve is None else RateCurve.from_json(curve)
        result = FineTuneResult(backbone, head, epochs=epochs, rate_curve=rate_curve, **record)
        if not backbone.graph.is_file():
            return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, UserError):
        return None
    stamp(folder)  # pruning goes by it
    return result
