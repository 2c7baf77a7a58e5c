"""Findings about numbers: values that are far from what is expected, weak slices, shortcuts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from headstart.data.samples import Samples
from headstart.diagnostics.distances import SAME
from headstart.diagnostics.findings import AnswerDiagnostics
from headstart.diagnostics.held_out import answer_held_out, make_label_sets
from headstart.diagnostics.label_review import LabelReview, LabelSuspect
from headstart.diagnostics.slices import ItemProperty
from headstart.evaluation.grouping import Targets
from headstart.selection.results import Postprocessed, TestResult
from headstart.tasks.regression.label_issues import LIMIT, NumberResiduals, find_number_issues, measure_residuals
from headstart.tasks.regression.trust_record import record_intervals
from headstart_runtime.arrays import Doubles, Floats
from headstart_runtime.inference.postprocess import BatchPredictions
from headstart_runtime.modalities.facets import NumericProperty
from headstart_runtime.modalities.item import Noun
from headstart_runtime.tasks.regression.postprocessor import VALUE
from headstart_runtime.tasks.task import Measure, TargetArray, TargetSpace

_ENDS = (0.01, 0.99)  #: quantiles beyond which numbers are drawn in before cues are held to them: a few tell nothing
_SURE = 0.05  #: share of false alarms up to which a number is hardly so far off by chance
_MOSTLY = 0.9  #: quantile of errors beyond which two numbers of one item contradict each other
_DIGITS = 3  #: of a number that limits of slices are told with


class NumberDiagnostics(AnswerDiagnostics):
    """The facet that finds them."""

    def describe_item_score(self, space: TargetSpace) -> Measure:
        """Return the absolute error; of several numbers, whose units differ, relative to their ranges."""
        name = "absolute error" if len(space.names) == 1 else "error relative to the range"
        return Measure(name, "squared error", share=False, greater=False)

    def score_items(self, targets: Targets, answers: BatchPredictions, space: TargetSpace) -> Doubles:
        """Return minus the absolute error (M,), of several numbers the mean over their ranges; NaN of none known."""
        errors = np.abs(_read_values(answers) - _stand(targets.values))
        if errors.shape[1] > 1:
            errors = errors / _measure_ranges(space, targets.values)
        known = np.isfinite(errors)
        total = np.where(known, errors, 0.0).sum(axis=1)
        count = known.sum(axis=1)
        return np.asarray(np.where(count > 0, -total / np.maximum(count, 1), np.nan), np.float64)

    def encode_targets(self, targets: TargetArray, space: TargetSpace) -> Doubles:
        """Return the numbers (N, K), those beyond the first and the last hundredth drawn in."""
        numbers = _stand(targets).copy()
        for column in numbers.T:
            known = np.isfinite(column)
            if known.any():
                column[known] = np.clip(column[known], *np.quantile(column[known], _ENDS))
        return numbers

    def encode_answers(self, answers: BatchPredictions, space: TargetSpace) -> Doubles:
        """Return the numbers that are answered, (M, K)."""
        return _read_values(answers)

    def list_properties(self, targets: TargetArray, space: TargetSpace) -> Sequence[ItemProperty]:
        """Return the true numbers, each cut into thirds."""
        found = []
        for name, column in zip(space.names, _stand(targets).T, strict=True):
            if np.isfinite(column).all() and len(column):
                size = float(np.abs(column).max())
                scale = 10 ** max(0, _DIGITS - 1 - int(np.floor(np.log10(size)))) if size > 0 else 1
                found.append(NumericProperty(name, column * scale, ("low", "middle", "high"), "", scale))
        return found

    def record_postprocessing(self, fitted: Postprocessed, test: TestResult) -> Mapping[str, Any]:
        """Return intervals, and the medians that answers are held against."""
        return record_intervals(fitted)

    def review_labels(
        self, samples: Samples, layers: Sequence[str], rows: Callable[[str], Floats], settings: Any
    ) -> LabelReview:
        """Return every number held against heads that had not seen its sample."""
        sets = make_label_sets(samples, layers, rows, settings.seed)

        best: list[tuple[int, ...]] = []  # features by which answers were best: wrong numbers have a say in the first

        def predict(drawn: Doubles) -> Floats:
            given = [replace(one, targets=drawn.reshape(one.targets.shape)) for one in sets]
            found = answer_held_out(samples.task, given, settings, best[1] if len(best) > 1 else None)
            best.append(found.sets)
            return found.outputs

        numbers = _stand(sets[0].targets)
        return review_numbers(samples, numbers, measure_residuals(numbers, predict))


def review_numbers(samples: Samples, numbers: Doubles, residuals: NumberResiduals) -> LabelReview:
    """Return the numbers (N, K) of samples held against what was expected of them."""
    space, task = samples.space, samples.task
    ids = [sample.id for sample in samples.samples]
    suspects = find_number_issues(ids, numbers, residuals, lambda target: task.targets.describe(space, target))
    return LabelReview(
        n=len(samples),
        agreement=_describe_agreement(numbers, residuals, space),
        summary=_describe_suspects(suspects, len(samples), samples.noun),
        suspects=suspects,
        noise=None,
        same=_measure_same(samples, numbers, residuals),
    )


def _measure_same(samples: Samples, numbers: Doubles, residuals: NumberResiduals) -> float:
    """Return the distance of labels that nine tenths of the answers are from theirs at most, ``SAME`` at least."""
    rows = np.arange(len(numbers))
    both = np.concatenate([numbers, residuals.expected])
    away = samples.task.targets.measure_distances(both, rows, rows + len(rows))
    return max(SAME, float(np.nanquantile(away, _MOSTLY))) if len(rows) else SAME


def _describe_agreement(numbers: Doubles, residuals: NumberResiduals, space: TargetSpace) -> str:
    away = np.nanmedian(np.abs(numbers - residuals.expected), axis=0)
    if len(away) == 1:
        return f"half of the answers are within {away[0]:.3g} of the label"
    told = ", ".join(f"{middle:.3g} ({name})" for name, middle in zip(space.names, away.tolist(), strict=True))
    return f"half of the answers are within these of the label: {told}"


def _describe_suspects(suspects: Sequence[LabelSuspect], n: int, noun: Noun) -> str:
    if not suspects:
        return f"of {n:,} {noun.many} none has a number that is far from what is expected"
    sure = sum(suspect.given_probability <= _SURE for suspect in suspects)
    has = "has a number that is" if len(suspects) == 1 else "have a number that is"
    told = (
        f"{len(suspects):,} of {n:,} {noun.many} {has} {LIMIT:g} local standard deviations or more off what is expected"
    )
    hardly = f"{sure:,} of them hardly by chance" if sure else "which may be chance"
    return f"{told}, {hardly}, strongest first"


def _stand(targets: TargetArray) -> Doubles:
    """Return numbers as columns, (N, K)."""
    return np.asarray(targets, np.float64).reshape(len(targets), -1)


def _read_values(answers: BatchPredictions) -> Doubles:
    return np.asarray(answers.outputs[VALUE], np.float64).reshape(len(answers), -1)


def _measure_ranges(space: TargetSpace, targets: TargetArray) -> Doubles:
    """Return the range (K,) of each number: as the space has it, else of these targets; above 0."""
    low, high = space.facts.get("low"), space.facts.get("high")
    if low and high:
        ranges = np.asarray(high, np.float64) - np.asarray(low, np.float64)
    else:
        ranges = np.nanmax(_stand(targets), axis=0) - np.nanmin(_stand(targets), axis=0)
    return np.asarray(np.where(ranges > 0, ranges, 1.0))
