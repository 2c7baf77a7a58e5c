"""Labels of several tables of one set in one form: what is several labels in one part is so in all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from headstart.data.names import preview
from headstart.data.readers.label_forms import FORM_WORDS
from headstart.data.readers.listing import SourceListing
from headstart.label_text import LabelForm, join_cells, split_cells
from headstart_runtime.errors import DataError


@dataclass(frozen=True, slots=True)
class JoinedForm:
    """The form of the labels of several tables."""

    listings: Mapping[Path, SourceListing]  #: of each, all in this form
    form: LabelForm
    columns: tuple[str, ...]
    reason: str  #: as ``SourceListing.form_reason``
    classes: frozenset[str]  #: of all


def join_forms(
    root: str, listings: Mapping[Path, SourceListing], list_again: Callable[[Path, LabelForm], SourceListing]
) -> JoinedForm:
    """Return tables of one set with their labels in one form.

    Args:
        root: the source, for an error.
        listings: of each table; one at least.
        list_again: lists a table in a form, where it can be read so.

    Raises:
        DataError: their labels are of forms that do not go together, or stand in other columns.
    """
    richest = next((it for it in listings.values() if it.form != "one"), next(iter(listings.values())))
    form, columns = richest.form, richest.label_columns
    found = {}
    for table, listing in listings.items():
        own = listing if listing.form == form else list_again(table, form)
        own = _name_alone(own) if own.form == "one" and form == "several" else own
        if own.form != form:
            raise DataError(
                f"{root!r}: {table.name!r} has {FORM_WORDS[own.form]} and another table {FORM_WORDS[form]}; write all "
                "tables alike"
            )
        found[table] = _order_columns(root, table, own, columns) if form in ("indicators", "columns") else own
    classes = frozenset(name for it in found.values() for name in it.classes)
    return JoinedForm(found, form, columns, richest.form_reason, classes)


def _name_alone(listing: SourceListing) -> SourceListing:
    """Return rows of one label each as rows of several, of which they have one."""
    samples = tuple(replace(it, label=join_cells([it.label])) for it in listing.samples)
    return replace(listing, samples=samples, form="several")


def _order_columns(root: str, table: Path, listing: SourceListing, columns: tuple[str, ...]) -> SourceListing:
    """Return a listing with the cells of its labels in the order of some columns.

    Raises:
        DataError: it has others.
    """
    own = listing.label_columns
    if own == columns:
        return listing
    if set(own) != set(columns):
        apart = sorted({*own} ^ {*columns})
        raise DataError(
            f"{root!r}: the labels of {table.name!r} stand in other columns than those of another table: only one of "
            f"both has {preview(apart)}; wanted the same in all"
        )
    places = [own.index(name) for name in columns]
    samples = []
    for sample in listing.samples:
        cells = split_cells(sample.label)
        samples.append(replace(sample, label=join_cells(cells[place] for place in places)))
    return replace(listing, samples=tuple(samples), label_columns=columns)
