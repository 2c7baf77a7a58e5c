"""A second network, where a budget leaves the time: what is cheap and proven, before anything is trained."""

import time
from dataclasses import replace

from headstart import events
from headstart.backbones.backbone import INPUT
from headstart.backbones.convert import load_backbone
from headstart.data.samples import Subset
from headstart.engines.work import count_work_above
from headstart.pipeline.backbones import LoadedBackbone, LoadedBackbones, load_backbones
from headstart.pipeline.dataset import PreparedDataset, describe_extraction, extract_features
from headstart.selection.candidates import list_embedded
from headstart.selection.context import RunContext
from headstart.selection.failures import FAILURES, describe_failure
from headstart.selection.probes import SOLVED_PER_SECOND
from headstart_runtime.modalities.batch import make_blank

HEADS = 20.0  #: times the numbers of both networks' features are gone through, to fit and cross-validate heads on them
SHARE = 0.8  #: of the time that is left: what a second network may take, its features and heads
UNSEEN = 2.0  #: times a pass through the network is what an item takes where none was opened and decoded in this run
SEEN = 32  #: items by which the pace of a pass is told


def add_network(
    dataset: PreparedDataset, backbones: LoadedBackbones, context: RunContext
) -> tuple[PreparedDataset, LoadedBackbones]:
    """Return dataset and networks with a second embedded network, where the settings leave it open and it fits.

    The dearest that is predicted to fit is taken: the first network's pace, times how much more it computes.

    Args:
        dataset: with the features of the networks so far.
        backbones: these networks.
        context: of the run.
    """
    budget, log = context.budget, context.log
    settings = context.settings
    if budget.limit is not None:
        budget.pace = measure_pace(dataset, backbones)
    if not settings.is_open or settings.backbone is not None or settings.search:
        return dataset, backbones
    names = [name for name in list_embedded(dataset.samples.modality) if name != backbones.first.backbone.name]
    for name in reversed(names):
        left = budget.left - budget.estimate_closing(len(dataset.samples_in(Subset.TEST)))
        try:
            seconds = _predict_seconds(name, dataset, backbones, context)
            if seconds > SHARE * left:
                text = f"{name} is left out as a second network: about {seconds:.0f} s, {max(0.0, left):.0f} s are left"
                log(events.Note(text))
                continue
            log(events.Note(f"{name} is taken as a second network: about {seconds:.0f} s of the {left:.0f} s left"))
            return _extract(name, dataset, backbones, context)
        except FAILURES as error:
            log(events.Note(f"{name} cannot be a second network: {describe_failure(error)}"))
    return dataset, backbones


def measure_pace(dataset: PreparedDataset, backbones: LoadedBackbones) -> float:
    """Return the seconds that an item takes through all networks: as extraction took, else as a pass takes now."""
    seen = [done for done in dataset.extractions if done.computed >= SEEN]
    if len(seen) == len(dataset.extractions):
        return sum(done.seconds / done.computed for done in seen)
    return sum(UNSEEN * _time_pass(loaded) for loaded in backbones.all)


def _time_pass(loaded: LoadedBackbone) -> float:
    """Return the seconds of an item in a pass, with all streams at work."""
    engine = loaded.chosen.engine
    blank = make_blank(loaded.backbone.spec, engine.batch)
    engine.forward(blank)  # the first takes longer
    began = time.perf_counter()
    engine.forward(blank)
    return (time.perf_counter() - began) / engine.batch / engine.streams


def _predict_seconds(name: str, dataset: PreparedDataset, backbones: LoadedBackbones, context: RunContext) -> float:
    """Return the seconds that a second network takes: to prove its engine, its features, and heads on them."""
    first = backbones.first.backbone
    passes = context.log.seconds.get("prepare engine", 0.0) + len(dataset.samples) * context.budget.pace
    if passes > SHARE * context.budget.left:  # dearer than this one are all that there are to count
        return passes
    other = load_backbone(name, context.store.networks, context.log)
    times = count_work_above(other)[INPUT] / count_work_above(first)[INPUT]
    width = sum(layer.width for backbone in (first, other) for layer in backbone.layers)
    numbers = len(dataset.samples) * width
    return max(1.0, times) * passes + HEADS * numbers / SOLVED_PER_SECOND


def _extract(
    name: str, dataset: PreparedDataset, backbones: LoadedBackbones, context: RunContext
) -> tuple[PreparedDataset, LoadedBackbones]:
    """Return both with a network whose features are in the store."""
    train, modality = dataset.samples_in(Subset.TRAIN), dataset.samples.modality
    chosen = replace(context, settings=context.settings.model_copy(update={"backbone": name}))
    (loaded,) = load_backbones(train, modality, chosen, dataset.samples).all
    with context.log.stage("extract") as stage:
        done = extract_features(dataset.samples, loaded, context)
        stage.summary = describe_extraction(done, dataset.samples.noun)
    context.budget.pace += done.seconds / done.computed if done.computed >= SEEN else UNSEEN * _time_pass(loaded)
    return (
        replace(dataset, extractions=(*dataset.extractions, done)),
        replace(backbones, all=(*backbones.all, loaded)),
    )
