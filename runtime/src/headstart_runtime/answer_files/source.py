"""Items as a program gives them, as a source of answers that are written."""

import os
from collections.abc import Iterable, Iterator, Sized
from typing import Any

from headstart_runtime.answer_files.manifest import describe_paths
from headstart_runtime.answer_files.records import AnswerSource
from headstart_runtime.item_columns import ItemColumns
from headstart_runtime.items import Expansion, expand_items, refuse_nothing
from headstart_runtime.modalities.given import is_path
from headstart_runtime.modalities.modality import Modality


def make_answer_source(modality: Modality, items: Iterable[Any], columns: ItemColumns | None = None) -> AnswerSource:
    """Return several items, folders, tables and the like as a source.

    Args:
        modality: of the items.
        items: of a collection each is there again when the source is read again; an iterator is read once.
        columns: of tables that items are read from; None finds them.
    """
    columns = columns or ItemColumns()
    again = not isinstance(items, Iterator)
    alone = isinstance(items, Sized) and len(items) == 1
    paths: list[str] | None = None
    if isinstance(items, list | tuple) and all(is_path(modality, item) for item in items):
        paths = [os.fsdecode(item) for item in items]
    skipped = list[str]()

    def read() -> Iterator[Any]:
        met = Expansion(alone=alone, columns=columns)
        yield from expand_items(modality, items, met)
        skipped[:] = met.skipped

    def refuse() -> None:
        refuse_nothing(modality, items, skipped)

    source = None if paths is None else describe_paths(paths)
    named = {"source": source, "path_column": columns.path, "text_column": columns.text}
    return AnswerSource(read, named, again=again, settled=paths is not None, nothing=refuse)
