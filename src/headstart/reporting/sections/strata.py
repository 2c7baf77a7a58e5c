"""Samples of each subset, counted by strata, as a table."""

from headstart.reporting.contents import Column, ContentTable, GivenText, ShownNumber, TermLink, Text
from headstart.reporting.record_types import StrataRecord

MOST_STRATA = 60  #: rows of the table; of more strata the largest are shown
SUBSETS = (
    ("train", "to learn from (", "training {many}", "training"),
    ("validation", "to choose on (", "validation {many}", "validation"),
    ("test", "to test on (", "test {many}", "test"),
)


def make_subset_columns() -> tuple[Column, ...]:
    """Return the columns of counts in each subset, and of all."""
    named = (Column((before, TermLink(term, words), ")")) for _, before, term, words in SUBSETS)
    return (*named, Column(("all",)))


def tabulate_strata(strata: StrataRecord) -> ContentTable:
    """Return the samples of each stratum in each subset."""
    counts = list(zip(strata.train, strata.validation, strata.test, strict=True))
    order = sorted(range(len(counts)), key=lambda place: -sum(counts[place]))[:MOST_STRATA]
    shown = sorted(order) if len(counts) <= MOST_STRATA else order
    rows = tuple(_list_cells(strata.names[place], counts[place], place) for place in shown)
    more = len(counts) - len(shown)
    caption = (f"The {MOST_STRATA} largest of ", ShownNumber("count.strata", len(counts))) if more else ()
    return ContentTable(
        "Counts by subset", (Column((strata.noun,), numeric=False), *make_subset_columns()), rows, caption
    )


def _list_cells(name: str, counts: tuple[int, ...], place: int) -> tuple[Text, ...]:
    cells: list[Text] = [(GivenText(name),)]
    cells += [(ShownNumber(f"count.{subset}.{place}", n),) for (subset, *_), n in zip(SUBSETS, counts, strict=True)]
    return (*cells, (ShownNumber(f"count.all.{place}", sum(counts)),))
