"""The confusion matrix of a page: a table whose numbers open the samples they count."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from headstart.reporting.charts.short_names import fit_names
from headstart.reporting.predicted_items import PredictedItem, PredictedItems
from headstart.reporting.records import Records
from headstart_runtime.arrays import Ints
from headstart_runtime.modalities.item import Noun

MOST_CLASSES = 40  #: rows of the matrix; of more classes, those with the most mistakes
MOST_TILES = 2400  #: samples below the matrix, over all cells
MOST_IN_CELL, FEWEST_IN_CELL = 200, 4
MANY = 10  #: classes; of more the names of columns are turned
TYPE = 14.0  #: CSS units, of the names
ROOM, UPRIGHT = 150.0, 84.0  #: CSS units for the name of a row or turned column, and of one that is not turned


@dataclass(frozen=True, slots=True)
class ConfusionCell:
    """Samples of one class that were taken for one class."""

    true: str
    said: str
    n: int
    share: float  #: of the samples of the true class
    miss: bool
    shown: bool  #: its samples are seen when the page opens
    anchor: str
    number: str  #: the name of its number
    noun: Noun
    items: tuple[PredictedItem, ...]  #: the least sure first

    @property
    def label(self) -> str:
        """The cell in words."""
        items = f"{self.n:,} {self.noun.form(self.n)}"
        return f"{items} of {self.true} taken for {self.said}" if self.miss else f"{items} of {self.true} found"


@dataclass(frozen=True, slots=True)
class ConfusionRow:
    """A class and the classes that its samples were taken for."""

    name: str
    shown: str  #: its name as far as there is room
    cells: tuple[ConfusionCell, ...]


@dataclass(frozen=True)
class ConfusionTable:
    """The table."""

    columns: tuple[tuple[str, str], ...]  #: names of classes, and as far as there is room
    rows: tuple[ConfusionRow, ...]
    cut: bool  #: not all classes are shown

    @property
    def turned(self) -> bool:
        """Whether the names of columns are turned."""
        return len(self.rows) > MANY

    @property
    def galleries(self) -> Iterator[ConfusionCell]:
        """The cells that have samples."""
        return (cell for row in self.rows for cell in row.cells if cell.n)

    def previews(self) -> Iterator[str]:
        """Yield keys of the previews, mistakes first."""
        for cell in sorted(self.galleries, key=lambda cell: not cell.miss):
            yield from (item.id for item in cell.items)


def build_confusion_table(records: Records, items: PredictedItems) -> ConfusionTable:
    """Return the table of the test samples; the cell with the most mistakes is open."""
    counts, names = np.array(records.test.confusion, np.int64), records.classes
    shown = _select_classes(counts)
    most = int(np.clip(MOST_TILES // max(1, int((counts > 0).sum())), FEWEST_IN_CELL, MOST_IN_CELL))
    open_cell = _find_open_cell(counts, shown)
    by_cell = _sort_into_cells(records, items)

    def build_cell(true: int, said: int) -> ConfusionCell:
        n = int(counts[true, said])
        return ConfusionCell(
            true=names[true],
            said=names[said],
            n=n,
            share=n / max(1, int(counts[true].sum())),
            miss=true != said,
            shown=(true, said) == open_cell,
            anchor=f"cell-{true}-{said}",
            number=f"confusion.{true}.{said}",
            noun=records.noun,
            items=tuple(items[row] for row in by_cell.get((true, said), ())[:most]),
        )

    inside = [names[label] for label in shown]
    across, down = fit_names(inside, ROOM if len(inside) > MANY else UPRIGHT, TYPE), fit_names(inside, ROOM, TYPE)
    return ConfusionTable(
        columns=tuple(zip(inside, across, strict=True)),
        rows=tuple(
            ConfusionRow(names[true], short, tuple(build_cell(int(true), int(said)) for said in shown))
            for true, short in zip(shown, down, strict=True)
        ),
        cut=len(shown) < len(counts),
    )


def _select_classes(counts: Ints) -> Ints:
    """Return the classes that are shown, in their order: those with the most mistakes, as rows or columns."""
    mistakes = counts.sum(axis=0) + counts.sum(axis=1) - 2 * np.diag(counts)
    return np.sort(np.argsort(-mistakes, kind="stable")[:MOST_CLASSES])


def _find_open_cell(counts: Ints, shown: Ints) -> tuple[int, int]:
    """Return the true and predicted class of the cell that is open at first."""
    misses = np.where(np.eye(len(counts), dtype=bool), -1, counts)[np.ix_(shown, shown)]
    row, column = np.unravel_index(int(misses.argmax()), misses.shape) if misses.max() > 0 else (0, 0)
    return int(shown[row]), int(shown[column])


def _sort_into_cells(records: Records, items: PredictedItems) -> dict[tuple[int, int], list[int]]:
    """Return rows of ``predictions.npz`` by true and predicted class, the least sure first."""
    predictions = records.predictions
    predicted, sureness = predictions.predicted, predictions.sureness
    by_cell: dict[tuple[int, int], list[int]] = {}
    for row in items.rows[np.argsort(sureness[items.rows], kind="stable")].tolist():
        by_cell.setdefault((int(predictions.label[row]), int(predicted[row])), []).append(row)
    return by_cell
