"""Diagnostics of a run: its data and its answers on test, measured, nothing acted on."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from headstart import events
from headstart.data.load import DecodedItems
from headstart.data.samples import Subset
from headstart.diagnostics.check_groups import check_groups
from headstart.diagnostics.examples import select_examples
from headstart.diagnostics.group_check import GroupCheck
from headstart.diagnostics.leakage import Leakage, describe_leakage, find_leaks
from headstart.diagnostics.learning_curve import LearningCurve, fit_learning_curve, read_curve
from headstart.diagnostics.near_duplicates.search import DuplicatePair, NearDuplicates
from headstart.diagnostics.neighbours import Neighbours, SimilarSample, find_similar
from headstart.heads.threads import share_threads
from headstart.saving import FeatureBranch, FittedModel
from headstart.selection.context import FitContext
from headstart.selection.probes import LAYER, base_head_name, fit_probe
from headstart.selection.recall import ask_of_rows, can_recall, can_recall_scores
from headstart.selection.results import TestResult
from headstart.storage.results import Question, Result
from headstart_runtime.modalities.checks import check_properties
from headstart_runtime.modalities.facets import Cue, ItemIssue, NamedProperty, NumericProperty
from headstart_runtime.modalities.modality import get_modality


@dataclass(frozen=True)
class Diagnostics:
    """All that is found out about a run's data and its answers on test."""

    duplicates: NearDuplicates
    leakage: Leakage
    groups: GroupCheck | None  #: that nobody named; None where none were seen, or none can be learnt from
    findings: Any  #: of the task, about labels and answers; None where it has none
    neighbours: Neighbours  #: the samples that were learnt from, to find those most like another
    learning_curve: LearningCurve | None  #: None where samples are too few for one
    similar: Mapping[str, tuple[SimilarSample, ...]]  #: id of an example -> samples that were learnt from


@dataclass(frozen=True)
class ItemFindings:
    """Findings about a run's items that their modality makes."""

    issues: Sequence[ItemIssue]  #: of all items
    test_properties: Sequence[NamedProperty | NumericProperty]  #: of the test items, in the order of their answers
    cues: Sequence[Cue]  #: of all items


def diagnose(context: FitContext, model: FittedModel, test: TestResult, duplicates: NearDuplicates) -> Diagnostics:
    """Return what there is to find out about a run's data and its answers.

    Args:
        context: of the first backbone.
        model: what was saved.
        test: its answers on test.
        duplicates: near-duplicates among all samples.
    """
    own = context.task.diagnostics
    with share_threads(2), ThreadPoolExecutor(1) as pool:  # beside the rest, which keeps one core busy
        curve = pool.submit(_prepare_learning_curve(context, test))  # held by nobody else: its features go when it ends
        findings = None
        if own is not None:
            findings = own.diagnose(context, test, duplicates, _gather_item_findings(context, test))
        neighbours = _fit_neighbours(context, model.branches[0])
        return Diagnostics(
            duplicates=duplicates,
            leakage=_diagnose_leakage(context, test, duplicates.pairs),
            groups=context.log.attempt(lambda: check_groups(context), None, "proposed groups were not tried"),
            findings=findings,
            neighbours=neighbours,
            similar=_find_similar(context, model.branches[0], neighbours, test),
            learning_curve=curve.result(),
        )


def describe_diagnostics(diagnostics: Diagnostics, context: FitContext) -> str:
    """Return one line for a person."""
    own = context.task.diagnostics
    sentences = [] if own is None else list(own.describe(diagnostics.findings))
    if own is None:
        sentences.append(f"labels and answers were not looked into: {context.task.title} brings no diagnostics")
    return "; ".join(filter(None, [*sentences, describe_leakage(diagnostics.leakage)]))


