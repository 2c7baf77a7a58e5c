"""Names of class folders with a mark of a program before the class: ``label=ants`` (Hive), ``__label__ants``."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import unquote

from headstart.data.names import normalise_class_name

_HIVE = re.compile(r"(?P<mark>[A-Za-z_][\w.\-]*=)(?P<label>.+)", re.DOTALL)
_FASTTEXT = re.compile(r"(?P<mark>__label__)(?P<label>.+)", re.DOTALL)
_OWNERS = {"Hive": _HIVE, "fastText": _FASTTEXT}


@dataclass(frozen=True, slots=True)
class MarkedNames:
    """Classes without their marks."""

    mark: str  #: before each, such as ``label=``
    program: str  #: that marks classes so
    names: dict[str, str]  #: name of a folder -> the class


def read_marked_names(labels: Collection[str]) -> MarkedNames | None:
    """Return the classes in names that all begin with one mark; None of any others, and where two would be one."""
    for program, form in _OWNERS.items():
        found = {label: match for label in labels if (match := form.fullmatch(label))}
        marks = {match["mark"] for match in found.values()}
        if len(found) < max(2, len(labels)) or len(marks) != 1:
            continue
        names = {label: _read_class(match["label"], program) for label, match in found.items()}
        if all(names.values()) and len(set(names.values())) == len(names):
            return MarkedNames(marks.pop(), program, names)
    return None


def _read_class(text: str, program: str) -> str:
    """Return the class behind a mark; Hive writes signs as ``%20``."""
    return normalise_class_name(unquote(text, errors="strict") if program == "Hive" and _is_escaped(text) else text)


def _is_escaped(text: str) -> bool:
    """Return whether a text has escapes of signs that are UTF-8."""
    try:
        unquote(text, errors="strict")
    except UnicodeDecodeError:
        return False
    return re.search(r"%[0-9A-Fa-f]{2}", text) is not None
