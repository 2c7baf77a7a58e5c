"""Shortcuts for targets that are numbers, or are made to: cues other than what is shown that foretell them.

As ``shortcuts`` does for classes: a small regression is given each cue alone, cross-validated with groups kept
together (ridge; Hoerl & Kennard, 1970, Technometrics 12), and what it explains of each output is its R2. Of several
outputs the one that the cue tells best is named: a shortcut to one label of ten is one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np
from threadpoolctl import threadpool_limits

from headstart.diagnostics.column_cues import find_correlated_columns
from headstart.diagnostics.shortcuts import DEPENDENT, FOLDS, SHRINKAGE, SURE
from headstart.evaluation.grouping import group_sums, number_groups
from headstart.heads.folds import assign_folds
from headstart_runtime.arrays import Bools, Doubles, Floats, Ints
from headstart_runtime.modalities.facets import Cue

LEAST = 10  #: rows that differ from an output's most frequent value; of fewer a cue may tell all by chance


@dataclass(frozen=True, slots=True)
class CueProbe:
    """Targets foretold from one cue alone."""

    cue: str  #: its name
    words: str  #: the cue, for a person
    output: int  #: that it tells best, an index into the names of the space
    explained: float  #: of the spread of that output, the share that the cue explains, R2, cross-validated
    low: float  #: of its 95 % interval
    high: float
    significant: bool  #: more than nothing beyond noise, with Bonferroni's correction for all cues and outputs
    share_of_gain: float  #: of what the model explains of it on test, how much the cue does; 1: as much, or more
    #: of a cue that is a part of each item: where the subject is tells more, and the part adds nothing to the rest,
    #: both beyond chance, so that what is shown reaches into it rather than that it says something of its own
    reached_by_subject: bool = False


@dataclass(frozen=True, slots=True)
class _Told:
    """Squared errors of N rows for K outputs; 0 where a target is unknown."""

    without: Doubles  #: (N, K) of the mean of the other folds
    errors: Doubles  #: (N, K) of the regression that was fitted without the row's fold

    @property
    def explained(self) -> Doubles:
        """The share (K,) of the spread that is explained."""
        total = self.without.sum(axis=0)
        return np.asarray(1 - np.divide(self.errors.sum(axis=0), total, out=np.ones_like(total), where=total > 0))


class _Probe:
    """Cross-validated regressions of the same targets on different rows."""

    def __init__(self, targets: Doubles, groups: Ints, seed: int):
        """Take targets (N, K), NaN where one is unknown, and a number for each group, (N,)."""
        self.targets, self.groups = targets, number_groups(groups)
        self.known: Bools = np.isfinite(targets)
        folds = min(FOLDS, int(self.groups.max()) + 1)
        self._fold = assign_folds(np.zeros(len(targets), np.int64), self.groups, folds, seed)

    def predict(self, rows: Floats) -> _Told:
        """Return the errors of regressions on rows (N, d)."""
        filled = np.where(self.known, self.targets, 0.0)
        without, errors = np.zeros_like(filled), np.zeros_like(filled)
        for held in np.unique(self._fold):
            inside = self._fold == held
            seen = rows[~inside].astype(np.float64)
            centre, spread = seen.mean(axis=0), seen.std(axis=0)
            scale = 1 / np.where(spread > 1e-9, spread, np.inf)
            seen, new = (seen - centre) * scale, (rows[inside] - centre) * scale
            for mask, columns in self._list_patterns(~inside):
                fitted = filled[~inside][mask][:, columns]
                mean = fitted.mean(axis=0)
                features = seen[mask]
                gram = features.T @ features + SHRINKAGE * len(features) * np.eye(features.shape[1])
                weight = np.linalg.solve(gram, features.T @ (fitted - mean))
                wanted = filled[np.ix_(inside, columns)]
                without[np.ix_(inside, columns)] = np.square(wanted - mean)
                errors[np.ix_(inside, columns)] = np.square(wanted - mean - new @ weight)
        return _Told(np.where(self.known, without, 0.0), np.where(self.known, errors, 0.0))

    def predict_by_column(self, rows: Floats) -> tuple[_Told, Ints]:
        """Return the errors of regressions on one column each, and the column for each output that is chosen by all.

        The column of an output is chosen without the rows that it is counted on.
        """
        filled = np.where(self.known, self.targets, 0.0)
        without, errors = np.zeros_like(filled), np.zeros_like(filled)
        for held in np.unique(self._fold):
            inside = self._fold == held
            chosen = find_correlated_columns(rows[~inside], self.targets[~inside], self.known[~inside])
            for output, column in enumerate(chosen.tolist()):
                own = self.known[~inside, output]
                seen, wanted = rows[~inside, column][own].astype(np.float64), filled[~inside, output][own]
                mean, away = wanted.mean(), seen - seen.mean()
                weight = (away @ (wanted - mean)) / max(float(away @ away) * (1 + SHRINKAGE), 1e-12)
                missed = filled[inside, output] - mean
                without[inside, output] = np.square(missed)
                errors[inside, output] = np.square(missed - weight * (rows[inside, column] - seen.mean()))
        told = _Told(np.where(self.known, without, 0.0), np.where(self.known, errors, 0.0))
        return told, find_correlated_columns(rows, self.targets, self.known)

    def _list_patterns(self, seen: Bools) -> list[tuple[Bools, Ints]]:
        """Return the outputs by which of the rows seen know them; those that no row knows are left out."""
        known = self.known[seen]
        patterns, number = np.unique(known, axis=1, return_inverse=True)
        number = number.ravel()
        return [
            (patterns[:, index], np.flatnonzero(number == index))
            for index in range(patterns.shape[1])
            if patterns[:, index].any()
        ]

    def find_usable(self) -> Ints:
        """Return the outputs of which enough rows differ from the most frequent value."""
        usable = []
        for column in range(self.targets.shape[1]):
            values = self.targets[self.known[:, column], column]
            if len(values) and len(values) - np.unique(values, return_counts=True)[1].max() >= LEAST:
                usable.append(column)
        return np.array(usable, np.int64)

    def estimate_error(self, told: _Told, output: int) -> float:
        """Return the standard error of what is explained of an output: of a ratio, linearised, between groups."""
        total = float(told.without[:, output].sum())
        lost = told.errors[:, output] - (1 - float(told.explained[output])) * told.without[:, output]
        sums = group_sums(lost, self.groups)
        return sqrt(DEPENDENT * len(sums) / max(1, len(sums) - 1) * float(np.square(sums).sum())) / max(total, 1e-300)

    def is_better(self, one: _Told, other: _Told, output: int) -> bool:
        """Return whether one tells an output better than the other by two standard errors."""
        gain = group_sums(other.errors[:, output] - one.errors[:, output], self.groups)
        return bool(gain.sum() > SURE * sqrt(DEPENDENT * float(np.square(gain).sum())))


def probe_cues(
    cues: Sequence[Cue], targets: Doubles, groups: Ints, by_model: Doubles, seed: int
) -> tuple[CueProbe, ...]:
    """Return how much each cue explains of the targets by itself.

    Args:
        cues: of N samples.
        targets: (N, K) as numbers, NaN where one is unknown: a label 1 or 0, a rank, a number.
        groups: (N,) a number for each group.
        by_model: (K,) what the model explains of each output on test, R2; NaN where it is not known.
        seed: of the folds.

    Returns:
        One record for each cue; none where there is no output of which enough rows differ.
    """
    if len(targets) < 2 or len(np.unique(groups)) < 2:
        return ()
    probe = _Probe(targets, groups, seed)
    usable = probe.find_usable()
    if not len(usable):
        return ()
    with threadpool_limits(1, "blas"):  # as in ``shortcuts``
        found = [_probe_cue(cue, len(cues), probe, usable, by_model) for cue in cues]
        return tuple(probed for probed in found if probed is not None)


def measure_explained(targets: Doubles, predicted: Doubles) -> Doubles:
    """Return R2 (K,) of predictions (M, K) of targets (M, K); NaN where no known target differs from another."""
    known = np.isfinite(targets)
    count = known.sum(axis=0)
    filled = np.where(known, targets, 0.0)
    mean = filled.sum(axis=0) / np.maximum(count, 1)
    total = np.where(known, np.square(filled - mean), 0.0).sum(axis=0)
    lost = np.where(known, np.square(filled - predicted), 0.0).sum(axis=0)
    return np.asarray(1 - np.divide(lost, total, out=np.full(len(total), np.nan), where=total > 0), np.float64)


def _probe_cue(cue: Cue, cues: int, probe: _Probe, usable: Ints, by_model: Doubles) -> CueProbe | None:
    """Return how much a cue explains; None where it has no columns."""
    rows, words = cue.make_rows(), cue.words
    if not rows.shape[1]:
        return None
    if cue.name_columns is None:
        told = probe.predict(rows)
    else:
        told, columns = probe.predict_by_column(rows)
        words = cue.name_columns()[columns[usable[told.explained[usable].argmax()]]]
    output = int(usable[told.explained[usable].argmax()])
    explained, error = float(told.explained[output]), probe.estimate_error(told, output)
    strict = NormalDist().inv_cdf(1 - 0.05 / (cues * len(usable)))
    significant = explained - strict * error > 0
    model = float(by_model[output])
    share = min(1.0, max(0.0, explained) / model) if model > 0 else float(explained > 0)
    reached = False
    if significant and cue.make_surroundings is not None:
        around = cue.make_surroundings()
        subject, rest, whole = (probe.predict(rows) for rows in (around.subject, around.rest, around.whole))
        reached = probe.is_better(subject, told, output) and not probe.is_better(whole, rest, output)
    width = NormalDist().inv_cdf(0.975) * error
    return CueProbe(
        cue=cue.name,
        words=words,
        output=output,
        explained=explained,
        low=explained - width,
        high=min(1.0, explained + width),
        significant=significant,
        share_of_gain=share,
        reached_by_subject=reached,
    )
