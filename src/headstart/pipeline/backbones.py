"""What comes before any photo is run: reading, splitting, networks and the engines that were proved on these photos."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart import events
from headstart.backbones.backbone import Backbone
from headstart.backbones.catalog import split_names
from headstart.backbones.convert import load_backbone
from headstart.data.depths import describe_ranges, find_grey_ranges
from headstart.data.read import read_source
from headstart.data.relabel import apply_relabels, find_relabel_tables
from headstart.data.samples import Sample, Samples
from headstart.data.split import Split, load_split, make_split
from headstart.engines.choose import PARITY_PHOTOS, EngineChoice, ParitySamples, choose_engine
from headstart.errors import DataError
from headstart.events import RunLog
from headstart.extraction.extract import load_pixels
from headstart.pipeline import progress as journal
from headstart.selection.backbone_search import BackboneSearch, describe_search, select_backbone
from headstart.selection.candidates import AUTO, list_tiers
from headstart.selection.context import Budget
from headstart.settings import FitSettings
from headstart.storage.store import Store


@dataclass(frozen=True)
class LoadedBackbone:
    """A network and what runs it."""

    backbone: Backbone
    parity_samples: ParitySamples
    chosen: EngineChoice


def load_backbones(
    names: Sequence[str], train: Sequence[Sample], store: Store, settings: FitSettings, log: RunLog
) -> list[LoadedBackbone]:
    """Networks, converted, each with an engine that is proved on training photos.

    Raises:
        UserError: a name that is none, or photos of which none decodes.
        HeadstartError: a network that cannot be had, or an engine that fails its proof.
    """
    ranges = find_grey_ranges(train)
    if ranges:
        log(events.Note(describe_ranges(ranges, sum(sample.depth is not None for sample in train))))
    backbones = log.stage(
        "prepare backbone",
        lambda: [load_backbone(name, store.networks, log).with_grey(ranges) for name in names],
        lambda found: ", ".join(it.name for it in found),
    )
    return log.stage(
        "prepare engine",
        lambda: [_ready(backbone, train, settings, log) for backbone in backbones],
        lambda found: ", ".join(dict.fromkeys(journal.engine_in_words(it.chosen) for it in found)),
    )


def _ready(backbone: Backbone, train: Sequence[Sample], settings: FitSettings, log: RunLog) -> LoadedBackbone:
    proof = proof_photos(train, backbone)
    return LoadedBackbone(
        backbone,
        proof,
        choose_engine(backbone, proof, engine=settings.engine, precision=settings.precision, listener=log),
    )


def resolve_backbones(
    train: Sequence[Sample], photos: int, store: Store, settings: FitSettings, clock: Budget, log: RunLog
) -> tuple[list[str], BackboneSearch | None]:
    """The backbones that the settings name; with ``auto`` the one that is chosen by measuring several, and how."""
    if settings.backbone.strip().lower() != AUTO:
        return split_names(settings.backbone), None
    ranges = find_grey_ranges(train)
    search = log.stage(
        "select backbone",
        lambda: select_backbone(
            train,
            photos,
            lambda name: load_backbone(name, store.networks, log).with_grey(ranges),
            lambda backbone: _ready(backbone, train, settings, log).chosen,
            store,
            settings,
            clock,
            list_tiers(store.networks),
            log,
        ),
        describe_search,
    )
    return [search.chosen], search


def proof_photos(samples: Sequence[Sample], backbone: Backbone) -> ParitySamples:
    """The photos that engines are proved on: those with the smallest digests, so that listing order does not matter."""
    drawn = sorted(samples, key=lambda sample: sample.digest)[: 2 * PARITY_PHOTOS]
    key = hashlib.blake2b("".join(sample.digest for sample in drawn).encode(), digest_size=6).hexdigest()

    def load() -> NDArray[np.uint8]:
        photos = load_pixels(drawn, backbone.spec, PARITY_PHOTOS)
        if not len(photos):
            raise DataError(f"none of the first {len(drawn)} photos decodes; run headstart check to see why")
        return photos

    return ParitySamples(key, load)


def read_samples(source: Any, labels: Any, home: Path, settings: FitSettings, log: RunLog) -> Samples:
    """Return photos and labels, corrected where the user corrected them; archives are unpacked into the store.

    Raises:
        DataError: nothing can be learnt from the source, or a table of corrections that cannot be used.
    """
    samples = read_source(source, labels=labels, options=settings, listener=log, cache=home / "archives")
    return apply_relabels(samples, *find_relabel_tables(settings.relabel, settings.split_from))


def split_samples(samples: Samples, settings: FitSettings) -> Split:
    """Return the split of these settings, that of an earlier run where they name one; a part may be empty."""
    return make_split(
        samples,
        seed=settings.seed,
        test_share=settings.test_share,
        validation_share=settings.validation_share,
        split_from=load_split(settings.split_from) if settings.split_from else None,
    )
