"""Which changes of a photo a preset makes for a task, by what keeps its answer; what a user names is done and said."""

from dataclasses import asdict, fields, replace

import numpy as np
import pytest

from headstart.modalities.image.augment.augmentation import make_view
from headstart.modalities.image.augment.augmenter import ImageAugmentation
from headstart.modalities.image.augment.chance import Chance
from headstart.modalities.image.augment.kept import ALL, KINDS, WORDS
from headstart.modalities.image.augment.place import draw_placement
from headstart.modalities.image.augment.presets import (
    PRESETS,
    WHOLE_SHIFT,
    WHOLE_ZOOM,
    Augmentation,
    resolve_smallest_window,
    resolve_view_size,
)
from headstart.modalities.image.settings import KEEPABLE, AugmentSettings
from headstart.settings import FitSettings
from headstart_runtime.errors import SettingError
from headstart_runtime.modalities.image.spec import WHOLE_EDGE, ImageSpec
from headstart_runtime.tasks.task import get_task

SPEC = ImageSpec(64, WHOLE_EDGE, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
LIGHT_ONLY = frozenset({"colour"})  #: of numbers: a count, an area, an angle
WHOLE = frozenset({"scale", "flip", "turn", "colour"})  #: of labels: any that is shown may be the one
FACET = ImageAugmentation()


def changes(kept: frozenset[str], **given: object) -> Augmentation:
    return Augmentation.from_settings(AugmentSettings(**given), kept)


def explained(kept: frozenset[str], **given: object) -> list[str]:
    return list(FACET.explain_kept(AugmentSettings(**given), kept))


def test_every_knob_is_of_a_kind_that_may_keep_an_answer() -> None:
    knobs = {field.name for field in fields(Augmentation)} - {"whole", "policy"}
    assert knobs | {"window", "view_size"} == set(KINDS)
    assert set(KINDS.values()) == set(WORDS) == set(KEEPABLE) - {"all"}


@pytest.mark.parametrize("name", PRESETS)
def test_a_task_that_all_changes_keep_has_the_presets_as_they_stand(name: str) -> None:
    settings = AugmentSettings(augmentation=name)
    kept = get_task("classification").invariances
    assert Augmentation.from_settings(settings, kept) == Augmentation.from_settings(settings) == PRESETS[name]
    assert FACET.explain_kept(settings, kept) == []


@pytest.mark.parametrize("name", PRESETS)
def test_numbers_see_other_light_and_colours_only(name: str) -> None:
    found = changes(LIGHT_ONLY, augmentation=name)
    assert asdict(found) == asdict(Augmentation(colour_jitter=PRESETS[name].colour_jitter))
    settings = AugmentSettings(augmentation=name)
    assert resolve_smallest_window(settings, LIGHT_ONLY) == 1
    assert FACET.fit_view_spec(settings, SPEC, LIGHT_ONLY) == SPEC


@pytest.mark.parametrize("name", ["light", "standard", "strong"])
@pytest.mark.parametrize("shape", [(150, 200), (200, 150), (64, 64), (30, 400)])
def test_all_that_the_plain_view_shows_stays_in_sight(name: str, shape: tuple[int, int]) -> None:
    """Each corner of the box that is predicted on, moved as drawn, lies inside the view."""
    found = changes(WHOLE, augmentation=name)
    assert found.whole
    assert (found.crop_scale, found.erasing) == (1, 0)
    photo = np.zeros((*shape, 3), np.uint8)
    corners = np.array([(x, y, 1) for x in (-0.5, 0.5) for y in (-0.5, 0.5)]).T
    drawn = [
        draw_placement(found, Chance.draw(seed=0, digest="a", number=number), SPEC, photo, []) for number in range(200)
    ]
    left, top, right, bottom = SPEC.crop_box(*shape)
    assert {(place.box.left, place.box.top) for place in drawn} == {(left, top)}
    assert {(place.box.width, place.box.height) for place in drawn} == {(right - left, bottom - top)}
    reached = np.stack([(place.moves @ corners)[:2] for place in drawn])
    assert np.abs(reached).max() <= 0.5 + 1e-9
    sizes = np.sqrt([np.linalg.det(place.moves[:2, :2]) for place in drawn])
    assert 1 - found.zoom - 1e-9 <= sizes.min() < 1 - found.zoom + 0.05
    assert sizes.max() <= 1
    assert np.ptp([place.moves[0, 2] for place in drawn]) > found.shift_width / 2, "it is not always in the middle"


def test_four_marks_at_the_corners_are_seen_in_every_view_of_a_whole_photo() -> None:
    photo = np.full((96, 96, 3), 40, np.uint8)
    for index, (top, left) in enumerate(((0, 0), (0, 84), (84, 0), (84, 84))):
        photo[top : top + 12, left : left + 12] = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)][index]
    still = {"colour_jitter": 0.0, "flip_horizontal": False}
    whole, cut = changes(WHOLE, augmentation="strong", **still), changes(ALL, augmentation="strong", **still)

    def seen(augmentation: Augmentation, number: int) -> int:
        view = make_view(photo, SPEC, augmentation, seed=0, digest="a", number=number).astype(int)
        red, green, blue = (view[..., channel] for channel in range(3))
        marks = (red - green - blue, green - red - blue, blue - red - green, np.minimum(red, green) - 2 * blue)
        return sum(int((mark > 60).sum() > 8) for mark in marks)

    assert [seen(whole, number) for number in range(40)] == [4] * 40
    assert np.mean([seen(cut, number) for number in range(40)]) < 2.5


