"""The items whose answers are written, and what was written."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headstart_runtime.modalities.item import Noun


@dataclass(frozen=True, slots=True)
class AnswerSource:
    """The items that are asked for."""

    read: Callable[[], Iterable[Any]]  #: gives them from the first on, one by one
    named: Mapping[str, Any]  #: plain values that a manifest keeps, by the keys of ``manifest.WORDS``
    again: bool = True  #: whether ``read`` may be called again and gives the same
    settled: bool = True  #: whether ``named`` tells it from any other; else its items are compared
    nothing: Callable[[], None] = lambda: None  #: is called where there are no items, and raises


@dataclass(frozen=True, slots=True)
class WrittenAnswers:
    """The answers that are there, each item's once, in the order of the list."""

    out: Path  #: the folder of the parts, or the file
    items: int
    failed: int  #: items that could not be read; their rows have the error
    answered: int  #: items that this call answered; the others were there
    parts: int  #: files; 1 of a joined one
    noun: Noun

    def describe(self) -> str:
        """Return it in a line for a person."""
        many = f"{self.items:,} {self.noun.form(self.items)}"
        there = self.items - self.answered
        before = f" ({there:,} of them before)" if there and self.answered else ""
        now = f"{many} answered{before}" if self.answered else f"{many} had been answered already"
        files = f" in {self.parts:,} part{'s' if self.parts > 1 else ''}" if self.out.is_dir() else ""
        return f"{now}, each once, in the order of the list: {self.out}{files}"
