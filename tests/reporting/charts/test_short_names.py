"""Names that are cut to their room: they can still be told apart, and stand in it."""

import numpy as np
import pytest

from headstart.reporting.charts.short_names import cut_middle, fit_names, thin_names
from headstart.reporting.charts.svg.marks import measure_text

SLICES = (
    "brightness: dark: up to 43 %",
    "brightness: middle: over 43 up to 51 %",
    "brightness: bright: over 51 %",
    "size: middle: over 334 up to 375 pixels along the shorter edge",
    "class: American_black_bear_with_a_very_long_name_indeed",
)


@pytest.mark.parametrize(
    "names",
    [
        tuple(f"encoder.layers.encoder_layer_{number}" for number in range(60)),
        tuple(f"{number}_of_the_layers_of_the_encoder_here" for number in range(60)),
        tuple(f"the_same_beginning_{number:02d}_and_the_same_long_end" for number in range(30)),
        SLICES,
        ("狐狸和狗狐狸和狗狐狸和狗狐狸和狗一", "狐狸和狗狐狸和狗狐狸和狗狐狸和狗二"),
    ],
)
@pytest.mark.parametrize(("room", "lines"), [(90.0, 1), (110.0, 2)])
def test_names_that_are_cut_can_be_told_apart_and_have_room(names, room, lines) -> None:
    shown = fit_names(names, room, 11.0, lines)
    assert len(set(shown)) == len(names)
    parts = [name.split("\n") for name in shown]
    assert max(map(len, parts)) <= lines
    assert max(measure_text(line, 11.0) for part in parts for line in part) <= room


def test_kinds_of_photos_keep_their_limits_in_two_lines() -> None:
    shown = fit_names(SLICES[:3], 176.0, lines=2)
    assert shown == (
        "brightness: dark:\nup to 43 %",
        "brightness: middle:\nover 43 up to 51 %",
        "brightness: bright:\nover 51 %",
    )


def test_drawn_names_keep_both_ends() -> None:
    chance = np.random.default_rng(0)
    for _ in range(200):
        name = "".join(chance.choice(list("abc_ 狐ü.-"), chance.integers(1, 60)))
        room = float(chance.uniform(30, 200))
        shown = cut_middle(name, room)
        assert measure_text(shown) <= room
        head, _, tail = shown.partition("…")
        assert name.startswith(head)
        assert name.endswith(tail)
        assert shown == name or len(head) - len(tail) in (0, 1)


@pytest.mark.parametrize("many", [1, 7, 18, 60, 100, 1000])
def test_names_along_an_axis_are_thinned_to_its_room_and_the_last_stays(many) -> None:
    places, shown = thin_names([f"b{number}" for number in range(many)], 360.0, 12.0, 90.0, 10.0)
    assert places[-1] == many - 1
    assert shown[-1] == f"b{many - 1}"
    assert len(places) * 12.0 <= 360.0 + 12.0
    assert len(set(np.diff(places).tolist())) <= 1
