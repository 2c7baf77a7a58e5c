"""A check that the files of one run belong together: classes, counts and numbers of classes agree between them."""

from typing import TYPE_CHECKING

from headstart.storage.run_files import make_damage_error
from headstart.storage.run_layout import COMPARISON, EVALUATION, PREDICTIONS, TRUST

if TYPE_CHECKING:
    from headstart.reporting.records import Records


def check_consistency(records: "Records") -> None:
    """Raise an error where a file of a run says something that another one, or the rest of it, rules out.

    Raises:
        UserError: one does; it is named.
    """
    count, trust = len(records.classes), records.trust
    wrong = {
        EVALUATION: _find_scores_problem(records),
        COMPARISON: "" if any(row.winner for row in records.comparison.arms) else "no arm has won",
        TRUST: "" if trust.issues.counts.keys() == set(records.classes) else "it counts samples of other classes",
        f"{PREDICTIONS}.npz": _find_predictions_problem(records),
    }
    if not all(0 <= label < count for label in trust.classes_of.values()):
        wrong[TRUST] = f"a sample is of a class that is none of {count}"
    for name, problem in wrong.items():
        if problem:
            raise make_damage_error(records.folder / name, problem)


def _find_scores_problem(records: "Records") -> str:
    for scores in (records.validation, records.test):
        if tuple(scores.classes) != records.classes or len(scores.per_class) != len(records.classes):
            return "its parts have scores of different classes"
        if scores.n < 1 or scores.effective_n <= 0:
            return f"the part {scores.part!r} has no samples"
    return ""


def _find_predictions_problem(records: "Records") -> str:
    predictions = records.predictions
    if predictions.label.dtype.kind not in "iu":
        return "its labels are no whole numbers"
    if not ((predictions.label >= 0) & (predictions.label < len(records.classes))).all():
        return f"a label is none of {len(records.classes)} classes"
    for scores in (records.validation, records.test):
        seen = int((predictions.part == scores.part).sum())
        if seen != scores.n:
            return f"it has {seen} samples of the part {scores.part!r}, {EVALUATION} {scores.n}"
    return ""
