"""Diagnostics of a run: its data and its answers on test, measured, nothing acted on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from headstart import events
from headstart.data.groups import encode_groups
from headstart.data.samples import LedgerEntry, Subset
from headstart.diagnostics.examples import select_examples
from headstart.diagnostics.issues import DatasetIssues, find_dataset_issues
from headstart.diagnostics.label_issues import LabelDiagnostics, diagnose_labels, make_training_sets
from headstart.diagnostics.label_noise import describe_label_noise
from headstart.diagnostics.leakage import Leakage, describe_leakage, find_leaks, score_without_leaks
from headstart.diagnostics.learning_curve import LearningCurve, fit_learning_curve
from headstart.diagnostics.near_duplicates.search import DuplicatePair, NearDuplicates
from headstart.diagnostics.neighbours import Neighbours, SimilarSample, find_similar
from headstart.diagnostics.shortcuts import Shortcut, probe_shortcuts
from headstart.diagnostics.slices import Slices, compute_slices, describe_worst_slice
from headstart.evaluation.reliability import Reliability, measure_reliability
from headstart.export import FeatureBranch, FittedModel
from headstart.heads.catalog import HEADS, SOLVED
from headstart.modalities.facets import Cue, ItemIssue, NamedProperty, NumericProperty
from headstart.modalities.modality import get_modality
from headstart.selection.context import FitContext, make_targets
from headstart.selection.probes import LAYER, base_head_name, fit_probe
from headstart.selection.results import TestResult
from headstart.uncertainty.conformal import Coverage, measure_coverage


@dataclass(frozen=True)
class Diagnostics:
    """All that is found out about a run's data and its answers on test."""

    duplicates: NearDuplicates
    leakage: Leakage
    labels: LabelDiagnostics
    issues: DatasetIssues
    slices: Slices
    shortcuts: tuple[Shortcut, ...]
    learning_curve: LearningCurve | None  #: None where samples are too few for one
    uncalibrated: Reliability  #: of the probabilities before calibration
    calibrated: Reliability
    coverage: Coverage  #: of prediction sets
    neighbours: Neighbours  #: the samples that were learnt from, to find those most like another
    similar: Mapping[str, tuple[SimilarSample, ...]]  #: id of an example -> samples that were learnt from


@dataclass(frozen=True)
class _ItemFacts:
    """Facts about a run's items that their modality knows."""

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
    samples = context.samples
    entries = {entry.name: entry for entry in samples.ledger.entries}
    facts = _gather_facts(context, test, entries)
    groups = encode_groups(test.samples)
    labels = _diagnose_labels(context)
    neighbours = _fit_neighbours(context, model.branches[0])
    return Diagnostics(
        duplicates=duplicates,
        leakage=_diagnose_leakage(context, test, duplicates.pairs),
        labels=labels,
        issues=find_dataset_issues(
            samples, facts.issues, duplicates.pairs, samples.targets, labels.probabilities, known=labels.known
        ),
        slices=compute_slices(test.samples, entries, facts.test_properties, test.right),
        shortcuts=probe_shortcuts(
            facts.cues,
            samples.targets,
            encode_groups(samples.samples),
            test.evaluation.balanced_accuracy,
            context.settings.seed,
        ),
        learning_curve=_fit_learning_curve(context, test),
        uncalibrated=measure_reliability(test.labels, test.answers.uncalibrated, groups=groups),
        calibrated=measure_reliability(test.labels, test.answers.probabilities, groups=groups),
        coverage=measure_coverage(test.answers.prediction_set_or_likeliest(), test.labels, groups=groups),
        neighbours=neighbours,
        similar=_find_similar(context, model.branches[0], neighbours, test),
    )


def describe_diagnostics(diagnostics: Diagnostics) -> str:
    """Return one line for a person."""
    sentences = [
        _describe_calibration(diagnostics.uncalibrated, diagnostics.calibrated),
        describe_label_noise(diagnostics.labels.noise),
        describe_leakage(diagnostics.leakage),
        describe_worst_slice(diagnostics.slices),
    ]
    return "; ".join(filter(None, sentences))


def _describe_calibration(before: Reliability, after: Reliability) -> str:
    return (
        f"stated probabilities are off by {100 * after.ece:.1f} points on average "
        f"({100 * before.ece:.1f} before calibration)"
    )


def _diagnose_labels(context: FitContext) -> LabelDiagnostics:
    """Compare every label with heads on the first network that had not seen its sample, as ``check --labels`` does."""
    samples, settings = context.samples, context.settings
    training_sets = make_training_sets(
        samples,
        [layer.name for layer in context.backbone.layers],
        lambda name: context.load_features(context.branch(name), samples.samples),
        settings.seed,
    )
    return diagnose_labels([sample.id for sample in samples.samples], training_sets, folds=settings.folds)


def _diagnose_leakage(context: FitContext, test: TestResult, pairs: Sequence[DuplicatePair]) -> Leakage:
    leaks = find_leaks(context.samples, context.split, pairs)
    leaked = {leak.held_out for leak in leaks if leak.subset is Subset.TEST}
    if not leaked:
        return Leakage(leaks, None)
    mask = np.array([sample.id in leaked for sample in test.samples])
    predicted = test.answers.probabilities.argmax(axis=1)
    return Leakage(leaks, score_without_leaks(make_targets(test.samples, context.task), predicted, mask))


def _gather_facts(context: FitContext, test: TestResult, entries: Mapping[str, LedgerEntry]) -> _ItemFacts:
    """Return what the modality knows of the items; nothing, and a note, where it has no statistics."""
    samples, spec, modality = context.samples.samples, context.backbone.spec, get_modality(context.samples.modality)
    if modality.stats is None:
        context.log(events.Note(f"{modality.noun.many} have no statistics: their issues and shortcuts are not known"))
        return _ItemFacts((), (), ())
    stats = modality.stats.read(context.store, spec, [sample.digest for sample in samples])
    properties = [entries[sample.name].all_properties for sample in samples]
    places = {sample.id: place for place, sample in enumerate(samples)}
    rows = [places[sample.id] for sample in test.samples]
    return _ItemFacts(
        issues=tuple(modality.stats.find_issues([sample.id for sample in samples], properties, stats, spec)),
        test_properties=modality.stats.list_properties([properties[row] for row in rows], stats.take(rows)),
        cues=modality.stats.list_cues(properties, stats),
    )


def _fit_learning_curve(context: FitContext, test: TestResult) -> LearningCurve | None:
    """Return what a head on frozen features gains from more samples: fitted on train and validation, scored on test.

    The head is that of the probes where it can be solved many times over, else a logistic one.
    """
    head = base_head_name(context)
    head = head if head in SOLVED else "logistic"
    branch = context.branch(LAYER)
    return fit_learning_curve(
        context.training_set([branch], Subset.TRAIN, Subset.VALIDATION),
        context.load_features(branch, test.samples),
        test.labels,
        HEADS[head],
        context.settings,
        fit_probe(context, head).chosen,
        context.settings.seed,
        context.samples.classes,
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
