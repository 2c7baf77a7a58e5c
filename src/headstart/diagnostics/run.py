"""What the data and the result of a run look like, once it has been judged: all of it measured, nothing acted on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from headstart.data.groups import encode_groups
from headstart.data.samples import Sample, Subset
from headstart.diagnostics.examples import select_examples
from headstart.diagnostics.issues import DatasetIssues, find_dataset_issues
from headstart.diagnostics.label_issues import LabelDiagnostics, diagnose_labels, make_training_sets
from headstart.diagnostics.label_noise import describe_label_noise
from headstart.diagnostics.leakage import Leak, LeakScores, find_leaks, score_without_leaks
from headstart.diagnostics.learning_curve import LearningCurve, fit_learning_curve
from headstart.diagnostics.neighbours import Neighbours
from headstart.diagnostics.shortcuts import Shortcut, probe_shortcuts
from headstart.diagnostics.slices import Slices, compute_slices
from headstart.diagnostics.subject import Subject
from headstart.evaluation.reliability import Reliability, measure_reliability
from headstart.export import FeatureBranch
from headstart.heads.catalog import HEADS, SOLVED
from headstart.modalities.image.stats import read_stats
from headstart.selection.context import FitContext, make_targets
from headstart.selection.probes import LAYER, base_head_name, fit_probe
from headstart.selection.results import TestResult
from headstart.uncertainty.conformal import Coverage, measure_coverage

ALIKE = 3  #: photos that are named beside one that is worth a look


@dataclass(frozen=True, slots=True)
class SimilarSample:
    """A photo that was learnt from and is like another."""

    id: str
    similarity: float  #: cosine


@dataclass(frozen=True)
class Diagnostics:
    """What was found."""

    subject: Subject
    leaks: tuple[Leak, ...]
    leak_scores: LeakScores | None  #: None without a leak into test
    labels: LabelDiagnostics
    issues: DatasetIssues
    slices: Slices
    shortcuts: tuple[Shortcut, ...]
    learning_curve: LearningCurve | None  #: None where photos are too few for one
    before: Reliability  #: on test, uncalibrated
    after: Reliability  #: on test, calibrated
    coverage: Coverage  #: of prediction sets on test
    neighbours: Neighbours  #: the photos that were learnt from, to find those most like another
    similar: Mapping[
        str, tuple[SimilarSample, ...]
    ]  #: a judged photo that is worth a look -> those, the most alike first


def diagnose(subject: Subject) -> Diagnostics:
    """Looks at a run's data and result."""
    material, guarded, judged, duplicates = subject.material, subject.guarded, subject.judged, subject.duplicates
    samples = material.samples
    looks = read_stats(material.store, material.backbone.spec, [sample.digest for sample in samples.samples])
    places = {sample.id: place for place, sample in enumerate(samples.samples)}
    held = _held_labels(material)
    leaks = tuple(find_leaks(samples, material.split, duplicates))
    answers = judged.answers
    said = answers.probabilities.argmax(axis=1)
    neighbours = _neighbours(material, guarded.model.branches[0])
    leaked = {leak.held_out for leak in leaks if leak.subset is Subset.TEST}
    mask = np.array([sample.id in leaked for sample in judged.samples])
    entries = {entry.name: entry for entry in samples.ledger.entries}
    return Diagnostics(
        subject=subject,
        leaks=leaks,
        leak_scores=score_without_leaks(make_targets(judged.samples), said, mask) if leaked else None,
        labels=held,
        issues=find_dataset_issues(
            samples,
            looks,
            duplicates,
            samples.labels,
            held.probabilities,
            known=held.known,
            edge=material.backbone.spec.size,
        ),
        slices=compute_slices(
            judged.samples, entries, looks.at([places[it.id] for it in judged.samples]), judged.right
        ),
        shortcuts=tuple(
            probe_shortcuts(
                samples.samples,
                entries,
                looks,
                samples.labels,
                encode_groups(samples.samples),
                judged.evaluation.balanced_accuracy,
                material.settings.seed,
            )
        ),
        learning_curve=_learning_curve(material, judged),
        before=measure_reliability(judged.labels, answers.uncalibrated, groups=encode_groups(judged.samples)),
        after=measure_reliability(judged.labels, answers.probabilities, groups=encode_groups(judged.samples)),
        coverage=measure_coverage(
            answers.prediction_set_or_likeliest(), judged.labels, groups=encode_groups(judged.samples)
        ),
        neighbours=neighbours,
        similar=_alike(material, guarded.model.branches[0], neighbours, select_examples(judged)),
    )


def describe_diagnostics(it: Diagnostics) -> str:
    """One line for a person."""
    found = [f"ECE on test {it.after.ece:.3f} ({it.before.ece:.3f} before calibration)"]
    found.append(describe_label_noise(it.labels.noise))
    if it.leaks:
        found.append(f"{len(it.leaks)} leak{'s' * (len(it.leaks) > 1)}")
    if it.slices.worst:
        found.append(f"worst where {it.slices.worst.by} is {it.slices.worst.value}")
    return "; ".join(found)


def _held_labels(material: FitContext) -> LabelDiagnostics:
    """Every label held to heads on the first network that had not seen its photo, as ``check --labels`` does."""
    samples = material.samples
    layers = [layer.name for layer in material.backbone.layers]
    tasks = make_training_sets(
        samples,
        layers,
        lambda name: material.load_features(material.branch(name), samples.samples),
        material.settings.seed,
    )
    return diagnose_labels([sample.id for sample in samples.samples], tasks, folds=material.settings.folds)


def _head(material: FitContext) -> str:
    """A head that can be solved many times over: that of the probes, where it is one."""
    head = base_head_name(material)
    return head if head in SOLVED else "logistic"


def _neighbours(material: FitContext, branch: FeatureBranch) -> Neighbours:
    seen = material.samples_in(Subset.TRAIN, Subset.VALIDATION)
    return Neighbours.of(
        [sample.id for sample in seen], material.load_features(branch, seen), seed=material.settings.seed
    )


def _alike(
    material: FitContext, branch: FeatureBranch, neighbours: Neighbours, samples: Sequence[Sample]
) -> dict[str, tuple[SimilarSample, ...]]:
    if not samples:
        return {}
    indices, similarity = neighbours.nearest(material.load_features(branch, samples), ALIKE)
    return {
        sample.id: tuple(SimilarSample(neighbours.ids[index], float(how)) for index, how in zip(row, hows, strict=True))
        for sample, row, hows in zip(samples, indices, similarity, strict=True)
    }


def _learning_curve(material: FitContext, judged: TestResult) -> LearningCurve | None:
    """What a head on frozen features gains from more photos: of train and validation, judged on test."""
    head = _head(material)
    branch = material.branch(LAYER)
    return fit_learning_curve(
        material.training_set([branch], Subset.TRAIN, Subset.VALIDATION),
        material.load_features(branch, judged.samples),
        judged.labels,
        HEADS[head],
        material.settings,
        fit_probe(material, head).chosen,
        material.settings.seed,
        material.samples.classes,
    )
