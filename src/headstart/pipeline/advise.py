"""``advise``: the field's rule applied to a data set, in seconds: some of its samples are looked at, not all."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from headstart import events
from headstart.backbones.catalog import split_names
from headstart.data.samples import Samples
from headstart.events import RunLog
from headstart.pipeline.backbones import LoadedBackbone, load_backbones
from headstart.pipeline.choices import check_choices
from headstart.pipeline.dataset import (
    describe_extraction,
    extract_features,
    find_train_samples,
    read_samples,
    split_samples,
)
from headstart.selection.advisor import StrategyAdvice, advise_strategy
from headstart.selection.budget import Budget
from headstart.selection.context import DatasetContext, RunContext
from headstart.selection.feature_table import FeatureSource
from headstart.settings import DataSettings, FitSettings, locate_store
from headstart.storage.store import Store
from headstart_runtime.errors import BackboneError
from headstart_runtime.tasks.task import refuse_missing


def advise_samples(
    source: Any,
    *,
    labels: Any = None,
    options: DataSettings | None = None,
    backbone: str | None = None,
    seed: int = 0,
    store: Path | None = None,
    timed: bool = False,
    listener: events.Listener = events.ignore,
) -> StrategyAdvice:
    """Measure some of the samples that ``fit`` with the same seed would train on.

    Args:
        source: as ``headstart.fit`` takes it.
        labels: with an array, a label for each item.
        options: how samples and labels are read.
        backbone: one name; the modality's own when not given.
        seed: of the split.
        store: the store's folder; HEADSTART_STORE or the platform's cache folder when not given.
        timed: predict what training takes from a timed trial; needs PyTorch and the features of all samples.
        listener: is told of progress.

    Raises:
        UserError: samples, a name or a setting that cannot be used.
        HeadstartError: anything else that went wrong; features that were computed are kept.
    """
    given: dict[str, Any] = dict(options.given()) if options is not None else {}
    settings = FitSettings.load(backbone=backbone, seed=seed, store=store, **given)
    check_choices(settings)
    if settings.backbone is not None and len(split_names(settings.backbone)) > 1:
        raise BackboneError(f"backbone {backbone!r} names several; wanted one: advice is about a network")
    log = RunLog(listener)
    with (
        Store(locate_store(settings.store), log) as opened,
        opened.mark_in_use(),
        tempfile.TemporaryDirectory() as scratch,
    ):
        context = RunContext(settings, opened, Budget(None), log)
        samples = read_samples(source, labels, context)
        if "advice" not in samples.task.supports:
            many = samples.noun.many
            refuse_missing(
                samples.task,
                "advice",
                f"the rule goes by the number of {many} of each class or label; headstart compare tries ways on yours",
            )
        split = split_samples(samples, settings)
        train = find_train_samples(samples, split)
        loaded = load_backbones(train, samples.modality, context, samples).first
        decoded = _extract_decodable(samples, loaded, context) if timed else samples
        data = DatasetContext(
            settings=settings,
            store=opened,
            budget=context.budget,
            log=log,
            samples=decoded,
            split=split,
            folder=Path(scratch),
            features=FeatureSource(opened, train, workers=settings.workers, listener=log),
        )
        network = data.with_backbone(loaded.backbone, loaded.chosen.engine, loaded.parity_samples)
        with log.stage("advise") as stage:
            advice = advise_strategy(network, timed=timed)
            stage.summary = f"{advice.size}, {advice.similarity}"
        return advice


def _extract_decodable(samples: Samples, loaded: LoadedBackbone, context: RunContext) -> Samples:
    """Return the samples that decode, their features stored: a timed trial trains on any of them."""
    with context.log.stage("extract") as stage:
        done = extract_features(samples, loaded, context)
        stage.summary = describe_extraction(done, samples.noun)
    broken = {digest for digest, issue in done.issues.items() if issue.broken}
    return replace(samples, samples=tuple(sample for sample in samples.samples if sample.digest not in broken))
