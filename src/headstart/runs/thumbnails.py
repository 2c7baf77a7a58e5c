"""Small copies of the items that the report shows, so that it can be made again where the items are gone."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from headstart import events
from headstart.data.inspection import default_workers, map_in_threads
from headstart.data.load import get_item, load_item
from headstart.data.samples import Sample
from headstart.diagnostics.examples import select_examples, select_test_samples
from headstart.diagnostics.run import Diagnostics
from headstart.runs.examples import select_shown_samples
from headstart.selection.context import FitContext
from headstart.selection.results import TestResult
from headstart.storage.run_layout import MODEL
from headstart.training.view_sheet import draw_view_sheet
from headstart_runtime.errors import DataError
from headstart_runtime.explanation.choose_explainer import open_explainer
from headstart_runtime.modalities.facets import PlayablePreview, PreviewFacet, Thumbnail
from headstart_runtime.modalities.item import BrokenItem
from headstart_runtime.modalities.modality import get_modality

HEAT, SHEET = "heat/", "sheet"  #: an item with what spoke for its answer is kept under this and its id; the sheet here
PLAY, MOST_PLAYED = "play/", 160  #: what can be played of an item is kept under this and its id, of the first so many

Previews = Mapping[str, Thumbnail]  #: by key: a sample's id, "heat/" and its id, or "sheet"


@dataclass(frozen=True)
class Thumbnails:
    """Small copies of items for the report."""

    previews: Previews
    method: str = ""  #: of the explanations
    legend: str = ""  #: of these, see ``ExplanationFacet``
    explained: tuple[str, ...] = ()  #: ids of the samples that have one
    labels: Mapping[str, str] = field(default_factory=dict)  #: by these ids, the label or number that is explained


@dataclass(frozen=True, slots=True)
class ExplainedPreviews:
    """Small copies of items with what spoke for their answers."""

    previews: Previews
    method: str = ""
    legend: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)  #: by id of the sample


NOTHING = ExplainedPreviews({})


def make_thumbnails(diagnostics: Diagnostics, context: FitContext, test: TestResult, *, trained: bool) -> Thumbnails:
    """Return all that the report shows; nothing where none is written. What cannot be made is left out with a note.

    Args:
        diagnostics: of the run.
        context: of the first backbone.
        test: the saved classifier's answers.
        trained: whether a network was trained, so that changed views were seen.
    """
    if not context.settings.report:
        return Thumbnails({})
    modality, log, many = get_modality(context.samples.modality), context.log, context.samples.noun.many
    examples, facet = select_examples(test), modality.preview
    explained, sheet = NOTHING, None
    previews: Previews = {}
    if modality.explanation is not None and context.task.explanation is not None:  # there may be no places to point at
        explained = log.attempt(
            lambda: preview_explanations(
                context.folder / MODEL, examples, facet, find_disputed(context, examples, test)
            ),
            NOTHING,
            "no answer is explained",
        )
    if facet is None:
        log(events.Note(f"{many} have no previews: the report names them only"))
    else:
        shown = select_shown_samples(diagnostics, context, test)
        tested = {sample.id for sample in select_test_samples(test)}
        previews = log.attempt(partial(preview_samples, shown, facet, log), previews, f"{many} are not shown")
        if isinstance(facet, PlayablePreview):
            nothing: Previews = {}
            spoken = sorted(shown, key=lambda sample: sample.id in tested)  # those that are spoken of, then the others
            players = log.attempt(
                partial(make_players, [*examples, *spoken], facet), nothing, f"no {many} can be played"
            )
            previews = {**previews, **players}
    if trained:
        sheet = log.attempt(partial(_draw_sheet, context), None, "augmented views are not shown")
    previews = {**previews, **explained.previews, **({SHEET: sheet} if sheet else {})}
    ids = tuple(sample.id for sample in examples if HEAT + sample.id in explained.previews)
    return Thumbnails(previews, explained.method, explained.legend, ids, explained.labels)


def find_disputed(context: FitContext, examples: Sequence[Sample], test: TestResult) -> dict[str, str | None]:
    """Return by id of a test sample what of its answer is worth explaining beside its label; None: what it says."""
    explained = context.task.explanation
    if explained is None:
        return {}
    places = {sample.id: row for row, sample in enumerate(test.samples)}
    rows = np.array([places[sample.id] for sample in examples], np.int64)
    found = explained.find_disputed(
        context.samples.space,
        test.targets.values[rows],
        {name: values[rows] for name, values in test.answers.outputs.items()},
    )
    return {sample.id: label for sample, label in zip(examples, found, strict=True)}


def describe_thumbnails(thumbnails: Thumbnails) -> str:
    """Return how many there are, in one line."""
    count = sum(not key.startswith(PLAY) for key in thumbnails.previews)
    explained = len(thumbnails.explained)
    previews = f"{count - explained} preview{'s' * (count - explained != 1)}"
    if not explained:
        return previews
    return f"{previews}, {explained} explanation{'s' * (explained != 1)} of an answer"


def preview_samples(
    samples: Iterable[Sample], facet: PreviewFacet, listener: events.Listener = events.ignore
) -> Previews:
    """Return a preview of each sample, by its id; those that can no longer be read are left out."""
    shown = list(samples)
    preview = partial(_preview, facet)
    made = map_in_threads(preview, shown, stage="thumbnails", workers=default_workers(), listener=listener)
    return {sample.id: thumbnail for sample, thumbnail in zip(shown, made, strict=True) if thumbnail is not None}


def make_players(samples: Iterable[Sample], facet: PlayablePreview) -> Previews:
    """Return what can be played of the first samples, by keys; those that can no longer be read are left out."""
    first = {sample.id: sample for sample, _ in zip(samples, range(MOST_PLAYED), strict=False)}
    made: dict[str, Thumbnail] = {}
    for id_, sample in first.items():
        with suppress(BrokenItem):
            made[PLAY + id_] = facet.make_player(load_item(sample.source, facet.make_spec()).value)
    return made


def preview_explanations(
    folder: Path,
    samples: Sequence[Sample],
    facet: PreviewFacet | None,
    disputed: Mapping[str, str | None] | None = None,
) -> ExplainedPreviews:
    """Return samples with what spoke for the answer laid over them.

    Args:
        folder: of the saved classifier.
        samples: to explain.
        facet: of their modality; it decodes them small.
        disputed: by id of a sample the label that is explained; of the others what the answer says.
    """
    if not samples:
        return NOTHING
    explainer, previews, labels = open_explainer(folder), {}, {}
    spec = explainer.record.spec if facet is None else facet.make_spec(explainer.record.spec)
    for sample in samples:
        try:
            heat = explainer.explain(get_item(sample.source), (disputed or {}).get(sample.id))
            previews[HEAT + sample.id] = explainer.overlay(load_item(sample.source, spec).value, heat)
            labels[sample.id] = heat.label
        except (DataError, OSError):
            continue
    return ExplainedPreviews(previews, explainer.method, explainer.legend, labels)


def _draw_sheet(context: FitContext) -> Thumbnail | None:
    """Return the sheet of changed views, as they were trained on."""
    settings = context.settings
    return draw_view_sheet(context.samples, context.backbone.spec, settings, seed=settings.seed)


def _preview(facet: PreviewFacet, sample: Sample) -> Thumbnail | None:
    try:
        return facet.make_thumbnail(load_item(sample.source, facet.make_spec()).value)
    except BrokenItem:
        return None
