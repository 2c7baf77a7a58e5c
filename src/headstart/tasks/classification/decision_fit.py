"""Thresholds for a wished recall, precision or cost, from samples that the classifier was not fitted on.

What is promised is promised of new samples, not of those that the threshold was chosen on, where whatever is chosen
looks better than it is. A share is one of groups: samples of one group (a patient, a burst) count as one, of which a
part is found.

* Recall: of G held-out groups of the positive class the threshold is the highest from which on
  (1 + missed) / (G + 1) <= 1 - recall. A further positive of a further group is then found with a probability of at
  least ``recall``, whatever the classifier: split conformal prediction, for data in groups (Lee, Barber & Willett,
  2023, Distribution-free inference with hierarchical data, arXiv:2306.06342; of single samples Vovk, Gammerman &
  Shafer, 2005, Algorithmic Learning in a Random World).
* Precision: the lowest threshold from which on (1 + false alarms) / alarms <= 1 - precision. The one more is what makes
  a false discovery rate hold that was chosen among many (Barber & Candès, 2015, Annals of Statistics 43, section 2.2;
  for predictions Jin & Candès, 2023, J. Machine Learning Research 24).
* Cost: 1 / (1 + ratio). Where probabilities are calibrated no other threshold costs less (Elkan, 2001, The foundations
  of cost-sensitive learning, IJCAI). Where held-out samples say otherwise, by more than chance among many thresholds
  does, probabilities are not, and the threshold that costs least on these is taken.
"""

from math import ceil

import numpy as np

from headstart.evaluation.grouping import group_sums, number_groups
from headstart_runtime.arrays import Bools, Doubles, Floats, Ints
from headstart_runtime.errors import DataError
from headstart_runtime.tasks.classification.decision import ClassDecision
from headstart_runtime.tasks.classification.operating_point import OperatingPoint

SURE = 2.0  #: standard errors by which the best of many thresholds has to be cheaper than that of calibrated ones
_ROUNDING = 1e-9  #: of shares that are compared: 1 - 0.95 is not 1 / 20


def count_needed(wish: OperatingPoint) -> int:
    """Return how many groups of the positive class a promise takes, held out from fitting: 19 for recall=0.95."""
    if wish.kind == "cost":
        return 1
    least = ceil(1 / (1 - wish.value) - _ROUNDING)
    return least - 1 if wish.kind == "recall" else least


def describe_shortage(wish: OperatingPoint, positive: str, labels: Bools, groups: Ints) -> str:
    """Return why a wish cannot be promised by so many held-out positives; "" where it can.

    Args:
        wish: of the user.
        positive: the name of the class.
        labels: (N,) whether each held-out sample is of it.
        groups: (N,) which samples belong together.
    """
    seen, needed = len(np.unique(groups[labels])), count_needed(wish)
    if seen >= needed:
        return ""
    together = " groups" if seen < labels.sum() else ""
    least = 0 if wish.kind == "cost" else seen / (seen + 1) if wish.kind == "recall" else 1 - 1 / max(seen, 1)
    lower = f", or wish for {wish.kind}={np.floor(100 * least) / 100:g}" if least >= 0.5 else ""
    return (
        f"operating_point {wish} cannot be promised: that takes {needed} of {positive!r} at least that can be held out "
        f"from fitting, and there are {seen}{together}; add {needed - seen} more{lower}"
    )


def fit_decision(
    labels: Ints, probabilities: Floats, groups: Ints, positive: int, wish: OperatingPoint, name: str
) -> ClassDecision:
    """Return a threshold that keeps a wish on new samples.

    Args:
        labels: (N,) in 0..C-1.
        probabilities: (N, C) float32, calibrated, of samples that nothing was fitted on.
        groups: (N,) which samples belong together.
        positive: index of the positive class.
        wish: what the threshold is for.
        name: of the class, for people.

    Raises:
        DataError: it cannot be promised; the message says how many more it takes.
    """
    scores, wanted = probabilities[:, positive], labels == positive
    if shortage := describe_shortage(wish, name, wanted, groups):
        raise DataError(shortage)
    if wish.kind == "cost":
        return ClassDecision(positive, find_cost_threshold(scores, wanted, groups, wish.value), wish)
    if wish.kind == "recall":
        return ClassDecision(positive, find_recall_threshold(scores[wanted], groups[wanted], wish.value), wish)
    threshold, best = find_precision_threshold(scores, wanted, groups, wish.value)
    if threshold is None:
        raise DataError(
            f"operating_point {wish} cannot be promised: on {len(labels)} held out from fitting no threshold for "
            f"{name!r} keeps it, the best promises precision={max(0.0, np.floor(100 * best) / 100):g}; wish for less, "
            f"for a recall, or add more of {name!r}"
        )
    return ClassDecision(positive, threshold, wish)


