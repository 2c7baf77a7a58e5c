"""What tests of strategies and trainings start from: context as ``fit`` makes it, of photos and a network's name."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
from safetensors.torch import save_file

from headstart import events
from headstart.backbones.backbone import Backbone
from headstart.backbones.convert import load_backbone
from headstart.data.read import read_source
from headstart.data.samples import Samples, Subset
from headstart.data.split import make_split
from headstart.engines.choose import choose_engine
from headstart.extraction.extract import extract
from headstart.pipeline.backbones import parity_samples
from headstart.selection.budget import Budget
from headstart.selection.context import DatasetContext, FitContext
from headstart.selection.feature_table import FeatureSource
from headstart.selection.probes import base_head_name, fit_probe
from headstart.settings import FitSettings
from headstart.storage.store import Store
from headstart_runtime.modalities.modality import get_modality
from headstart_runtime.modalities.optional_facets import configure_spec

LITE0 = "efficientnet_lite0"
#: Float32 throughout: no trial chooses a precision, no proof of bf16 is due. One plain view of each photo, small steps.
QUICK = {
    "precision": "f32",
    "training_precision": "f32",
    "views": 1,
    "epochs": 1,
    "batch_size": 8,
    "augmentation": "none",
    "c_points": 5,
}


@contextmanager
def make_context(
    photos: Path,
    store: Path,
    out: Path,
    backbone: str = LITE0,
    *,
    listener: events.Listener = events.ignore,
    budget: float | None = None,
    **settings: Any,
) -> Iterator[FitContext]:
    """Context of one backbone, features computed."""
    with make_contexts(photos, store, out, [backbone], listener=listener, budget=budget, **settings) as (context,):
        yield context


@contextmanager
def make_contexts(
    photos: Path,
    store: Path,
    out: Path,
    backbones: Sequence[str],
    *,
    listener: events.Listener = events.ignore,
    budget: float | None = None,
    **settings: Any,
) -> Iterator[list[FitContext]]:
    """Contexts of several backbones on one split."""
    chosen = FitSettings.load(None, **{**QUICK, **settings})
    samples = read_source(photos, options=chosen)
    split = make_split(
        samples, seed=chosen.seed, test_share=chosen.test_share, validation_share=chosen.validation_share
    )
    with ExitStack() as stack:
        opened = stack.enter_context(Store(store))
        made, log = [], events.RunLog(listener)
        dataset = DatasetContext(
            settings=chosen,
            store=opened,
            budget=Budget(budget),
            log=log,
            samples=samples,
            split=split,
            folder=out,
            features=FeatureSource(opened, samples.samples, workers=chosen.workers, listener=log),
        )
        for name in backbones:
            network = fit_spec(load_backbone(name, opened.networks), samples, chosen)
            proof = parity_samples(split.samples_in(samples, Subset.TRAIN), network)
            engine = choose_engine(network, proof, engine=chosen.engine, precision=chosen.precision).engine
            extract(samples.samples, network, engine, opened)
            made.append(dataset.with_backbone(network, engine, proof))
        yield made


def fit_spec(backbone: Backbone, samples: Samples, settings: FitSettings) -> Backbone:
    """A backbone whose spec is as the settings and the samples want it."""
    modality = get_modality(samples.modality)
    spec = configure_spec(modality, backbone.spec, settings)
    return backbone.with_spec(modality.fit_spec(spec, [sample.properties for sample in samples.samples]))


def random_weights(architecture: str, file: Path) -> Path:
    """A file of random weights for timm's architecture, its statistics as after training; gives the file."""
    torch.manual_seed(0)
    body = timm.create_model(architecture, pretrained=False)
    for module in body.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    save_file(body.state_dict(), file)
    return file


def spoil(context: FitContext) -> None:
    """A head full of noise, so that training has something to gain: else the start would be best and kept."""
    name = base_head_name(context)
    fitted = fit_probe(context, name)
    (dense,) = fitted.head.layers
    noise = np.random.default_rng(0).normal(0, 5 * dense.weight.std(), dense.weight.shape)
    weight = (dense.weight + noise).astype(np.float32)
    rows = context.load_features(context.branch("final"), context.samples_in(Subset.TRAIN))
    weight /= (rows @ weight).std()  # unsure: what is far off is clipped where it is scored
    spoilt = replace(dense, weight=weight, bias=np.zeros_like(dense.bias))
    context.memo.probes[name] = replace(fitted, head=replace(fitted.head, layers=(spoilt,)))
