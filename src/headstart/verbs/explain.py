"""``headstart.explain``."""

import itertools
import os
from collections.abc import Iterable, Iterator, Sequence, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headstart.data.own_output import mark_folder
from headstart.display.html import html_table
from headstart.storage.atomic import replace_bytes
from headstart_runtime.errors import DataError, SettingError
from headstart_runtime.explanation.answer_explainer import AnswerExplainer, HeatMap
from headstart_runtime.explanation.choose_explainer import open_explainer
from headstart_runtime.item_columns import ItemColumns
from headstart_runtime.items import ITEM, Expansion, expand_items, list_items, refuse_nothing
from headstart_runtime.modalities.facets import Thumbnail
from headstart_runtime.modalities.given import open_item
from headstart_runtime.modalities.item import Noun
from headstart_runtime.modalities.marked_text import MarkedPiece


@dataclass(frozen=True, eq=False)
class ExplainedItem:
    """Where a classifier looked in an item."""

    source: str  #: the path as given, or what was given: "bytes", "array", "file"
    heat: HeatMap | None  #: None on an error
    file: Path | None  #: the item beside its heat map, where a folder was given
    error: str | None
    marked: Sequence[MarkedPiece] = ()  #: a text with the words that speak for the answer; () of what is none


class Explanations(list[ExplainedItem]):
    """Explanations in the order of the items; an item that could not be read has an ``error`` and no heat."""

    def __init__(self, explained: Iterable[ExplainedItem] = (), noun: Noun = ITEM, notes: Iterable[str] = ()):
        super().__init__(explained)
        self.noun = noun
        self.notes = tuple(notes)  #: such as which column of a table was read

    def _repr_html_(self) -> str:
        rows = [
            (one.source, one.heat.label, one.heat.shown, one.file)
            if one.heat is not None
            else (one.source, None, None, one.error)
            for one in self
        ]
        return html_table((self.noun.one, "label", "answer", "file"), rows)


def explain(
    model: str | os.PathLike[str],
    items: Any,
    *,
    out: str | Path | None = None,
    label: str | None = None,
    path_column: str | None = None,
    text_column: str | None = None,
) -> Explanations:
    """Return where a saved classifier looked in items, for each in order.

    Args:
        model: a saved classifier, its folder, or the run.
        items: an item as ``predict`` takes it, a folder, which is searched in depth, a table, or several of them.
        out: a folder for each item beside its heat map; nothing there is overwritten. None draws none.
        label: the class, label or number to explain; the likeliest of each item, or the first number, when not given.
        path_column: the column of a table with the items or their paths, or the array of items among several.
        text_column: as of ``predict``.

    Raises:
        UserError: a classifier or a class that cannot be used, a kind of data that has no explanation, or a folder
            without items. An item that cannot be read is no error: its record says so.
    """
    explainer = open_explainer(Path(model))
    modality = explainer.modality
    several = list_items(modality, items)
    columns = ItemColumns(path_column, text_column, explainer.record.item_columns)
    met = Expansion(alone=isinstance(several, Sized) and len(several) == 1, columns=columns)
    explained = explain_each(explainer, expand_items(modality, several, met), out=out, label=label)
    found = Explanations(list(explained), modality.noun, met.notes)
    if not found and (met.skipped or several):
        refuse_nothing(modality, items, met.skipped)
    return found


def explain_each(
    explainer: AnswerExplainer,
    items: Iterable[Any],
    *,
    out: str | Path | None = None,
    label: str | None = None,
) -> Iterator[ExplainedItem]:
    """Yield where a classifier looked, item by item, as they come.

    Raises:
        UserError: a class or a folder that cannot be used.
    """
    folder = Path(out).expanduser() if out is not None else None
    if folder is not None and folder.exists() and not folder.is_dir():
        raise SettingError(f"--out {str(folder)!r} is a file; name a folder for what is drawn")
    for item in items:
        name = open_item(explainer.modality, item).name
        try:
            heat = explainer.explain(item, label)
            file = _write(explainer.illustrate(item, heat), Path(name).stem, folder) if folder is not None else None
            yield ExplainedItem(name, heat, file, None, tuple(explainer.list_marked(item, heat)))
        except DataError as error:
            yield ExplainedItem(name, None, None, str(error).removeprefix(f"{name}: "))


def _write(illustration: Thumbnail, stem: str, folder: Path) -> Path:
    """Write an item beside its heat map under a name that is not there yet; return the file."""
    mark_folder(folder)
    numbered = itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2)))
    file = next(file for name in numbered if not (file := folder / f"{name}{illustration.suffix}").exists())
    replace_bytes(file, illustration.content)
    return file