def find_recall_threshold(scores: Floats, groups: Ints, recall: float) -> float:
    """Return the highest threshold that finds a share of the positives, by scores (P,) of held-out ones in groups (P,).

    Raises:
        ValueError: there are fewer groups than ``count_needed`` says.
    """
    numbers = number_groups(groups)
    sizes = np.bincount(numbers)
    values, at = np.unique(scores, return_inverse=True)
    own = np.bincount(at, 1 / sizes[numbers])
    missed = own.cumsum() - own  #: groups that lie below each value, shares of them included
    kept = (1 + missed) / (len(sizes) + 1) <= 1 - recall + _ROUNDING
    if not kept.any():
        raise ValueError(f"{len(sizes)} groups cannot promise a recall of {recall}")
    return float(values[np.flatnonzero(kept)[-1]])


def find_precision_threshold(
    scores: Floats, wanted: Bools, groups: Ints, precision: float
) -> tuple[float | None, float]:
    """Return the lowest threshold that keeps a precision, None where there is none, and the best that can be promised.

    Args:
        scores: (N,) of held-out samples.
        wanted: (N,) whether each is a positive.
        groups: (N,) which samples belong together: of a group's alarms the share that is false counts.
        precision: that shall hold.
    """
    order = np.argsort(-scores, kind="stable")
    alarms, false = _accumulate_alarms(~wanted[order], number_groups(groups[order]))
    last = np.flatnonzero(np.diff(scores[order], append=-np.inf))  #: of equal scores: they pass together
    share = (1 + false[last]) / alarms[last]
    kept = np.flatnonzero(share <= 1 - precision + _ROUNDING)
    best = 1 - float(share.min(initial=1.0))
    return (float(scores[order[last[kept[-1]]]]) if len(kept) else None), best


def find_cost_threshold(scores: Floats, wanted: Bools, groups: Ints, ratio: float) -> float:
    """Return the threshold that costs least: that of calibrated probabilities, unless another is surely cheaper.

    Args:
        scores: (N,) probabilities of held-out samples.
        wanted: (N,) whether each is a positive.
        groups: (N,) which samples belong together.
        ratio: what a miss costs, in false alarms.
    """
    calibrated = float(np.float32(1 / (1 + ratio)))
    order = np.argsort(-scores, kind="stable")
    last = np.flatnonzero(np.diff(scores[order], append=-np.inf))  #: of equal scores: they pass together
    costs = ratio * (wanted.sum() - wanted[order].cumsum()) + (~wanted[order]).cumsum()
    best = float(scores[order[last[int(costs[last].argmin())]]])
    told, other = scores >= np.float32(calibrated), scores >= np.float32(best)
    saved = np.where(wanted, ratio, -1.0) * (other.astype(np.float64) - told)
    sums = group_sums(saved, number_groups(groups))
    unseen = ratio if best > calibrated else 1.0  #: one mistake more than was seen, as of the other promises
    surely = float(sums.sum()) - unseen > SURE * float(np.sqrt(len(sums) * sums.var()))
    return best if surely else calibrated


def _accumulate_alarms(wrong: Bools, numbers: Ints) -> tuple[Doubles, Doubles]:
    """Return for each of N ranks the groups among the rows up to it, and how many of these are false; shares count."""
    by_group = np.argsort(numbers, kind="stable")
    ordered, group = wrong[by_group].astype(np.float64), numbers[by_group]
    first = np.flatnonzero(np.diff(group, prepend=-1))
    start = np.repeat(first, np.diff(first, append=len(group)))
    seen = np.arange(len(group)) - start + 1
    total = ordered.cumsum()
    share = (total - (total - ordered)[start]) / seen
    step = share - np.where(seen == 1, 0.0, np.r_[0.0, share[:-1]])
    alarms, false = np.empty(len(group)), np.empty(len(group))
    alarms[by_group], false[by_group] = seen == 1, step
    return alarms.cumsum(), false.cumsum()
