"""Networks, converted, each with an engine that was proved on training samples."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from headstart import events
from headstart.backbones.backbone import Backbone
from headstart.backbones.catalog import split_names
from headstart.backbones.convert import load_backbone
from headstart.data.samples import Sample, Samples
from headstart.engines.choose import choose_engine
from headstart.engines.parity import PARITY_SAMPLES, EngineChoice, ParitySamples
from headstart.extraction.extract import load_batch
from headstart.selection.backbone_search import BackboneSearch, describe_search, select_backbone
from headstart.selection.candidates import AUTO, choose_default, list_tiers_for
from headstart.selection.context import RunContext, choose_precision
from headstart.settings import FitSettings
from headstart_runtime.errors import DataError, SettingError
from headstart_runtime.modalities.batch import Batch, count_parts
from headstart_runtime.modalities.checks import check_spec
from headstart_runtime.modalities.modality import find_noun, get_modality
from headstart_runtime.modalities.optional_facets import configure_spec


@dataclass(frozen=True)
class LoadedBackbone:
    """A network and what runs it."""

    backbone: Backbone
    parity_samples: ParitySamples
    chosen: EngineChoice


@dataclass(frozen=True)
class LoadedBackbones:
    """The networks of a run, as they were named."""

    all: tuple[LoadedBackbone, ...]
    search: BackboneSearch | None  #: by which the one was found, where the settings say ``auto``

    @property
    def first(self) -> LoadedBackbone:
        """The network that near-duplicates and label issues are told by."""
        return self.all[0]

    @property
    def tried(self) -> list[dict[str, Any]]:
        """Return what the search measured, for the run's record; nothing where there was none."""
        return [asdict(candidate) for candidate in self.search.candidates] if self.search else []

    @property
    def width(self) -> int:
        """Most features that the layers of a network give for a sample."""
        return max(sum(layer.width for layer in loaded.backbone.layers) for loaded in self.all)


def load_backbones(
    train: Sequence[Sample], modality: str, context: RunContext, whole: Samples | None = None
) -> LoadedBackbones:
    """Return the networks that the settings name; with ``auto`` the one that a measured search ends on.

    Args:
        train: training samples, on some of which engines are proved.
        modality: the name of theirs.
        context: of the run.
        whole: the samples of all subsets, by whose targets a search scores, and whose task may want float32; None
            where there are no targets.

    Raises:
        UserError: a name that is none, a network of another modality, or samples of which none decodes.
        HeadstartError: a network that cannot be had, or an engine that fails its proof.
    """
    log, settings, networks = context.log, context.settings, context.store.networks
    precision = choose_precision(settings, whole.task if whole is not None else None)
    properties = [sample.properties for sample in train]

    def load_network(name: str) -> Backbone:
        backbone = load_backbone(name, networks, log)
        if backbone.spec.kind != modality:
            reads, given = find_noun(backbone.spec.kind).many, find_noun(modality).many
            raise SettingError(f"the network {name!r} reads {reads}, and these are {given}; choose another backbone")
        spec = configure_spec(get_modality(modality), backbone.spec, settings)
        spec = get_modality(modality).fit_spec(spec, properties)
        check_spec(spec)
        return backbone.with_spec(spec)

    def add_engine(backbone: Backbone) -> LoadedBackbone:
        proof = parity_samples(train, backbone)
        chosen = choose_engine(backbone, proof, engine=settings.engine, precision=precision, listener=log)
        return LoadedBackbone(backbone, proof, chosen)

    search = None
    names = _resolve_names(modality, context)
    if not names:
        if whole is None:
            raise SettingError("backbone 'auto' is chosen by labels, and there are none; name a network")
        with log.stage("select backbone") as stage:
            search = select_backbone(
                train,
                whole,
                load_network,
                lambda backbone: add_engine(backbone).chosen,
                context.store,
                settings,
                context.budget,
                list_tiers_for(modality, networks),
                log,
            )
            stage.summary = describe_search(search)
        names = [search.chosen]
    with log.stage("prepare backbone") as stage:
        backbones = [load_network(name) for name in names]
        stage.summary = ", ".join(backbone.name for backbone in backbones)
    for note in dict.fromkeys(describe_fitted_spec(backbone, properties) for backbone in backbones):
        if note:
            log(events.Note(note))
    with log.stage("prepare engine") as stage:
        loaded = tuple(add_engine(backbone) for backbone in backbones)
        stage.summary = ", ".join(dict.fromkeys(describe_engine(network.chosen) for network in loaded))
    return LoadedBackbones(loaded, search)


def is_searched(settings: FitSettings) -> bool:
    """Return whether a search finds the network."""
    return settings.backbone is not None and settings.backbone.strip().lower() == AUTO


def _resolve_names(modality: str, context: RunContext) -> list[str]:
    """Return the networks that are named, else the modality's own; none where a search is asked for."""
    if is_searched(context.settings):
        return []
    if context.settings.backbone is not None:
        return split_names(context.settings.backbone)
    name = choose_default(modality, context.store.networks)
    if name != get_modality(modality).default_backbone:
        many = find_noun(modality).many
        context.log(events.Note(f"{name} is the network, the only one here that is known to read {many}"))
    return [name]


def describe_fitted_spec(backbone: Backbone, properties: Sequence[Mapping[str, Any]]) -> str:
    """Return what a network's spec took from the training items, in a line; "" for nothing."""
    return get_modality(backbone.spec.kind).describe_fit(backbone.spec, properties)


def describe_engine(chosen: EngineChoice) -> str:
    """Return the engine and the arithmetic it runs a network in."""
    return f"{chosen.engine.name}, {chosen.engine.precision}"


def parity_samples(samples: Sequence[Sample], backbone: Backbone) -> ParitySamples:
    """Return the samples that engines are proved on: those of the smallest digests, whatever their order."""
    drawn = sorted(samples, key=lambda sample: sample.digest)[: 2 * PARITY_SAMPLES]
    key = hashlib.blake2b("".join(sample.digest for sample in drawn).encode(), digest_size=6).hexdigest()

    def load() -> Batch:
        batch = load_batch(drawn, backbone.spec, PARITY_SAMPLES)
        if not count_parts(batch):
            noun = get_modality(backbone.spec.kind).noun
            raise DataError(f"none of the first {noun.count(len(drawn))} decodes; run headstart check to see why")
        return batch

    return ParitySamples(key, load)
