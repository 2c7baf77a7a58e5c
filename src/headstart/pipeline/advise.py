"""``advise``: what the field's rule expects of a set of photos, in seconds: a sample of them is looked at, not all."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from headstart import events
from headstart.backbones.catalog import split_names
from headstart.data.read import read_source
from headstart.data.samples import Samples, Subset
from headstart.data.split import make_split
from headstart.errors import BackboneError, DataError
from headstart.events import RunLog
from headstart.extraction.extract import extract, get_feature_space
from headstart.pipeline import progress as journal
from headstart.pipeline.backbones import LoadedBackbone, load_backbones
from headstart.selection.advisor import StrategyAdvice, advise_strategy
from headstart.selection.context import FitContext
from headstart.settings import DataSettings, FitSettings, locate_store
from headstart.storage.store import Store


def advise_photos(
    source: Any,
    *,
    labels: Any = None,
    options: DataSettings | None = None,
    backbone: str = "efficientnet_lite0",
    seed: int = 0,
    store: Path | None = None,
    timed: bool = False,
    listener: events.Listener = events.ignore,
) -> StrategyAdvice:
    """Measures a sample of the photos that ``fit`` with the same seed would train on.

    Args:
        source: as ``headstart.fit`` takes it.
        labels: with images, a label for each.
        options: how photos and labels are read.
        backbone: one name.
        seed: of the split.
        store: the store's folder; HEADSTART_STORE or the platform's cache folder when not given.
        timed: predict what training takes from a timed trial; needs PyTorch and the features of all photos.
        listener: is told of progress.

    Raises:
        UserError: photos, a name or a setting that cannot be used.
        HeadstartError: anything else that went wrong; features that were computed are kept.
    """
    settings = FitSettings.load(backbone=backbone, seed=seed, store=store)
    if len(split_names(settings.backbone)) > 1:
        raise BackboneError(f"backbone {backbone!r} names several; wanted one: advice is about a network")
    log, home = RunLog(listener), locate_store(settings.store)
    with Store(home, log) as opened, opened.in_use(), tempfile.TemporaryDirectory() as scratch:
        samples = log.stage(
            "read",
            lambda: read_source(source, labels=labels, options=options, listener=log, cache=home / "archives"),
            journal.read_in_words,
        )
        split = make_split(
            samples, seed=seed, test_share=settings.test_share, validation_share=settings.validation_share
        )
        train = split.samples_in(samples, Subset.TRAIN)
        if not train:
            raise DataError(f"the train part of {samples.root} has no usable photo; put photos there")
        (it,) = load_backbones([backbone], train, opened, settings, log)
        sound = _sound(samples, it, opened, log) if timed else samples
        material = FitContext(
            samples=sound,
            split=split,
            backbone=it.backbone,
            engine=it.chosen.engine,
            store=opened,
            space=get_feature_space(it.backbone, it.chosen.engine),
            parity_samples=it.parity_samples,
            settings=settings,
            folder=Path(scratch),
            listener=log,
        )
        return log.stage(
            "look", lambda: advise_strategy(material, timed=timed), lambda it: f"{it.size}, {it.familiarity}"
        )


def _sound(samples: Samples, it: LoadedBackbone, store: Store, log: RunLog) -> Samples:
    """The photos that decode, their features stored: a timed trial trains on any of them."""
    done = log.stage(
        "extract",
        lambda: extract(samples.samples, it.backbone, it.chosen.engine, store, listener=log),
        journal.extraction_in_words,
    )
    broken = {digest for digest, finding in done.issues.items() if finding.broken}
    return replace(samples, samples=tuple(it for it in samples.samples if it.digest not in broken))
