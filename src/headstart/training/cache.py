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
from headstart.storage.prune import TRAINED
from headstart.training.curves import Epoch
from headstart.training.inputs import TrainingInputs
from headstart.training.rate_finder import RateCurve
from headstart.training.views import find_smallest_window
from headstart_runtime.hardware import ComputePrecision

VERSION = 4  #: of training: raised whenever the same spec would end elsewhere
HEAD, CURVES, CHECKPOINT = "head.safetensors", "training.json", "checkpoint.safetensors"
RATE = "rate.json"  #: beside the checkpoint
#: Settings that do not change what one training ends in: which trainings are made, and how views are kept.
_WITHOUT_EFFECT = frozenset({"unfreeze", "views", "cache_budget", "training_precision", "search"})


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


def locate_result(inputs: TrainingInputs, precision: ComputePrecision) -> Path:
    """Return the folder of a training's result: named by all that it depends on."""
    spec, settings = inputs.spec, inputs.spec.settings
    knobs = {name: getattr(settings, name) for name in TrainSettings.model_fields if name not in _WITHOUT_EFFECT}
    knobs["epochs"] = inputs.epochs
    samples = [[(sample.digest, sample.target) for sample in subset] for subset in (spec.train, spec.validation)]
    digest = hashlib.blake2b(digest_size=10)
    for fact in (VERSION, torch.__version__, machine_key(), inputs.device, precision, inputs.boundary, knobs):
        digest.update(json.dumps(fact, default=str).encode())
    training = inputs.task.training
    objective = {name: getattr(settings, name) for name in (training.setting_names if training else ())}
    window = find_smallest_window(settings, spec.backbone.spec, inputs.task)
    kept = inputs.views_per_sample, inputs.scratch, samples
    for more in (spec.space.to_json(), settings.seed, objective, window, *kept):
        digest.update(json.dumps(more).encode())
    views = inputs.train_views.fingerprint
    digest.update(f"{inputs.view_trunk.fingerprint} {views} {spec.backbone.fingerprint}".encode())
    if spec.ends is not None:
        digest.update(json.dumps({"ends": spec.ends}).encode())
    for name, tensor in sorted(to_tensors(spec.head).items()) if spec.head else ():
        digest.update(name.encode() + tensor.tobytes())
    return spec.folder / TRAINED / f"{spec.backbone.architecture}-{digest.hexdigest()}"


def read_result(folder: Path) -> FineTuneResult | None:
    """Return what a training ended in; None where it did not end, or what is there cannot be read."""
    try:
        record = json.loads((folder / CURVES).read_text("utf-8"))
        backbone = Backbone.from_json(json.loads((folder / RECORD).read_text("utf-8")), folder)
        head = read_head(folder / HEAD)
        epochs = tuple(Epoch(**epoch) for epoch in record.pop("epochs"))
        curve = record.pop("rate_curve")
        rate_curve = None if curve is None else RateCurve.from_json(curve)
        result = FineTuneResult(backbone, head, epochs=epochs, rate_curve=rate_curve, **record)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    stamp(folder)  # pruning goes by it
    return result
