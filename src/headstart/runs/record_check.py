"""A check of ``run.json``: the fields that a run shows are there, each of its type."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from headstart.storage.run_files import make_damage_error


@dataclass(frozen=True)
class _Layer:
    name: str
    width: int


@dataclass(frozen=True)
class _Backbone:
    name: str
    layers: list[_Layer]


@dataclass(frozen=True)
class _Arm:
    name: str
    strategy: str
    backbone: str
    layer: str
    curves: list[Any]


@dataclass(frozen=True)
class _ShownRecord:
    source: str
    settings: dict[str, Any]
    modality: str
    task: str
    classes: list[str]
    split: dict[str, int]
    backbone: _Backbone
    backbones: list[_Backbone]
    arms: list[_Arm]
    winner: str
    seconds: dict[str, float]
    notes: list[str]
    took: float | None = None


def check_run_record(file: Path, record: Mapping[str, Any]) -> None:
    """Raise an error where a record of a run lacks what a run shows, or has it of another type.

    Args:
        file: for the error.
        record: what is in it.

    Raises:
        UserError: it does.
    """
    from pydantic import ValidationError

    try:
        shown = _get_adapter().validate_python(record)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"])
        raise make_damage_error(file, f"{place}: {first['msg']}") from None
    if shown.winner not in {arm.name for arm in shown.arms}:
        raise make_damage_error(file, f"winner: {shown.winner!r} is none of its arms")


@cache
def _get_adapter() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(_ShownRecord)
