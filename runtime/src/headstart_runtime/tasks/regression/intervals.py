"""Intervals around predicted numbers: ``value ± factor * scale(value)``, with scale a curve of the predicted value.

``constant``: the scale is the same everywhere, so that all intervals of a number are as wide (split conformal
prediction: Papadopoulos et al., 2002, ECML; Lei et al., 2018, J. American Statistical Association 113). ``scaled``: it
follows how far off predictions of about that value are (locally weighted: Papadopoulos et al., 2008, AIA; Lei et al.,
2018, section 5.2), for large numbers are mostly known less well than small ones. ``interval_fits`` finds both on items
that the model has not seen.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np

from headstart_runtime.arrays import Floats

IntervalKind = Literal["constant", "scaled"]


@dataclass(frozen=True, slots=True)
class IntervalRule:
    """A rule that makes intervals of predicted numbers; plain numbers, saved in ``model.json``.

    Raises:
        ValueError: an unknown kind, or numbers that cannot be meant.
    """

    kind: IntervalKind
    coverage: float  #: share of items whose interval shall hold the true number, of each of the K numbers
    factors: tuple[float, ...]  #: (K,) half widths over the scale
    knots: tuple[tuple[float, ...], ...]  #: for each number the predicted values where its scale is known, rising
    scales: tuple[tuple[float, ...], ...]  #: the scale at each; between them along a line, beyond them as at the end

    def __post_init__(self) -> None:
        if self.kind not in ("constant", "scaled"):
            raise ValueError(f"unknown kind of intervals {self.kind!r}; wanted constant or scaled")
        lengths = [len(knots) for knots in self.knots]
        matched = len(self.factors) == len(lengths) and lengths == [len(scales) for scales in self.scales]
        if not matched or not self.factors or not min(lengths):
            raise ValueError("factors, knots and scales of intervals do not belong together")
        numbers = np.concatenate([self.factors, *self.knots, *self.scales])
        if not (0 < self.coverage < 1 and np.isfinite(numbers).all() and min(self.factors) >= 0):
            raise ValueError(f"{self} cannot be meant; wanted a coverage in 0..1 and finite numbers")
        if any(np.any(np.diff(knots) <= 0) for knots in self.knots) or any(min(own) < 0 for own in self.scales):
            raise ValueError("knots of intervals do not rise, or a scale is below 0")

    @property
    def outputs(self) -> int:
        """The numbers K."""
        return len(self.factors)

    def predict(self, values: Floats) -> Floats:
        """Return the lowest and the highest number of each interval, float32 (N, K, 2), of values, float32 (N, K)."""
        half = np.asarray(self.factors, np.float32) * self.measure_scales(values)
        return np.stack([values - half, values + half], axis=2).astype(np.float32)

    def measure_scales(self, values: Floats) -> Floats:
        """Return the scale at each value, float32 (N, K)."""
        curve = self.curve()
        along = np.clip(values[:, :, None] - curve.starts, np.float32(0), curve.widths)
        return np.asarray(curve.first + (along * curve.slopes).sum(axis=2), np.float32)

    def curve(self) -> "ScaleCurve":
        """Return the curves as sums of slopes, which NumPy and the graph compute alike."""
        pieces = max(1, max(len(knots) for knots in self.knots) - 1)
        starts, widths, slopes = (np.zeros((self.outputs, pieces), np.float32) for _ in range(3))
        for number, (knots, scales) in enumerate(zip(self.knots, self.scales, strict=True)):
            count = len(knots) - 1
            starts[number, :count], widths[number, :count] = knots[:-1], np.diff(knots)
            slopes[number, :count] = np.diff(scales) / np.diff(knots)
        first = np.array([scales[0] for scales in self.scales], np.float32)
        return ScaleCurve(first, starts, widths, slopes)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Return the rule that ``dataclasses.asdict`` was given.

        Raises:
            KeyError, TypeError, ValueError: the record is not what ``asdict`` gives.
        """
        knots, scales = (tuple(tuple(map(float, own)) for own in record[name]) for name in ("knots", "scales"))
        factors = tuple(map(float, record["factors"]))
        return cls(record["kind"], float(record["coverage"]), factors, knots, scales)


@dataclass(frozen=True, slots=True, eq=False)
class ScaleCurve:
    """Lines through the knots: ``first + sum(clip(value - starts, 0, widths) * slopes)``."""

    first: Floats  #: (K,) the scale before the first knot
    starts: Floats  #: (K, P) of each piece
    widths: Floats  #: (K, P) 0 where a number has fewer pieces than another
    slopes: Floats  #: (K, P)
