"""Samples as a page shows them small: with their names and labels."""

from dataclasses import dataclass
from typing import Any

from headstart.label_text import NONE
from headstart.reporting.run_records import RunRecords


@dataclass(frozen=True, slots=True)
class ItemTile:
    """A sample with its name."""

    id: str
    name: str
    label: str = ""  #: as a person writes it; empty where that needs no saying


def make_tile(records: RunRecords, id_: str) -> ItemTile:
    """Return the tile of any sample that the run's records name."""
    target = records.trust.classes_of.get(id_)
    label = "" if target is None else show_label(records.task.targets.describe(records.space, restore_target(target)))
    return ItemTile(id_, records.name(id_), label)


def show_label(text: str) -> str:
    """Return a label as a page shows it: of none of several labels in words."""
    return "none of them" if text in ("", NONE) else text


def restore_target(value: Any) -> Any:
    """Return a target as its task has it, from what JSON made of it: tuples became lists, NaN null."""
    if isinstance(value, list):
        return tuple(map(restore_target, value))
    return float("nan") if value is None else value
