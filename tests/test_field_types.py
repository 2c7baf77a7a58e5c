"""Fields of records are held to the types that their classes say."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from headstart_runtime.field_types import check_field_types


@dataclass(frozen=True)
class Inner:
    width: int


@dataclass(frozen=True)
class Outer:
    name: str
    share: float
    kind: Literal["a", 3]
    pair: tuple[int, str]
    all: tuple[Inner, ...]
    by_name: Mapping[str, float]
    rows: list[int]
    inner: Inner | None
    anything: Any


GOOD = {
    "name": "x",
    "share": 1,
    "kind": "a",
    "pair": (1, "b"),
    "all": (Inner(1),),
    "by_name": {"a": 0.5},
    "rows": [1],
    "inner": None,
    "anything": object(),
}


def test_a_record_as_its_class_says_passes() -> None:
    check_field_types(Outer(**GOOD))
    check_field_types(Outer(**{**GOOD, "inner": Inner(2), "kind": 3, "share": float("nan")}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("name", None), ("name", 3), ("share", True), ("share", "1"), ("kind", "b"), ("kind", 3.0)],
        *[("pair", (1,)), ("pair", (1, 2)), ("pair", [1, "b"]), ("all", (Inner(1), {"width": 1}))],
        *[("by_name", {"a": "b"}), ("by_name", []), ("rows", ["1"]), ("rows", (1,)), ("inner", {"width": 1})],
    ],
)
def test_a_field_of_another_type_is_named(name, value) -> None:
    with pytest.raises(TypeError, match=f"^{name} is {type(value).__name__}, wanted "):
        check_field_types(Outer(**{**GOOD, name: value}))


def test_a_field_inside_is_named() -> None:
    with pytest.raises(TypeError, match=r"^width is str, wanted int"):
        check_field_types(Outer(**{**GOOD, "all": (Inner("1"),)}))
