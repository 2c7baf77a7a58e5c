"""The data of a demonstration: drawn by a modality and written as files, so that a first try needs no data."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from headstart_runtime.errors import SettingError
from headstart_runtime.modalities.item import NamedItem
from headstart_runtime.modalities.modality import REGISTRY, Modality


@dataclass(frozen=True, slots=True)
class Demonstration:
    """Drawn data of one kind."""

    name: str  #: of the folder or file, below the one of the demonstration: "digits"
    what: str  #: for a person: "1,200 digits, as if by pen on paper"
    write: Callable[[Path], Path]  #: writes them, where they are not there yet; returns what is fitted
    find_example: Callable[[Path], NamedItem]  #: gives an item to predict, of what was written


@runtime_checkable
class DemonstratingModality(Protocol):
    """A modality that draws data for a demonstration."""

    @property
    def demonstration(self) -> Demonstration:
        """The data that it draws."""


def find_demonstration(modality: Modality) -> Demonstration:
    """Return the demonstration of a modality.

    Raises:
        SettingError: it has none; the message names those that have one.
    """
    if isinstance(modality, DemonstratingModality):
        return modality.demonstration
    known = [name for name, one in REGISTRY.all().items() if isinstance(one, DemonstratingModality)]
    raise SettingError(f"there is no demonstration of {modality.noun.many}; choose one of {', '.join(known)}")
