"""Scales from values to places on a drawing, and their ticks."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from headstart.reporting.charts.spec import NO_BREAK, Axis, Form, format_bytes

GAP = 8.0  #: least room between the labels of two ticks, in units of the drawing
_STEPS = (1, 2, 5, 10)
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis with its place on a drawing."""

    low: float
    high: float
    begin: float  #: where ``low`` is
    end: float  #: where ``high`` is
    log: bool
    ticks: tuple[tuple[float, str], ...]  #: values and what is written there

    def __call__(self, value: float) -> float:
        """Return the place of a value; values beyond the ends are put at the end."""
        low, high = self.low, self.high
        if self.log:
            low, high, value = math.log10(low), math.log10(high), math.log10(max(value, self.low))
        share = min(max((value - low) / (high - low), 0.0), 1.0)
        return self.begin + share * (self.end - self.begin)

    def place(self, begin: float, end: float) -> "Scale":
        """Return the scale with its ends elsewhere."""
        return Scale(self.low, self.high, begin, end, self.log, self.ticks)


def fit_roomy_scale(axis: Axis, values: list[float], room: float, wide: Callable[[str], float], most: int) -> Scale:
    """Return the axis with as many ticks, ``most`` or fewer, as stand in ``room`` without their labels touching.

    On a logarithmic axis ticks are not evenly apart, so what counts is the distance of each two neighbours.
    """
    for number in range(most, 1, -1):
        scale = fit_scale(axis, values, number)
        ticks = [(scale(value) * room, wide(label) / 2) for value, label in scale.ticks]
        if all(at - before >= half + half_before + GAP for (before, half_before), (at, half) in pairwise(ticks)):
            break
    return scale


def fit_scale(axis: Axis, values: list[float], most: int) -> Scale:
    """Return an axis from 0 to 1 that holds the values, with ``most`` ticks or fewer.

    Args:
        axis: its fixed ends win over the values.
        values: that are to be shown; may be empty.
        most: ticks that there is room for, 2 or more.
    """
    if axis.names:
        places = tuple((float(place), name) for place, name in enumerate(axis.names))
        return Scale(-0.5, len(axis.names) - 0.5, 0, 1, log=False, ticks=places)
    known = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
    if axis.log:
        return _fit_log_scale(axis.form, [value for value in known if value > 0] or [1.0], most)
    low = axis.low if axis.low is not None else min(known)
    high = axis.high if axis.high is not None else max(known)
    if axis.form == "share" and high - low < 0.02:
        low, high = max(0.0, low - 0.01) if axis.low is None else low, high + 0.01
    if high <= low:
        low, high = low if axis.low is not None else low - (abs(low) / 2 or 0.5), low + (abs(low) / 2 or 0.5)
    step = _choose_step(low, high, most, whole=axis.form == "count")
    if axis.low is None:
        low = math.floor(low / step + 1e-9) * step
    if axis.high is None:
        high = math.ceil(high / step - 1e-9) * step
        high = min(high, max(1.0, *known)) if axis.form == "share" else high
    return Scale(low, high, 0, 1, log=False, ticks=_make_linear_ticks(low, high, step, axis.form))


def _choose_step(low: float, high: float, most: int, *, whole: bool) -> float:
    """Return the smallest of 1, 2, 5, 10, 20, ... and their tenths that gives so many ticks at most."""
    least = (high - low) / max(1, most - 1)
    power = 10.0 ** math.floor(math.log10(least))
    step = next(nice * power for nice in _STEPS if nice * power >= least * (1 - 1e-9))
    return max(1.0, step) if whole else step


def _make_linear_ticks(low: float, high: float, step: float, form: Form) -> tuple[tuple[float, str], ...]:
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return tuple((number * step, format_tick(number * step, step, form)) for number in range(first, last + 1))


def format_tick(value: float, step: float, form: Form) -> str:
    """Return a value with as many digits as a step asks for."""
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    if form == "bytes":
        return format_bytes(value) if value else "0"
    text = f"{100 * value:z.{max(0, digits - 2)}f}{NO_BREAK}%" if form == "share" else f"{value:z,.{digits}f}"
    return text.replace("-", "−")


def _fit_log_scale(form: Form, values: list[float], most: int) -> Scale:
    """Return a scale with ticks at powers of ten, or at 1, 2 and 5 times them; on a short range evenly spaced ones."""
    low, high = min(values), max(values)
    low, high = low / 1.15, high * 1.15
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    fine = [nice * 10.0**power for power in range(first, last + 1) for nice in (1, 2, 5)]
    fine = [value for value in fine if low <= value <= high]
    tens = [10.0**power for power in range(first, last + 1) if low <= 10.0**power <= high]
    if len(fine) < 2:
        return Scale(
            low,
            high,
            0,
            1,
            log=True,
            ticks=_make_linear_ticks(low, high, _choose_step(low, high, most, whole=False), form),
        )
    chosen = fine if len(fine) <= most or len(tens) < 2 else tens
    every = -(-len(chosen) // most)
    return Scale(
        low, high, 0, 1, log=True, ticks=tuple((value, _format_power(value, form)) for value in chosen[::every])
    )


def _format_power(value: float, form: Form) -> str:
    if form == "rate":
        exponent = math.floor(math.log10(value) + 1e-9)
        lead = round(value / 10.0**exponent)
        return f"{f'{lead}·' if lead != 1 else ''}10{str(exponent).translate(_RAISED)}"
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"
