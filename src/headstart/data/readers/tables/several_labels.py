"""Cells with several labels, known by the other cells of their column.

The parts of such cells come again, alone or in other combinations. A name that has a comma or a blank in it, such as
``crane, bird``, has parts that do not.
"""

import ast
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from headstart.data.readers.label_forms import propose_reading
from headstart_runtime.parsing import parse_json

#: Between labels, the surest first; a sign with blanks around it may stand in a word without them.
SEPARATORS = ("|", ";", "\n", ",", "+", " & ", " and ", " und ", "/", "#", " ")
SURE = ("|", ";", "\n")  #: that names of classes do not have in them
_BETWEEN_NUMBERS = ("+", "/", "#")  #: that stand in numbers: dates, fractions, ratios
LIST = "[]"  #: the separator of cells that are lists, as Python, JSON or a database writes them
_LIST = re.compile(r"[\[({].*[\])}]")
_WORDS = re.compile(r"[\[{][^\[\](){}]*[\]}]")  #: a list without quotes
_SIZES = 3  #: different numbers of parts that names of classes do not have, where there are many
_PER_PART = 2  #: labels for each part, which names of classes do not make either
MOST_COMPARED = 500  #: labels of which each is held against all others


@dataclass(frozen=True, slots=True)
class SeveralLabels:
    """The cells with several labels in a column, or with none."""

    separator: str  #: between them; ``LIST`` where cells are lists
    cells: dict[str, tuple[str, ...]]  #: cell -> its labels; of lists also those with one, or none
    sure: bool = True  #: whether they cannot be names of classes with signs or blanks in them


def find_several_labels(counts: Iterable[str]) -> SeveralLabels | None:
    """Return the cells that have several labels, among all different ones of a column; None where none has."""
    labels = list(dict.fromkeys(counts))
    lists = {label: parts for label in labels if (parts := read_list(label)) is not None}
    if any(len(parts) > 1 for parts in lists.values()):
        return SeveralLabels(LIST, lists)
    for separator in SEPARATORS:
        split = {label: split_label(label, separator) for label in labels}
        if any(len(parts) > 1 for parts in split.values()) and (found := _find_combined(split, separator)):
            return found
    return SeveralLabels(LIST, lists) if () in lists.values() else None


def guess_separator(labels: Iterable[str], signs: Sequence[str] = SEPARATORS) -> str:
    """Return the first of some signs that stands in a label; "" where none does."""
    known = list(labels)
    return next((sign for sign in signs if any(sign in label for label in known)), "")


def split_label(label: str, separator: str) -> tuple[str, ...]:
    """Return the labels in a cell: those of a list, or what stands between separators."""
    if (parts := read_list(label)) is not None and (separator in ("", LIST) or separator not in label):
        return parts
    if separator in ("", LIST):
        return (label,)
    return tuple(part for piece in label.split(separator) if (part := piece.strip()))


def read_list(label: str) -> tuple[str, ...] | None:
    """Return the items of a list as Python, JSON or a database writes one; None for another label."""
    text = label.strip()
    if not _LIST.fullmatch(text):
        return None
    values = _parse_list(text)
    if values is not None:
        return tuple(str(value).strip() for value in values)
    if not _WORDS.fullmatch(text):
        return None
    return tuple(part for piece in text[1:-1].split(",") if (part := piece.strip().strip("'\"")))


def _parse_list(text: str) -> list[Any] | None:
    """Return the values in a list of texts and numbers; None where it is none."""
    values: Any = None
    for parse in (parse_json, ast.literal_eval):
        try:
            values = parse(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        break
    if isinstance(values, set | frozenset):
        values = sorted(values, key=str)
    if not isinstance(values, list | tuple) or not all(isinstance(one, str | int | float) for one in values):
        return None
    return list(values)


def _find_combined(parts: dict[str, tuple[str, ...]], separator: str) -> SeveralLabels | None:
    """Return the labels that are combinations of others by their parts; None where that is not clear."""
    several = {label: found for label, found in parts.items() if len(found) > 1}
    numbers = all(part.isdecimal() for found in parts.values() for part in found)
    if numbers:
        decimals = separator == "," and all(len(found) == 2 and ", " not in label for label, found in several.items())
        return None if decimals or separator in _BETWEEN_NUMBERS else SeveralLabels(separator, several)
    single = {found[0] for found in parts.values() if len(found) == 1}
    again = Counter(part for found in parts.values() for part in set(found))
    combined = {
        label: found
        for label, found in several.items()
        if all(again[part] > 1 for part in found)
        and (single.issuperset(found) or (separator != " " and not single.isdisjoint(found)))
    }
    in_order = {tuple(sorted(found)) for found in several.values()}
    many = len(parts) >= _PER_PART * len(again) and len({len(found) for found in parts.values()}) >= _SIZES
    joined = separator == " " and any("_" in label and not single.isdisjoint(found) for label, found in several.items())
    if len(in_order) < len(several) or many or joined:
        return SeveralLabels(separator, several)
    if not combined:
        return None
    known = single.union(*combined.values())
    held = {label: found for label, found in several.items() if separator in SURE or known.issuperset(found)}
    sure = separator in SURE or (separator not in ("+", " ") and all(map(single.issuperset, combined.values())))
    return SeveralLabels(separator, held, sure)


def trim_label(label: str, separator: str) -> str:
    """Return a label without separators at its ends: ``square;`` is ``square``."""
    sign, text = separator.strip(), label.strip()
    if not sign or separator == LIST or sign.isalpha():
        return text
    while text.startswith(sign) or text.endswith(sign):
        text = text.removeprefix(sign).removesuffix(sign).strip()
    return text


def split_further(known: Collection[str], separator: str) -> dict[str, tuple[str, ...]]:
    """Return the labels that another separator divides into labels which are known: label -> these.

    Args:
        known: labels of a column, as its separator divides them.
        separator: that one.
    """
    found = dict[str, tuple[str, ...]]()
    for label in known:
        for sign in SEPARATORS:
            pieces = split_label(label, sign) if sign in label and sign not in (separator, " ") else ()
            if len(pieces) > 1 and all(piece in known for piece in pieces):
                found[label] = pieces
                break
    return found


def note_words(labels: Iterable[str]) -> list[str]:
    """Return a note where labels of several words begin with others whose words come again elsewhere."""
    parts = {label: tuple(label.split()) for label in labels if label.islower()}
    for label, words in parts.items() if len(parts) <= MOST_COMPARED else ():
        longer = [
            other for other, found in parts.items() if len(found) > len(words) > 1 and found[: len(words)] == words
        ]
        apart = [found for other, found in parts.items() if other != label and other not in longer]
        if len(longer) > 1 and any(not set(words).isdisjoint(found) for found in apart):
            shown = f"labels such as {longer[0]!r} begin with {label!r}: each cell is read as one class"
            return [f"{shown}; where each word is a label of its own: {propose_reading('several')}"]
    return []
