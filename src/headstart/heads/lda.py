"""``lda``: Gaussian classes with one covariance, shrunk towards a multiple of the identity.

Covariance: (1 - g) W / N + g tr(W) / (N D) I, W the scatter of the standardised rows around the means of their classes
(Ledoit & Wolf, 2004, J. Multivariate Anal. 88; scikit-learn's ``shrinkage=g``). The shrinkage g and a temperature of
the logits are those of the smallest log loss with groups left out. Leaving the rows of a group out takes their share
from W and moves the means of their classes: a downdate of small rank in the eigenbasis of W (Sherman, Morrison &
Woodbury), exact but for tr(W), which is held at that of all rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from headstart.heads.closed_form import Spectrum, compute_sample_weight, decompose, fit_temperature, score_trial
from headstart.heads.folds import batch_groups, make_fold_groups
from headstart.heads.head import FitResult, Head, TrainingSet, Trial
from headstart.heads.scaling import standardise
from headstart.settings import HeadSettings
from headstart_runtime.arrays import Doubles, Floats, Ints

_GRID = (0.01, 0.03, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
_UNSURE = 0.3  #: where nothing can be left out
_FAR = -1e3  #: log prior of a class without rows, while it is left out
_VALUES = 1 << 22  #: float64 values worked on at a time


@dataclass(frozen=True, slots=True)
class _Classes:
    """The rows as class means and what is within classes."""

    within: Spectrum  #: of the rows less the means of their classes
    means: Doubles  #: (C, D); 0 for a class without rows
    places: Doubles  #: (C, r) means along the basis of ``within``
    apart: Doubles  #: (C, C) squared distances of the means outside that basis
    counts: Doubles  #: (C,) rows
    prior: Doubles  #: (C,) 0 for a class without rows
    trace: float  #: tr(W) / (N D)


def fit_lda(training_set: TrainingSet, options: HeadSettings, fixed: Mapping[str, float] | None = None) -> FitResult:
    """Fit Gaussian classes, see the module. ``chosen`` is ``{"shrinkage": ..., "temperature": ...}``.

    A fixed shrinkage without temperature has temperature 1.
    With class weights the priors are equal. A class without rows gets the average logit of the others less log(N + 1).
    """
    began = perf_counter()
    scaling, rows = standardise(training_set)
    classes = _classes(rows, training_set)
    weights = compute_sample_weight(training_set.targets, training_set.outputs, training_set.balanced)
    path: tuple[Trial, ...] = ()
    together = make_fold_groups(training_set.targets, training_set.groups)
    if fixed is not None:
        shrinkage, temperature = float(fixed["shrinkage"]), float(fixed.get("temperature", 1.0))
    elif together.counted.any():
        apart = replace(training_set, groups=together.groups)
        found = [_tried(classes, apart, weights * together.counted, value) for value in _GRID]
        path = tuple(tried for tried, _ in found)
        best, temperature = min(found, key=lambda pair: pair[0].loss)
        shrinkage = best.value
    else:
        shrinkage, temperature = _UNSURE, 1.0
    weight, bias = _discriminant(classes, shrinkage, temperature)
    layer = scaling.unfold(weight.astype(np.float32), bias.astype(np.float32))
    chosen = {"shrinkage": shrinkage, "temperature": temperature}
    return FitResult(Head("lda", (layer,)), chosen, path, perf_counter() - began, together.torn)


def _classes(rows: Floats, training_set: TrainingSet) -> _Classes:
    counts = np.bincount(training_set.targets, minlength=training_set.outputs).astype(np.float64)
    sums = np.stack(
        [rows[training_set.targets == index].sum(axis=0, dtype=np.float64) for index in range(training_set.outputs)]
    )
    means = sums / np.maximum(counts, 1)[:, None]
    rows -= means.astype(np.float32)[training_set.targets]
    within = decompose(rows)
    places = means @ within.basis
    outside = means @ means.T - places @ places.T
    size = np.diag(outside)
    apart = np.maximum(size[:, None] + size - 2 * outside, 0)
    prior = (counts > 0) / (counts > 0).sum() if training_set.balanced else counts / counts.sum()
    trace = float(within.values.sum()) / rows.size
    return _Classes(within, means, places, apart, counts, prior, max(trace, 1e-9))


def _discriminant(classes: _Classes, shrinkage: float, temperature: float) -> tuple[Doubles, Doubles]:
    """Return weights (D, C) and bias (C,): x A^-1 m - m A^-1 m / 2 + log prior, A the shrunk covariance."""
    rows = classes.counts.sum()
    ridge = max(shrinkage * classes.trace, 1e-9)
    spread = (1 - shrinkage) * classes.within.values / rows + ridge
    # A^-1 = I / ridge outside the basis.
    weight = classes.means.T / ridge + classes.within.basis @ (classes.places * (1 / spread - 1 / ridge)).T
    bias = np.log(np.maximum(classes.prior, 1e-30)) - (classes.means * weight.T).sum(axis=1) / 2
    weight, bias = temperature * weight, temperature * bias
    seen = classes.counts > 0
    weight[:, ~seen] = weight[:, seen].mean(axis=1, keepdims=True)
    bias[~seen] = bias[seen].mean() - np.log(rows + 1)
    return weight, bias


def _tried(classes: _Classes, training_set: TrainingSet, weights: Doubles, shrinkage: float) -> tuple[Trial, float]:
    scores = np.empty((len(training_set.targets), training_set.outputs))
    for groups in batch_groups(training_set.groups):
        at_once = max(
            1, _VALUES // (groups.shape[1] * max(classes.places.shape[1], groups.shape[1] * training_set.outputs))
        )
        for start in range(0, len(groups), at_once):
            part = groups[start : start + at_once]
            scores[part] = _left_out(classes, training_set.targets[part], part, shrinkage)
    temperature = fit_temperature(scores, training_set.targets, weights)
    return score_trial(shrinkage, temperature * scores, training_set.targets, weights), temperature


def _left_out(classes: _Classes, labels: Ints, groups: Ints, shrinkage: float) -> Doubles:
    """Return the log joint (n, b, C) of the rows of n groups of size b, each by the classes without its group.

    Letters in the sums: n group, b and l rows of it, k class, r place along the basis.
    """
    rows, size = int(classes.counts.sum()), groups.shape[1]
    # In units of W: W + ridge I.
    ridge = shrinkage * classes.trace * (rows - size) / (1 - shrinkage)
    ease = 1 / (classes.within.values + max(ridge, 1e-9))
    own = classes.within.coordinates[groups].astype(np.float64)
    eased = own * ease
    whole = own + classes.places[labels]
    member = (labels[:, :, None] == np.arange(len(classes.counts))).astype(np.float64)
    remaining = classes.counts - member.sum(axis=1)
    # A class mean moves by these shares of the rows that leave it.
    leaving = np.divide(member, remaining[:, None], out=np.zeros_like(member), where=remaining[:, None] > 0)
    among = eased @ own.transpose(0, 2, 1)
    across = (eased @ whole.transpose(0, 2, 1))[..., None] - (eased @ classes.places.T)[:, :, None]  # n l b k
    distance = (
        np.square(whole) @ ease[:, None]
        - 2 * (whole * ease) @ classes.places.T
        + np.square(classes.places) @ ease
        + classes.apart[labels] / max(ridge, 1e-9)
    )
    moved = np.einsum("nlk,nlm->nmk", leaving, among)
    distance += 2 * np.einsum("nlk,nlbk->nbk", leaving, across) + np.einsum("nlk,nlk->nk", leaving, moved)[:, None]
    seen = across + moved[:, :, None]
    taken = np.eye(size) + np.einsum("nlk,nmk->nlm", leaving, member)
    inner = np.linalg.inv(taken) - among
    solved = np.linalg.solve(inner, seen.reshape(len(groups), size, -1)).reshape(seen.shape)
    distance += (seen * solved).sum(axis=1)
    prior = np.where(remaining > 0, np.log(np.maximum(classes.prior, 1e-30)), _FAR)
    scores: Doubles = -distance * (rows - size) / (1 - shrinkage) / 2 + prior[:, None]
    return scores
