"""Cues of which one column alone gives an answer away, such as a single word: found and judged on unlike rows.

Of a thousand words some tell the classes by chance. So the column is chosen on the training rows of each fold, and
counted on the others.
"""

from dataclasses import dataclass

import numpy as np

from headstart.heads.folds import assign_folds
from headstart_runtime.arrays import Bools, Doubles, Floats, Ints


@dataclass(frozen=True, slots=True)
class TellingColumn:
    """The column that tells one class from all others best."""

    column: int  #: chosen on all rows
    target: int  #: the class
    accuracy: (
        float  #: balanced, of that class against the others, by columns chosen without the rows they are counted on
    )


def find_telling_column(rows: Floats, targets: Ints, groups: Ints, folds: int, seed: int) -> TellingColumn | None:
    """Return the column of rows (N, k), each 0 or 1, that tells a class best; None where there is no column.

    Args:
        rows: of N items.
        targets: (N,) classes 0 ... C - 1.
        groups: (N,) a number for each group; groups stay in one fold.
        folds: how many.
        seed: of the folds.
    """
    if not rows.shape[1]:
        return None
    there, number = rows > 0, targets.max() + 1
    fold = assign_folds(targets, groups, folds, seed)
    rates = []
    for held in np.unique(fold):
        column, target = _choose(there[fold != held], targets[fold != held], number)
        own = targets[fold == held] == target
        if own.any() and not own.all():
            said = there[fold == held, column]
            rates.append((said[own].mean() + 1 - said[~own].mean()) / 2)
    column, target = _choose(there, targets, number)
    return TellingColumn(column, target, float(np.mean(rates)) if rates else 0.5)


def _choose(there: Bools, targets: Ints, number: int) -> tuple[int, int]:
    """Return the column and the class in which it is there so much more often than outside."""
    counts = np.zeros((number, there.shape[1]), np.float64)
    sizes = np.bincount(targets, minlength=number).astype(np.float64)[:, None]
    for target in range(number):
        counts[target] = there[targets == target].sum(axis=0)
    inside = counts / np.maximum(sizes, 1)
    outside = (counts.sum(axis=0) - counts) / np.maximum(sizes.sum() - sizes, 1)
    differ = np.where((sizes > 0) & (sizes < sizes.sum()), inside - outside, -1)
    best, column = divmod(int(differ.argmax()), differ.shape[1])
    return column, best


def find_correlated_columns(rows: Floats, targets: Doubles, known: Bools) -> Ints:
    """Return for each output the column of rows (N, k) that it follows most, (K,), by the square of the correlation.

    Args:
        rows: of N items.
        targets: (N, K).
        known: (N, K) whether each is known.
    """
    chosen = np.zeros(targets.shape[1], np.int64)
    for output in range(targets.shape[1]):
        own = known[:, output]
        centred = targets[own, output] - targets[own, output].mean()
        seen = rows[own].astype(np.float64)
        spread = np.maximum(seen.std(axis=0), 1e-9)
        chosen[output] = int(np.abs((centred @ seen) / spread).argmax())
    return chosen