def test_a_preset_that_crops_makes_photos_smaller_instead() -> None:
    for name in ("standard", "strong"):
        found = changes(WHOLE, augmentation=name)
        assert (found.zoom, found.shift_width, found.shift_height) == (WHOLE_ZOOM, WHOLE_SHIFT, WHOLE_SHIFT)
        assert found.flip_horizontal
        assert found.colour_jitter == PRESETS[name].colour_jitter
    light = changes(WHOLE, augmentation="light")
    assert replace(light, whole=False) == PRESETS["light"]
    assert light.describe() == "mirrored, shown whole, up to 10% smaller"
    assert changes(WHOLE, augmentation="none").identity


def test_what_is_left_out_is_said_with_the_way_to_take_it() -> None:
    assert explained(LIGHT_ONLY) == [
        (
            "mirror images and views that cut a part off are left out of the preset standard, as they may change the "
            "answer (--keeps flip,crop if they do not)"
        )
    ]
    assert explained(WHOLE) == [
        (
            "views that cut a part off are left out of the preset standard, as they may change the answer "
            "(--keeps crop if they do not); photos are made smaller and moved instead"
        )
    ]
    assert explained(LIGHT_ONLY, augmentation="none") == explained(ALL, rotation=10) == []
    assert explained(LIGHT_ONLY, crop_scale=1.0, flip_horizontal=False) == [], "the user left them out"


@pytest.mark.parametrize(
    ("given", "flags"),
    [
        ({"rotation": 10.0}, "--rotation is"),
        ({"flip_horizontal": True}, "--flip-horizontal is"),
        ({"policy": "randaugment"}, "--policy is"),
        ({"window": 0.5, "view_size": 0.75}, "--window and --view-size are"),
        ({"crop_scale": 0.4, "zoom": 0.2, "shear": 5.0}, "--crop-scale, --zoom and --shear are"),
    ],
)
def test_what_a_user_names_is_done_and_said(given: dict[str, object], flags: str) -> None:
    found = changes(LIGHT_ONLY, **given)
    assert all(getattr(found, name) == value for name, value in given.items() if hasattr(found, name))
    they = "it" if flags.endswith("is") else "they"
    assert f"{flags} done as asked for, though {they} may change the answer" in explained(LIGHT_ONLY, **given)
    assert not any("as asked for" in text for text in explained(ALL, **given))


def test_windows_and_smaller_views_that_a_user_names_are_taken() -> None:
    settings = AugmentSettings(window=0.6, view_size=0.75)
    assert resolve_smallest_window(settings, LIGHT_ONLY) == 0.6
    assert resolve_view_size(settings, 224, LIGHT_ONLY) == 160
    assert resolve_view_size(AugmentSettings(), 224, LIGHT_ONLY) == 224
    assert resolve_view_size(AugmentSettings(), 224, ALL) == 176


def test_a_user_who_cuts_parts_off_gets_no_smaller_photos_besides() -> None:
    found = changes(WHOLE, crop_scale=0.5)
    assert (found.crop_scale, found.zoom, found.shift_width, found.whole) == (0.5, 0, 0, False)
    turned = changes(WHOLE, rotation=30.0)
    assert turned.whole, "a turned photo is made smaller, so that its corners are seen"
    assert explained(WHOLE, rotation=30.0) == explained(WHOLE)


def test_a_user_says_that_more_changes_keep_the_answer() -> None:
    mirrored = changes(LIGHT_ONLY, keeps="flip")
    assert mirrored == Augmentation(flip_horizontal=True, colour_jitter=PRESETS["standard"].colour_jitter)
    assert changes(LIGHT_ONLY, keeps="all", augmentation="strong") == PRESETS["strong"]
    assert changes(LIGHT_ONLY, keeps="crop, flip,turn", augmentation="strong") == PRESETS["strong"]
    assert changes(LIGHT_ONLY, keeps="scale").whole
    assert explained(LIGHT_ONLY, keeps="flip,crop") == []
    assert explained(LIGHT_ONLY, keeps="flip", flip_vertical=True) == explained(LIGHT_ONLY, keeps="flip")
    assert resolve_smallest_window(AugmentSettings(keeps="crop"), LIGHT_ONLY) == 0.5


def test_a_change_that_is_none_is_refused_with_the_nearest() -> None:
    with pytest.raises(SettingError, match="keeps names 'flips', no change of a photo; did you mean 'flip'"):
        FitSettings.load(keeps="crop,flips")
    with pytest.raises(SettingError, match="keeps names '', no change of a photo; known: crop, scale"):
        FitSettings.load(keeps="")


def test_views_of_other_tasks_are_stored_apart() -> None:
    found = {FACET.make_augmenter(AugmentSettings(), kept).fingerprint for kept in (ALL, WHOLE, LIGHT_ONLY)}
    assert len(found) == 3
