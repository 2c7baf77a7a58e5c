"""Scores of one class against all others: areas under curves, and what is found and missed where it is predicted."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from headstart.evaluation.curves import precision_recall_curve, roc_curve
from headstart.evaluation.grouping import Targets
from headstart.evaluation.intervals import Interval, Proportion, estimate_proportion
from headstart.evaluation.resampled_curves import AreaIntervals, resample_areas
from headstart_runtime.arrays import Bools, Floats, Ints
from headstart_runtime.modalities.item import Noun
from headstart_runtime.tasks.classification.decision import ClassDecision
from headstart_runtime.tasks.classification.operating_point import OperatingKind, OperatingPoint

_LISTED = ("sensitivity", "specificity", "precision", "negative predictive value")
_SEED = 0  #: of resamples


@dataclass(frozen=True, slots=True)
class Area:
    """An area under a curve, with its 95 % interval by groups."""

    value: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class MistakeCost:
    """The average cost of answers per row, in false alarms, where a miss costs ``ratio`` of them."""

    ratio: float
    predicted: float  #: as the class is predicted
    all_positive: float  #: if it were predicted for every row
    none_positive: float  #: if it were predicted for none


@dataclass(frozen=True, slots=True)
class Screening:
    """One class against the rest, as it is predicted; shares are None where there is no row of their kind."""

    positive: str  #: the positive class
    threshold: float | None  #: least probability from which on it is predicted; None: where it is the likeliest
    wish: OperatingPoint | None  #: by which the threshold was chosen
    found: int  #: rows of the class that are predicted to be of it
    missed: int
    false_alarms: int
    cleared: int  #: rows of other classes that are not predicted to be of it
    sensitivity: Proportion | None  #: found of all that are of the class: its recall
    specificity: Proportion | None  #: cleared of all others
    precision: Proportion | None  #: found of all that are predicted to be of it: positive predictive value
    negative_predictive_value: Proportion | None  #: cleared of all that are predicted not to be of it
    roc_area: Area | None  #: None where there are no rows of the class, or no others
    average_precision: Area | None
    cost: MistakeCost | None  #: None where no costs were given

    @property
    def wished(self) -> OperatingKind:
        """The score that is told first, the wished one; the recall where none was, or where there is none of it."""
        if self.wish is None:
            return "recall"
        there = {"recall": True, "precision": self.precision is not None, "cost": self.cost is not None}
        return self.wish.kind if there[self.wish.kind] else "recall"

    def describe_wished(self, part: str, noun: Noun) -> str:
        """Return how far what was wished for is reached, a sentence without its stop; "" where no row is of the class.

        Args:
            part: of the rows: "test", "given".
            noun: of a row.
        """
        if self.sensitivity is None:
            return ""
        share, of_it, of_part = self.sensitivity, self.found + self.missed, f"of the {part} {noun.many}"
        found = f"{share.share:.1%} {of_part} of {self.positive!r} found"
        if self.wished == "precision":
            assert self.precision is not None
            alarms = self.found + self.false_alarms
            right = f"{self.precision.share:.1%} of the alarms for {self.positive!r} right"
            return f"{right} ({self.found} of {alarms}, {_describe_range(self.precision)}), {found}"
        if self.wished == "cost":
            assert self.cost is not None
            cost = self.cost
            each = f"each {part} {noun.one} costs {cost.predicted:.3g} false alarms on average"
            beside = f"if all were alarms {cost.all_positive:.3g}, if none were {cost.none_positive:.3g}"
            return f"{each}, where a miss costs {cost.ratio:g} ({beside}); {found}"
        told = f"{found} ({self.found} of {of_it}, {_describe_range(share)})"
        return told if self.precision is None else f"{told}, {self.precision.share:.1%} of the alarms right"

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Self:
        """Return the record that ``dataclasses.asdict`` was given.

        Raises:
            KeyError, TypeError, ValueError: it is none.
        """
        shares = ("sensitivity", "specificity", "precision", "negative_predictive_value")
        read: dict[str, Any] = {name: _read(Proportion, record[name]) for name in shares}
        for name in ("roc_area", "average_precision"):
            area = record[name]
            read[name] = None if area is None else Area(area["value"], Interval(**area["interval"]))
        wish = record["wish"]
        read["wish"] = None if wish is None else OperatingPoint.from_json(wish)
        return cls(**{**record, **read, "cost": _read(MistakeCost, record["cost"])})

    def list_scores(self) -> list[str]:
        """Return lines for a person: the threshold, shares with their intervals, areas with theirs, and the cost."""
        named = {name: getattr(self, name.replace(" ", "_")) for name in _LISTED}
        shares = [
            f"{name} {one.share:.1%} ({one.low:.1%} to {one.high:.1%})"
            for name, one in named.items()
            if one is not None
        ]
        areas = [
            f"{name} {one.value:.3f} ({one.interval.low:.3f} to {one.interval.high:.3f})"
            for name, one in (("AUROC", self.roc_area), ("average precision", self.average_precision))
            if one is not None
        ]
        least = (
            "where it is the likeliest" if self.threshold is None else f"from a probability of {self.threshold:.3g} on"
        )
        lines = [", ".join(shares[:2]), ", ".join(shares[2:]), ", ".join(areas)]
        if self.cost is not None:
            lines.append(f"a miss at {self.cost.ratio:g} false alarms: each costs {self.cost.predicted:.3g} on average")
        return [f"{self.positive!r} predicted {least}", *filter(None, lines)]


def _describe_range(share: Proportion) -> str:
    return f"95 % interval {share.low:.1%} to {share.high:.1%}"


def _read(kind: Any, record: dict[str, Any] | None) -> Any:
    return None if record is None else kind(**record)


def measure_screening(
    targets: Targets, probabilities: Floats, predicted: Ints, name: str, decision: ClassDecision
) -> Screening:
    """Return how well the positive class is told from the rest.

    Args:
        targets: labels and groups of N rows.
        probabilities: calibrated, (N, C).
        predicted: index of the predicted class, (N,).
        name: of the class.
        decision: says which one, and from which probability on.
    """
    wanted, told = targets.values == decision.positive, predicted == decision.positive
    found, alarms = int((wanted & told).sum()), int((~wanted & told).sum())
    areas = _measure_areas(targets, probabilities, wanted, decision.positive)

    def share(hits: Bools, rows: Bools) -> Proportion | None:
        return estimate_proportion(hits[rows], targets.groups[rows])

    return Screening(
        positive=name,
        threshold=decision.threshold,
        wish=decision.wish,
        found=found,
        missed=int(wanted.sum()) - found,
        false_alarms=alarms,
        cleared=int((~wanted).sum()) - alarms,
        sensitivity=share(told, wanted),
        specificity=share(~told, ~wanted),
        precision=share(wanted, told),
        negative_predictive_value=share(~wanted, ~told),
        roc_area=areas[0],
        average_precision=areas[1],
        cost=_compute_cost(wanted, told, decision),
    )


def _measure_areas(
    targets: Targets, probabilities: Floats, wanted: Bools, positive: int
) -> tuple[Area | None, Area | None]:
    roc = roc_curve(targets.values, probabilities, positive).area
    precision = precision_recall_curve(targets.values, probabilities, positive).area
    if roc is None or precision is None:
        return None, None
    found: AreaIntervals = resample_areas(probabilities[:, positive], wanted, targets.groups, _SEED)
    return Area(roc, found.roc), Area(precision, found.precision_recall)


def _compute_cost(wanted: Bools, told: Bools, decision: ClassDecision) -> MistakeCost | None:
    if decision.wish is None or decision.wish.kind != "cost":
        return None
    ratio, missed, alarms = decision.wish.value, wanted & ~told, ~wanted & told
    return MistakeCost(
        ratio,
        float(np.mean(ratio * missed + alarms)),
        float((~wanted).mean()),
        float(ratio * wanted.mean()),
    )