def _prepare_learning_curve(context: FitContext, test: TestResult) -> Callable[[], LearningCurve | None]:
    """Return what finds how much a head on frozen features gains from more samples; all features are read before.

    It is fitted on train and validation, scored on test. The head is that of the probes where it can be solved many
    times over, else the task's default.
    """
    heads, head = context.task.heads, base_head_name(context)
    head = head if head in heads.solved else heads.default
    branch = context.branch(LAYER)
    train = context.training_set([branch], Subset.TRAIN, Subset.VALIDATION)
    features, fixed = context.load_features(branch, test.samples), fit_probe(context, head).chosen
    fit, settings = heads.heads[head], context.settings
    held_out, task, space = test.targets, context.task, context.samples.space
    make = partial(
        fit_learning_curve, train, features, held_out, fit, settings, fixed, task, space, context.settings.seed
    )
    known = can_recall(context, head, train) and can_recall_scores(task)
    if not known or held_out.values.dtype == object:
        return make
    asked = {"test": features, "test-targets": held_out.values, "test-groups": held_out.groups}
    question = ask_of_rows(context, "learning-curve", train, [head, fixed, space.to_json()], asked)
    return partial(_recall_curve, context, question, make)


def _recall_curve(
    context: FitContext, question: Question, make: Callable[[], LearningCurve | None]
) -> LearningCurve | None:
    """Return the learning curve, known from before or fitted now."""

    def pack() -> Result:
        curve = make()
        return Result({}, None if curve is None else asdict(curve))

    facts = context.store.results.recall(question, pack).facts
    return None if facts is None else read_curve(facts)


def _diagnose_leakage(context: FitContext, test: TestResult, pairs: Sequence[DuplicatePair]) -> Leakage:
    leaks = find_leaks(context.samples, context.split, pairs)
    leaked = {leak.held_out for leak in leaks if leak.subset is Subset.TEST}
    own = context.task.diagnostics
    if not leaked or own is None:
        return Leakage(leaks, None)
    rows = np.array([sample.id in leaked for sample in test.samples])
    return Leakage(leaks, own.score_leaks(test, rows, context.samples.space))


def _gather_item_findings(context: FitContext, test: TestResult) -> ItemFindings:
    """Return what the modality knows of the items; nothing, and a note, where it has no statistics."""
    samples, spec, modality = context.samples.samples, context.backbone.spec, get_modality(context.samples.modality)
    if modality.stats is None:
        context.log(events.Note(f"{modality.noun.many} have no statistics: odd ones and shortcuts were not looked for"))
        return ItemFindings((), (), ())
    items = DecodedItems([sample.source for sample in samples], spec)
    stats = modality.stats.read(context.store, spec, [sample.digest for sample in samples], items)
    log, many = context.log, modality.noun.many
    entries = {entry.name: entry for entry in context.samples.ledger.entries}
    properties = [entries[sample.name].all_properties for sample in samples]
    places = {sample.id: place for place, sample in enumerate(samples)}
    rows = [places[sample.id] for sample in test.samples]
    facet, ids = modality.stats, [sample.id for sample in samples]
    return ItemFindings(
        issues=log.attempt(lambda: tuple(facet.find_issues(ids, properties, stats, spec)), (), f"no issues of {many}"),
        test_properties=log.attempt(
            lambda: check_properties(
                modality.name, facet.list_properties([properties[row] for row in rows], stats.take(rows)), len(rows)
            ),
            (),
            "no slices by properties",
        ),
        cues=log.attempt(lambda: facet.list_cues(properties, stats), (), "no shortcuts"),
    )


def _fit_neighbours(context: FitContext, branch: FeatureBranch) -> Neighbours:
    seen = context.samples_in(Subset.TRAIN, Subset.VALIDATION)
    ids = [sample.id for sample in seen]
    return Neighbours.fit(ids, context.load_features(branch, seen), seed=context.settings.seed)


def _find_similar(
    context: FitContext, branch: FeatureBranch, neighbours: Neighbours, test: TestResult
) -> dict[str, tuple[SimilarSample, ...]]:
    """Return, for each example, the samples that were learnt from and are most like it."""
    examples = select_examples(test)
    if not examples:
        return {}
    return find_similar(neighbours, [sample.id for sample in examples], context.load_features(branch, examples))
