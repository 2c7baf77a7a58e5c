"""Items on standard input, one in a line: names of files; where items are texts, the texts or JSON objects."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Literal

from headstart_runtime.command.names import read_names_on_stdin
from headstart_runtime.errors import SettingError
from headstart_runtime.item_columns import ItemColumns, join_texts, match_known, split_columns
from headstart_runtime.items import name_path
from headstart_runtime.modalities.given import takes_texts
from headstart_runtime.modalities.item import BrokenItem, NamedItem
from headstart_runtime.modalities.modality import Modality

LineForm = Literal["auto", "names", "texts", "json"]
NAMES = ("id", "source", "name")  #: keys of an object by which its answer is called, the first that is there


def read_stdin_items(modality: Modality, form: LineForm, columns: ItemColumns) -> Iterator[NamedItem]:
    """Yield the items on standard input as they come.

    Args:
        modality: of the items.
        form: of a line; "auto" takes names of files, or, where items are texts, JSON where the first line is an object,
            and else texts.
        columns: the keys of an object that have the text; found where nothing is said.

    Raises:
        SettingError: a form that this modality has not.
    """
    textual = takes_texts(modality)
    if form not in ("auto", "names") and not textual:
        raise SettingError(f"--lines {form} is for texts, and this classifier reads {modality.noun.many}; drop it")
    lines = read_names_on_stdin()
    if form == "auto" and textual:
        first = next(lines, None)
        if first is None:
            return
        lines, form = chain([first], lines), "json" if isinstance(_parse(first), dict) else "texts"
    if form == "json":
        for number, line in enumerate(lines, 1):
            yield read_object(line, f"line {number}", modality, columns)
    elif form == "texts":
        yield from map(name_line, lines)
    else:
        yield from map(name_path, lines)


def name_line(line: str) -> NamedItem:
    """Return a text in a line as an item, called by its beginning; bytes that were no text stay bytes."""
    try:
        line.encode("utf-8")
        value: Any = line
    except UnicodeEncodeError:  # bytes of another encoding, as Python keeps them
        value = line.encode(getattr(sys.stdin, "encoding", None) or "utf-8", "surrogateescape")
    return NamedItem(_shorten(line), value)


def read_object(line: str, name: str, modality: Modality, columns: ItemColumns) -> NamedItem:
    """Return the text of a JSON object, or a JSON string, as an item; as an error, where it has none.

    Args:
        line: of JSON.
        name: by which it is called where the object has none itself.
        modality: of the text.
        columns: see ``read_stdin_items``.
    """
    found = _parse(line)
    if isinstance(found, str):
        return NamedItem(name, found)
    if not isinstance(found, dict):
        return NamedItem(name, BrokenItem(f"{_shorten(line)!r} is no JSON object; wanted one in each line"))
    called = next((str(found[key]) for key in NAMES if isinstance(found.get(key), str | int)), name)
    keys = _find_keys(found, modality, columns)
    if not keys:
        usual = ", ".join(map(repr, modality.hints.value_columns[:3]))
        wanted = columns.text or columns.path or f"a key such as {usual} (or --text-column KEY)"
        return NamedItem(called, BrokenItem(f"no text in it: it has {_list_keys(found)}; wanted {wanted}"))
    if len(keys) == 1:
        return NamedItem(called, str(found[keys[0]]))
    return NamedItem(called, join_texts(keys, ["" if found[key] is None else str(found[key]) for key in keys]))


def _find_keys(found: Mapping[str, Any], modality: Modality, columns: ItemColumns) -> Sequence[str]:
    """Return the keys of an object that have the text: those that are named, else the classifier's, else found."""
    if given := columns.text or columns.path:
        named = [given] if given in found else split_columns(given)
        return named if all(key in found for key in named) else []
    if as_fitted := match_known(found, columns.known):
        return as_fitted
    by_name = {key.strip().lower().replace(" ", "_").replace("-", "_"): key for key in found}
    known = next((by_name[name] for name in modality.hints.value_columns if name in by_name), None)
    if known is not None:
        return [known]
    texts = [key for key, value in found.items() if isinstance(value, str) and key not in NAMES]
    return texts if len(texts) == 1 else []


def _parse(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _list_keys(found: Mapping[str, Any]) -> str:
    return ", ".join(map(repr, list(found)[:5])) or "nothing"


def _shorten(line: str, most: int = 60) -> str:
    words = " ".join(line[: 4 * most].encode("utf-8", "replace").decode().split())
    return words if len(words) <= most else f"{words[: most - 1]}…"
