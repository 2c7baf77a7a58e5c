"""``logistic``: L2-penalised logistic regression on standardised features, its penalty chosen by cross-validation.

The objective is scikit-learn's: ``C * sum of log losses + |W|^2 / 2``, the bias free; one logit for two classes, C
for more. The folds and the fit on all rows are solved side by side along one path of growing C, each C starting from
the last: a fold costs a few more columns in a matrix product. The held-out log losses fall out of the same products.

Chosen is the smallest C whose cross-validated log loss is within 5 % of the lowest. Over 74 splits of four sample
collections this was 0.1-0.2 points more accurate on average than the C of the lowest loss, with a better log loss in
half of the cases; choosing by accuracy gave a worse log loss in most. The path ends where the loss has risen beyond
that. The head on all rows starts from the mean of the folds' at its C.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from time import perf_counter

import numpy as np

from headstart.heads.class_problems import ENOUGH, STEPS, FoldSolver, first_bias, pose_class_problems, settle_bias
from headstart.heads.descent import extrapolate, initialise, minimise, probabilities_of_logits, start_at
from headstart.heads.folds import FoldGroups, assign_folds, count_folds, find_counted_rows, make_fold_groups
from headstart.heads.head import NOT_KEPT, Dense, FitResult, Head, TrainingSet, Trial
from headstart.heads.kernel_rows import reads_kernel_rows
from headstart.heads.scaling import Scaling, knows_each_row, standardise
from headstart.heads.space import ParameterSpace, choose_space
from headstart.heads.subsample import choose_tolerance, draw_subsample
from headstart.heads.threads import limit_to_idle_threads
from headstart.settings import HeadSettings
from headstart_runtime.arrays import Doubles, Floats, Ints
from headstart_runtime.linalg import softmax

_ROUGH = 1e-4  #: tolerance (see ``minimise``) on the path; of the head that is kept the training set says it
_ROUGHER = 5e-4  #: likewise, of many rows: on TREC .2 % off at the lowest loss, .8 % at the C after it
_RISES, _RISEN = 2, 1.1  #: a path ends after that many rises in a row to that multiple of the smallest loss
_NEAR = 1.05  #: losses within that multiple of the smallest count as equal
_EASY = 1e-3  #: C up to which the way is short
_UNSURE = 1e-2  #: C where nothing can be held out


@reads_kernel_rows
def fit_logistic(
    training_set: TrainingSet, options: HeadSettings, fixed: Mapping[str, float] | None = None
) -> FitResult:
    """Fit a logistic regression, see the module. ``chosen`` is ``{"C": ...}``.

    A class without rows keeps weights of 0 and the probability of about 1 / (rows + 1) before the features speak.
    With class weights the path's log loss and accuracy are of weighted rows too.
    """
    began = perf_counter()
    together = make_fold_groups(training_set.targets, training_set.groups)
    chooses = fixed is None and bool(together.counted.any())
    walk = _walk_sample(training_set, together, options) if chooses else None  # before the features are overwritten
    solver = _Solver(training_set)
    if walk is None:
        walk = _walk(solver.space, training_set, together, options) if chooses else _Walk()
    C = choose_strength(walk.path) if chooses else _UNSURE if fixed is None else float(fixed["C"])
    solver.approach(C, walk.find_starts(C))
    solver.minimise(C, training_set.tolerance)
    head = Head("logistic", (solver.make_layer(),))
    return FitResult(head, {"C": C}, walk.path, perf_counter() - began, together.torn)


@dataclass(frozen=True, slots=True)
class _Walk:
    """A path of growing C."""

    path: tuple[Trial, ...] = ()
    #: For each C the mean over the folds of unknowns (L, M) and biases (L,); none where they are of other rows.
    means: tuple[tuple[Floats, Floats], ...] = ()

    def find_starts(self, C: float) -> tuple[tuple[Floats, Floats], ...]:
        """Return the means at the C before one of the path, and at this one; none where there are none."""
        place = [trial.value for trial in self.path].index(C) if self.means else 0
        return self.means[max(0, place - 1) : place + 1]


def predict_held_out(training_set: TrainingSet, fold: Ints, C: float) -> Floats:
    """Return probabilities (N, C) of each row by the head at ``C`` that is fitted on the rows of the other folds.

    Args:
        training_set: the rows.
        fold: (N,) in 0..folds-1, two folds at least.
        C: inverse of the penalty.
    """
    (probabilities,) = predict_held_out_path(training_set, fold, [C])
    return probabilities


def predict_held_out_path(training_set: TrainingSet, fold: Ints, path: Sequence[float]) -> list[Floats]:
    """Return the result of ``predict_held_out`` for each C of a growing path; each starts from the last solution.

    Of few rows each fold has its own standardisation (``scaling.knows_each_row``), or the answers are too sure: on 60
    brain scans the held-out log loss was .42 by a standardisation of all rows, .79 by each fold's own, .68 on scans
    that were not there; calibrated on these answers, .58 and .49 on such scans, and 90 % prediction sets held 86.5
    and 89.4 % (means of 20 draws). Of many rows the folds are solved side by side, on features that all standardise.
    """
    if not knows_each_row(training_set.features):
        return predict_side_by_side(training_set, fold, path)
    answers = [np.empty((len(fold), training_set.outputs), np.float32) for _ in path]
    with limit_to_idle_threads(training_set.features.size):
        for held in np.unique(fold):
            out = fold == held
            solver = _Solver(training_set.take(~out))
            solver.approach(path[0])
            for C, answer in zip(path, answers, strict=True):
                solver.minimise(C, NOT_KEPT)
                answer[out] = softmax(Head("logistic", (solver.make_layer(),)).logits(training_set.features[out]))
    return answers


def predict_side_by_side(training_set: TrainingSet, fold: Ints, path: Sequence[float]) -> list[Floats]:
    """Return what ``predict_held_out_path`` does, the folds solved side by side on features that all rows standardise.

    Of few rows these answers are too sure, but rank better: C is chosen so, and label issues are found so. By each
    fold's own standardisation the C that was chosen on 60 brain scans was a hundred times smaller, and the log loss on
    others .61, not .49; of 5 % turned labels among 120 scans 40 % were among as many first issues, not 45 %.

    Args:
        training_set: the rows.
        fold: (N,) in 0..folds-1, two folds at least.
        path: growing C.
    """
    with limit_to_idle_threads(training_set.features.size):
        space = choose_space(standardise(training_set)[1], training_set.seed)
        folds = FoldSolver(space, training_set, fold)
        for lower in approach_strength(path[0]):
            folds.minimise(lower, _ROUGH)
        answers = []
        for C in path:
            folds.minimise(C, choose_tolerance(len(fold)))
            logits = folds.logits()
            if len(logits) == 1:
                logits = np.concatenate([np.zeros_like(logits), logits])
            answers.append(softmax(logits[:, 0].T))
        return answers


class _Solver:
    """The problem of all rows, on features that they standardise."""

    def __init__(self, training_set: TrainingSet):
        self.scaling, scaled = standardise(training_set)
        self.space = choose_space(scaled, training_set.seed)
        self._problem = pose_class_problems(training_set, np.ones((1, len(training_set)), bool))
        self._state = initialise(self.space, first_bias(self._problem))

    def approach(self, C: float, starts: Sequence[tuple[Floats, Floats]] = ()) -> None:
        """Move to near the minimum for ``C``, over smaller ones, or to the last of some points and on from there."""
        if starts:
            points = [start_at(self.space, *start) for start in starts]
            self._state = points[-1]
            extrapolate(self.space, self._problem, self._state, points[0], C)
            return
        for lower in approach_strength(C):
            self.minimise(lower, _ROUGH)

    def minimise(self, C: float, tolerance: float) -> None:
        """Move to the minimum for ``C``."""
        minimise(self.space, self._problem, self._state, C, tolerance, STEPS)

    def make_layer(self) -> Dense:
        """Return where it is as a layer on raw features."""
        bias = settle_bias(self._state.bias, self._problem)[:, 0]
        return _layer(self.space.weights(self._state.unknown[:, 0]), bias, self.scaling)


def _walk_sample(training_set: TrainingSet, together: FoldGroups, options: HeadSettings) -> _Walk | None:
    """Return the path of a sample of many rows; nothing where they are few, or none of the sample can be held out.

    C is the strength of a prior on the weights, which does not depend on how many rows there are, and what
    cross-validation says of it varies less from 8,192 rows to others than from one C to the next: of 6,500 rows in ten
    classes, 1,280 or 320 features, 4,096 and 2,048 chose the C that all of them chose. Where rows come in groups of
    near copies it was one step of the grid higher. 32,500 rows of 1,280 take 0.41 of the time.
    """
    chosen = draw_subsample(training_set.targets, together.groups, training_set.seed)
    if chosen is None:
        return None
    sample = replace(training_set, groups=together.groups).take(chosen)
    grouped = make_fold_groups(sample.targets, sample.groups)
    if not grouped.counted.any():
        return None
    space = choose_space(Scaling.fit(sample.features).transform(sample.features), sample.seed)
    return replace(_walk(space, sample, grouped, options), means=())


def _walk(space: ParameterSpace, training_set: TrainingSet, together: FoldGroups, options: HeadSettings) -> _Walk:
    """Return cross-validated scores along growing C; folds are held out one by one."""
    count = count_folds(training_set.targets, together.groups, options.folds)
    fold = assign_folds(training_set.targets, together.groups, count, training_set.seed)
    folds = FoldSolver(space, training_set, fold)
    weights = pose_class_problems(training_set, np.ones((1, len(fold)), bool)).weights[0]
    counted = weights * find_counted_rows(together, training_set.targets, fold)
    path: list[Trial] = []
    means: list[tuple[Floats, Floats]] = []
    for C in np.geomspace(options.c_low, options.c_high, options.c_points):
        folds.minimise(float(C), _ROUGH if len(training_set) < ENOUGH else _ROUGHER)
        path.append(_trial(float(C), folds.logits(), training_set.targets, counted))
        if len(training_set) >= ENOUGH:  # few rows begin at nothing, so that a refit with this C is this fit
            means.append(folds.average())
        if has_risen([trial.loss for trial in path], len(training_set)):
            break
    return _Walk(tuple(path), tuple(means))


def _trial(C: float, logits: Floats, labels: Ints, weights: Floats) -> Trial:
    single: Doubles = probabilities_of_logits(logits)[:, 0].astype(np.float64)
    chance = np.concatenate([1 - single, single]) if len(single) == 1 else single
    lost = -np.log(np.maximum(chance[labels, np.arange(len(labels))], 1e-15))
    right = chance.argmax(axis=0) == labels
    return Trial(C, float(np.average(lost, weights=weights)), float(np.average(right, weights=weights)))


def choose_strength(path: Sequence[Trial]) -> float:
    """Return the smallest value of a growing path, one at least, whose loss counts as equal to the lowest."""
    enough = _NEAR * min(trial.loss for trial in path)
    return next(trial.value for trial in path if trial.loss <= enough)


def has_risen(losses: list[float], rows: int = 0) -> bool:
    """Return whether the path is past its valley: rising for some points and clearly above the lowest.

    Args:
        losses: along the path.
        rows: of how many they are; of many one rise tells.
    """
    if rows >= ENOUGH:
        return losses[-1] > _NEAR * min(losses)
    last = losses[-_RISES - 1 :]
    rising = len(last) > _RISES and all(after > before for before, after in pairwise(last))
    return rising and losses[-1] > _RISEN * min(losses)


def approach_strength(C: float) -> list[float]:
    """Return smaller C on the way to a large one, where rows are so settled that the way from nothing is long."""
    return [C / 10**step for step in range(12, 0, -1) if C / 10**step > _EASY]


def _layer(weight: Floats, bias: Floats, scaling: Scaling) -> Dense:
    """Return weights (D, L) and bias (L,) as a layer of C logits: a single one is half for, half against a class."""
    if len(bias) == 1:
        half = np.float32(0.5)
        return scaling.unfold(half * np.concatenate([-weight, weight], axis=1), half * np.concatenate([-bias, bias]))
    return scaling.unfold(weight, bias)
