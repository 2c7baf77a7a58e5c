"""The predicted numbers of one item, and how they are made of arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from headstart_runtime.inference.item_notes import list_item_notes, render_answer
from headstart_runtime.inference.postprocess import BatchPredictions
from headstart_runtime.modalities.item import OpenedItem
from headstart_runtime.tasks.regression.postprocessor import INTERVAL, VALUE
from headstart_runtime.tasks.regression.units import list_units, show_number
from headstart_runtime.tasks.task import TargetSpace

Bounds = tuple[float, float]  #: the lowest and the highest number of an interval
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NumberPrediction:
    """The predicted numbers of one item. One that could not be read has an ``error`` and no numbers.

    Of one number ``value``, ``interval`` and ``unit`` are that number's; of several they are mappings by name.
    """

    source: str  #: the path as given, or what was given: "bytes", "array", "file"
    values: tuple[float, ...]  #: (K,), in the order of ``names``; () on an error
    intervals: tuple[Bounds, ...] = ()  #: (K,) of each, with the promised coverage; () where the model makes none
    error: str | None = None
    novelty: float | None = None  #: how unlike the training items, 1.0 at the threshold; None where it is not judged
    out_of_distribution: bool = False  #: novelty is above 1: the item is unlike all of training, the numbers unsure
    repaired: str | None = None  #: what had to be mended in memory before the item could be answered, if anything
    note: str = ""  #: what was done with the item that is not done with every one
    names: tuple[str, ...] = field(default=(), repr=False)  #: of the numbers
    units: tuple[str, ...] = field(default=(), repr=False)  #: of the numbers; "" where none is known

    @property
    def value(self) -> float | Mapping[str, float] | None:
        """The number, or the numbers by name; None on an error."""
        return self._name_values(self.values)

    @property
    def interval(self) -> Bounds | Mapping[str, Bounds] | None:
        """The interval, or the intervals by name; None on an error and where the model makes none."""
        return self._name_values(self.intervals)

    @property
    def unit(self) -> str | Mapping[str, str] | None:
        """The unit, or the units by name; "" where none is known."""
        return self._name_values(self.units)

    def _name_values(self, values: Sequence[T]) -> T | Mapping[str, T] | None:
        """Return None of nothing, the only value where there is one name, else the values by name."""
        if not values:
            return None
        return values[0] if len(self.names) == 1 else dict(zip(self.names, values, strict=True))

    def describe(self, top: int = 1) -> str:
        """Return the answer for a person: "12.5 g (10.1 to 14.9)"; of several numbers each behind its name."""
        told = [self._describe_number(index) for index in range(len(self.values))]
        if len(told) == 1:
            return told[0]
        return ", ".join(f"{name} {text}" for name, text in zip(self.names, told, strict=True))

    def _describe_number(self, index: int) -> str:
        unit = self.units[index]
        # Units stand behind the number of one; of several they stand in the name.
        text = show_number(self.values[index]) + (f" {unit}" if unit and len(self.values) == 1 else "")
        if not self.intervals:
            return text
        low, high = self.intervals[index]
        return f"{text} ({show_number(low)} to {show_number(high)})"

    def to_cells(self, top: int = 1) -> list[str]:
        """Return the answer as cells, in the columns of ``Task.answer_columns``: of each number value, low, high."""
        return [_cell(number) for number in self.to_values(top)]

    def to_values(self, top: int = 1) -> list[float | None]:
        """Return the answer as numbers, in the columns of ``Task.answer_columns``; None where no interval is made."""
        bounds = self.intervals or ((None, None),) * len(self.values)
        triples = zip(self.values, bounds, strict=True)
        return [number for value, (low, high) in triples for number in (value, low, high)]

    def to_json(self, top: int = 1) -> dict[str, Any]:
        """Return plain values for ``json.dumps``. Every key is always there, None where there is nothing to say."""
        read, interval = self.error is None, self.interval
        bounds = {name: list(own) for name, own in interval.items()} if isinstance(interval, Mapping) else interval
        return {
            "source": self.source,
            "value": self.value if read else None,
            "interval": list(bounds) if isinstance(bounds, tuple) else bounds,
            "unit": self.unit,
            **list_item_notes(self),
        }

    def _repr_html_(self) -> str:
        """Return a small table for notebooks."""
        return render_answer(self, self._list_rows)

    def _list_rows(self) -> list[tuple[str, str]]:
        return [(name, self._describe_number(index)) for index, name in enumerate(self.names)]


def list_number_columns(space: TargetSpace) -> tuple[str, ...]:
    """Return the columns of a table of answers: value, low, high; of several numbers each behind the number's name."""
    if len(space) == 1:
        return (VALUE, "low", "high")
    return tuple(f"{name}{end}" for name in space.names for end in ("", " low", " high"))


def make_number_predictions(
    items: Sequence[OpenedItem], batch: BatchPredictions, space: TargetSpace
) -> list[NumberPrediction]:
    """Return a prediction for each item, in their order, from the arrays of all of them."""
    values, unfamiliar, units = batch.outputs[VALUE].tolist(), batch.out_of_distribution, list_units(space)
    bounds = batch.outputs[INTERVAL].tolist() if INTERVAL in batch.outputs else [()] * len(values)
    return [
        NumberPrediction(
            item.name,
            tuple(map(_shorten, row)),
            tuple((_shorten(low), _shorten(high)) for low, high in own),
            novelty=None if batch.novelty is None else float(batch.novelty[index]),
            out_of_distribution=bool(unfamiliar[index]),
            repaired=item.repaired,
            note=item.note,
            names=space.names,
            units=units,
        )
        for index, (item, row, own) in enumerate(zip(items, values, bounds, strict=True))
    ]


def make_number_failure(item: OpenedItem, error: Exception, space: TargetSpace) -> NumberPrediction:
    """Return the prediction for an item that cannot be read."""
    return NumberPrediction(item.name, (), error=str(error), names=space.names, units=list_units(space))


def _shorten(number: float) -> float:
    """Return a number of float32 with the digits that it has: 12.35, not 12.350000381469727."""
    return float(f"{number:.8g}")


def _cell(number: float | None) -> str:
    return "" if number is None else f"{number:.7g}"
