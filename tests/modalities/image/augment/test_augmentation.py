"""Changed views: each transformation does what its name says, and a view depends on its name alone."""

import math
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from headstart.modalities.image.augment import presets as augment_presets
from headstart.modalities.image.augment.augmentation import PRESETS, Augmentation, make_view
from headstart.modalities.image.augment.chance import Chance
from headstart.modalities.image.augment.colour import jitter_colours
from headstart.modalities.image.augment.place import draw_placement, resample
from headstart.modalities.image.augment.policy import (
    OPS,
    RANGES,
    TONES,
    Transform,
    apply_tones,
    draw_transforms,
    transform_moves,
)
from headstart.modalities.image.augment.presets import resolve_view_size
from headstart.modalities.image.settings import AugmentSettings
from headstart.settings import FitSettings
from headstart_runtime.modalities.image.decode import crop_resize
from headstart_runtime.modalities.image.spec import ImageSpec

SIZE = 64
SPEC = ImageSpec(SIZE, 875, mean=(0.5, 0.4, 0.3), std=(0.2, 0.2, 0.2))
MIDDLE = {field.name: 0.5 for field in fields(Chance)}  #: nothing is moved, turned or recoloured


def smooth_photo(height: int = 150, width: int = 200, seed: int = 0) -> np.ndarray:
    """A photo without sharp edges, so that two ways of resampling may be compared."""
    coarse = np.random.default_rng(seed).integers(0, 256, (7, 9, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def seen(photo: np.ndarray, number: int = 0, *, seed: int = 0, digest: str = "a", **knobs: object) -> np.ndarray:
    return make_view(photo, SPEC, Augmentation(**knobs), seed=seed, digest=digest, number=number)


def difference(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(float) - other.astype(float)).mean())


def place_of(photo: np.ndarray, augmentation: Augmentation, **chances: float) -> np.ndarray:
    """The pixels of a place that is drawn with these numbers, all others in the middle."""
    chance = Chance(**{**MIDDLE, **chances})
    return resample(photo, SPEC, draw_placement(augmentation, chance, SPEC, photo, []))


def spot(photo_size: int, x: float, y: float, radius: float) -> np.ndarray:
    """A white disc on black, (H, W, 3), with an antialiased rim."""
    rows, columns = np.mgrid[:photo_size, :photo_size] + 0.5
    inside = np.clip(radius - np.hypot(columns - x, rows - y) + 0.5, 0, 1)
    return np.repeat(np.rint(255 * inside).astype(np.uint8)[:, :, None], 3, axis=2)


def centre(picture: np.ndarray) -> np.ndarray:
    """(x, y) of what is bright, pixels."""
    weights = picture[:, :, 0].astype(float)
    rows, columns = np.mgrid[: len(picture), : picture.shape[1]] + 0.5
    return np.array([(columns * weights).sum(), (rows * weights).sum()]) / weights.sum()


def test_without_changes_a_view_is_what_is_predicted_on() -> None:
    for shape in ((150, 200), (200, 150), (64, 64), (8, 9)):
        photo = smooth_photo(*shape)
        assert np.array_equal(seen(photo), crop_resize(photo, SPEC))
    assert PRESETS["none"].identity
    assert not any(PRESETS[name].identity for name in ("light", "standard", "strong"))


@pytest.mark.parametrize("name", ["light", "standard", "strong"])
def test_the_name_of_a_view_decides_its_pixels(name) -> None:
    photo, other = smooth_photo(), smooth_photo(150, 200, seed=1)

    def one(number: int = 3, seed: int = 0, digest: str = "a") -> np.ndarray:
        return make_view(photo, SPEC, PRESETS[name], seed=seed, digest=digest, number=number)

    before = photo.copy()
    first = one()
    make_view(other, SPEC, PRESETS["strong"], seed=9, digest="z", number=1)
    np.random.default_rng().random()
    assert np.array_equal(first, one())
    for changed in (one(number=4), one(seed=1), one(digest="b")):
        assert difference(first, changed) > 1
    assert np.array_equal(photo, before)


def test_threads_do_not_disturb_each_other() -> None:
    photo, augmentation = smooth_photo(), replace(PRESETS["strong"], policy="randaugment")

    def one(number: int) -> bytes:
        return make_view(photo, SPEC, augmentation, seed=0, digest="a", number=number).tobytes()

    alone = [one(number) for number in range(60)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one, list(range(60)) * 4)) == alone * 4


def test_numbers_of_a_view_are_uniform_and_independent() -> None:
    rows = np.array(
        [[getattr(Chance.draw(seed=0, digest="a", number=n), f.name) for f in fields(Chance)] for n in range(1000)]
    )
    assert np.abs(rows.mean(axis=0) - 0.5).max() < 4 * math.sqrt(1 / 12 / 1000)
    correlations = np.corrcoef(rows.T) - np.eye(rows.shape[1])
    assert np.abs(correlations).max() < 5 / math.sqrt(1000)


@pytest.mark.parametrize(("knob", "axis"), [("flip_horizontal", 1), ("flip_vertical", 0)])
def test_every_other_view_is_flipped(knob, axis) -> None:
    photo = smooth_photo()
    plain = crop_resize(photo, SPEC)
    flipped = 0
    for number in range(400):
        changed = seen(photo, number, **{knob: True})
        mirrored = np.array_equal(changed, np.flip(plain, axis))
        assert mirrored or np.array_equal(changed, plain)
        flipped += mirrored
    assert abs(flipped - 200) < 4 * math.sqrt(100)


@pytest.mark.parametrize("uniform", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("pixels", [90, 400])
def test_rotation_is_pillows(uniform, pixels) -> None:
    photo = smooth_photo(pixels, pixels)
    turned = place_of(photo, Augmentation(rotation=40), rotation=uniform)
    clockwise = 40 * (2 * uniform - 1)
    plain = Image.fromarray(crop_resize(photo, SPEC))
    rows, columns = np.mgrid[:SIZE, :SIZE] + 0.5 - SIZE / 2
    disc = np.hypot(rows, columns) < SIZE / 2 - 2
    right, wrong = (
        np.asarray(plain.rotate(angle, Image.Resampling.BICUBIC))[disc] for angle in (-clockwise, clockwise)
    )
    assert difference(turned[disc], right) < 1.5
    assert difference(turned[disc], wrong) > 8


def test_rotations_go_both_ways_up_to_the_most() -> None:
    photo = spot(96, 48 + 24, 48, 4)
    angles = []
    for number in range(100):
        x, y = centre(seen(photo, number, rotation=30)) - SIZE / 2
        angles.append(math.degrees(math.atan2(y, x)))
    assert max(np.abs(angles)) < 30.5
    assert min(angles) < -25
    assert max(angles) > 25


@pytest.mark.parametrize(("knob", "axis"), [("shift_width", 0), ("shift_height", 1)])
@pytest.mark.parametrize("pixels", [64, 300])
def test_a_shift_moves_things_by_its_share_at_most(knob, axis, pixels) -> None:
    photo = spot(pixels, pixels / 2, pixels / 2, pixels / 16)
    moved = np.array([centre(seen(photo, number, **{knob: 0.2})) for number in range(80)]) - SIZE / 2
    assert np.abs(moved[:, 1 - axis]).max() < 0.6
    assert np.abs(moved[:, axis]).max() < 0.2 * SIZE + 0.6
    assert moved[:, axis].min() < -0.15 * SIZE
    assert moved[:, axis].max() > 0.15 * SIZE


@pytest.mark.parametrize("pixels", [40, 320])
def test_zoom_changes_the_size_of_things(pixels) -> None:
    def area(picture: np.ndarray) -> float:
        return float(picture[:, :, 0].sum())

    middle = pixels / 2 - 0.5 * (pixels == 40)  # an odd crop of an even photo begins half a pixel early
    photo = spot(pixels, middle, middle, pixels / 8)
    plain = area(crop_resize(photo, SPEC))
    for uniform, factor in ((0.0, 0.7), (0.25, 0.85), (1.0, 1.3)):
        zoomed = place_of(photo, Augmentation(zoom=0.3), zoom=uniform)
        assert area(zoomed) / plain == pytest.approx(factor**2, rel=0.04)
        assert centre(zoomed) == pytest.approx((SIZE / 2, SIZE / 2), abs=0.5)


def test_shear_leans_things_over() -> None:
    lower = spot(320, 160, 160 + 70, 12)  # a quarter of the crop's edge below its middle
    sheared = centre(place_of(lower, Augmentation(shear=20), shear=1.0)) - SIZE / 2
    assert sheared == pytest.approx((math.tan(math.radians(20)) * SIZE / 4, SIZE / 4), abs=0.4)


def test_random_crops_keep_the_share_and_the_ratio() -> None:
    photo = smooth_photo(300, 400)
    boxes = []
    for number in range(500):
        chance = Chance.draw(seed=0, digest="a", number=number)
        boxes.append(draw_placement(Augmentation(crop_scale=0.35), chance, SPEC, photo, []).box)
    shares = np.array([box.width * box.height / 120_000 for box in boxes])
    ratios = np.array([box.width / box.height for box in boxes])
    assert 0.35 - 1e-9 <= shares.min() < 0.37
    assert 0.98 < shares.max() <= 1 + 1e-9
    assert 3 / 4 - 1e-9 <= ratios.min() < 0.8
    assert 1.3 < ratios.max() <= 4 / 3 + 1e-9
    assert all(box.left >= 0 and box.left + box.width <= 400 + 1e-9 for box in boxes)
    assert all(box.top >= 0 and box.top + box.height <= 300 + 1e-9 for box in boxes)


def test_a_random_crop_is_pillows_resized_crop() -> None:
    photo = smooth_photo(300, 400)
    for number in range(5):
        chance = Chance.draw(seed=0, digest="a", number=number)
        box = draw_placement(Augmentation(crop_scale=0.35), chance, SPEC, photo, []).box
        edges = (box.left, box.top, box.left + box.width, box.top + box.height)
        wanted = Image.fromarray(photo).resize((SIZE, SIZE), Image.Resampling.BILINEAR, box=edges)
        assert difference(seen(photo, number, crop_scale=0.35), np.asarray(wanted)) < 1


def test_a_panorama_is_cropped_to_the_nearest_ratio() -> None:
    photo = smooth_photo(20, 3000)
    boxes = [
        draw_placement(Augmentation(crop_scale=0.35), Chance.draw(seed=0, digest="a", number=n), SPEC, photo, []).box
        for n in range(50)
    ]
    assert {(round(box.width, 6), box.height) for box in boxes} == {(round(20 * 4 / 3, 6), 20)}
    assert max(box.left for box in boxes) - min(box.left for box in boxes) > 2000


def test_what_shrinks_a_lot_stays_antialiased_when_turned() -> None:
    rows, columns = np.mgrid[:640, :640]
    board = np.repeat(((rows + columns) % 2 * 255).astype(np.uint8)[:, :, None], 3, axis=2)
    for uniform in (0.1, 0.6):
        turned = place_of(board, Augmentation(rotation=30), rotation=uniform).astype(float)
        assert np.abs(turned - 127.5).max() < 8
    naive = Image.fromarray(board).transform(
        (SIZE, SIZE), Image.Transform.AFFINE, (9, 2, 0, -2, 9, 128), Image.Resampling.BILINEAR
    )
    assert np.abs(np.asarray(naive).astype(float) - 127.5).max() > 60  # the pattern that would show otherwise


def test_what_lies_outside_mirrors_the_photo() -> None:
    ramp = np.repeat(np.tile(np.linspace(40, 240, 256).astype(np.uint8), (256, 1))[:, :, None], 3, axis=2)
    whole = replace(SPEC, crop_permille=1000)
    place = draw_placement(Augmentation(shift_width=0.25), Chance(**{**MIDDLE, "shift_width": 1.0}), whole, ramp, [])
    row = resample(ramp, whole, place)[SIZE // 2, :, 0].astype(int)
    assert np.array_equal(row[:16], row[16:32][::-1])
    assert row[16] < 45
    assert row[-1] == pytest.approx(40 + 200 * 0.75, abs=3)
    turned = seen(np.full((120, 90, 3), 200, np.uint8), rotation=180, shift_width=0.5, shear=40)
    assert turned.min() == 200  # no black corners


@pytest.mark.parametrize(
    ("slot", "enhance"),
    [("brightness", ImageEnhance.Brightness), ("contrast", ImageEnhance.Contrast), ("saturation", ImageEnhance.Color)],
)
@pytest.mark.parametrize("uniform", [0.0, 0.8])
def test_colours_change_as_pillows_enhancers_do(slot, enhance, uniform) -> None:
    photo = Image.fromarray(smooth_photo(SIZE, SIZE) // 2 + 60)
    changed = np.asarray(jitter_colours(photo, 0.3, Chance(**{**MIDDLE, slot: uniform})))
    wanted = np.asarray(enhance(photo).enhance(1 + 0.3 * (2 * uniform - 1)))
    assert np.abs(changed.astype(int) - wanted.astype(int)).max() <= 2
    assert difference(changed, np.asarray(photo)) > 2


@pytest.mark.parametrize("uniform", [0.0, 0.7, 1.0])
def test_hue_turns_as_in_hsv(uniform) -> None:
    photo = Image.fromarray(smooth_photo(SIZE, SIZE) // 2 + 60)
    turned = jitter_colours(photo, 0.4, Chance(**{**MIDDLE, "hue": uniform}))
    before, after = (np.asarray(it.convert("HSV")).astype(int) for it in (photo, turned))
    coloured = (before[:, :, 1] > 60) & (after[:, :, 1] > 60)
    turns = ((after - before)[:, :, 0][coloured] + 128) % 256 - 128
    assert coloured.sum() > 500
    assert abs(np.median(turns) / 256) == pytest.approx(0.04 * abs(2 * uniform - 1), abs=0.012)
    luma = [np.asarray(it.convert("L")).astype(int) for it in (photo, turned)]
    assert np.abs(luma[0] - luma[1]).max() <= 2


def test_colour_jitter_leaves_things_where_they_are_and_greys_grey() -> None:
    photo = spot(300, 120, 180, 20) // 2 + 40
    plain = crop_resize(photo, SPEC)
    for number in range(20):
        changed = seen(photo, number, colour_jitter=0.4).astype(int)
        assert np.ptp(changed, axis=2).max() <= 1
        assert centre(changed - changed.min()) == pytest.approx(centre(plain - plain.min()), abs=0.2)


def test_erasing_changes_one_rectangle_only() -> None:
    photo = np.full((90, 120, 3), 250, np.uint8)
    plain, hits, areas = crop_resize(photo, SPEC), 0, []
    for number in range(300):
        changed = seen(photo, number, erasing=0.4)
        touched = (changed != plain).any(axis=2)
        if not touched.any():
            continue
        hits += 1
        rows, columns = np.nonzero(touched.any(axis=1))[0], np.nonzero(touched.any(axis=0))[0]
        rectangle = changed[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        assert touched.sum() == rectangle.shape[0] * rectangle.shape[1]
        assert (rectangle == (128, 102, 76)).all()  # the spec's mean
        areas.append(touched.mean())
    assert abs(hits - 120) < 4 * math.sqrt(300 * 0.4 * 0.6)
    assert 0.015 < min(areas) < 0.05
    assert 0.28 < max(areas) < 0.35


def test_policies_draw_every_transformation_as_often() -> None:
    for policy, count in (("randaugment", 2), ("trivialaugment", 1)):
        every = [draw_transforms(policy, Chance.draw(seed=0, digest="a", number=number)) for number in range(1400)]
        assert {len(ops) for ops in every} == {count}
        names = [it.op for ops in every for it in ops]
        expected = len(names) / len(OPS)
        assert all(abs(names.count(op) - expected) < 4.5 * math.sqrt(expected) for op in OPS)
    assert draw_transforms("none", Chance(**MIDDLE)) == []


def test_magnitudes_are_those_of_the_papers() -> None:
    def amount(policy, op, strength: float = 0.999, sign: float = 0.0) -> float:
        name = (OPS.index(op) + 0.5) / len(OPS)
        chances = {"first_name": name, "first_strength": strength, "first_sign": sign}
        return draw_transforms(policy, Chance(**{**MIDDLE, **chances}))[0].amount

    assert amount("trivialaugment", "rotate") == pytest.approx(135)
    assert amount("trivialaugment", "rotate", sign=0.9) == pytest.approx(-135)
    assert amount("trivialaugment", "rotate", strength=0.0) == 0
    assert amount("trivialaugment", "shear_x") == pytest.approx(0.99)
    assert amount("trivialaugment", "posterize") == 6
    assert amount("randaugment", "rotate", strength=0.1) == pytest.approx(9)  # 9 of 30 steps to 30 degrees
    assert amount("randaugment", "brightness") == pytest.approx(0.27)
    assert amount("randaugment", "translate_y", sign=0.9) == pytest.approx(-0.3 * 150 / 331)
    assert amount("randaugment", "posterize") == 1
    assert amount("randaugment", "solarize") == pytest.approx(0.3)
    assert set(RANGES) == {"randaugment", "trivialaugment"}


def test_each_transformation_of_a_policy_moves_or_tones_never_both() -> None:
    image = Image.fromarray(smooth_photo(SIZE, SIZE) // 2 + 100)
    for op in OPS:
        it = Transform(op, 2 if op == "posterize" else 0.3)
        moves, changed = (
            bool(transform_moves([it])),
            difference(np.asarray(apply_tones(image, [it])), np.asarray(image)) > 0.1,
        )
        assert (moves, changed) == (op in OPS[3:8] and op not in TONES, op in TONES), op
    white = Image.new("RGB", (4, 4), "white")
    assert apply_tones(white, [Transform("solarize", 0)]).tobytes() == white.tobytes()


def test_the_moves_of_a_policy_join_the_step() -> None:
    photo = smooth_photo(200, 200)
    chance = Chance(**MIDDLE)
    by_policy = draw_placement(Augmentation(), chance, SPEC, photo, transform_moves([Transform("rotate", 20)]))
    by_knob = draw_placement(Augmentation(rotation=20), Chance(**{**MIDDLE, "rotation": 1.0}), SPEC, photo, [])
    assert np.allclose(by_policy.moves, by_knob.moves)
    moved = draw_placement(Augmentation(), chance, SPEC, photo, transform_moves([Transform("translate_y", -0.1)]))
    assert moved.moves[:2, 2] == pytest.approx((0, -0.1))


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (3, 2), (20, 3000), (3000, 20), (8, 8), (64, 64)])
@pytest.mark.parametrize(
    "augmentation",
    [
        *PRESETS.values(),
        Augmentation(policy="trivialaugment", crop_scale=0.01),
        Augmentation(rotation=180, shear=60, zoom=0.999, shift_width=1, shift_height=1, policy="randaugment"),
        Augmentation(zoom=0.999, shift_width=1, shift_height=1),
    ],
    ids=str,
)
def test_photos_of_any_shape_give_a_square(shape, augmentation) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    photo.setflags(write=False)
    for number in range(12):
        changed = make_view(photo, SPEC, augmentation, seed=0, digest="a", number=number)
        assert (changed.shape, changed.dtype) == ((SIZE, SIZE, 3), np.uint8)
        assert changed.flags.c_contiguous


def test_knobs_replace_their_part_of_a_preset() -> None:
    for name, preset in PRESETS.items():
        assert Augmentation.from_settings(AugmentSettings(augmentation=name)) == preset
    given = AugmentSettings(augmentation="standard", rotation=7, flip_horizontal=False, policy="randaugment")
    expected = replace(PRESETS["standard"], rotation=7, flip_horizontal=False, policy="randaugment")
    assert Augmentation.from_settings(given) == expected
    assert Augmentation.from_settings(AugmentSettings(augmentation="strong", crop_scale=1.0)).crop_scale == 1.0
    assert {field.name for field in fields(Augmentation)} - {"whole"} == set(AugmentSettings.model_fields) - {
        "augmentation",
        "keeps",
        "window",
        "view_size",
    }


#: Every knob at another value than at rest.
OTHERS = {
    **dict.fromkeys(("rotation", "shear"), 5.0),
    **dict.fromkeys(("shift_width", "shift_height", "zoom", "colour_jitter", "erasing", "crop_scale"), 0.5),
    **dict.fromkeys(("flip_horizontal", "flip_vertical"), True),
    "policy": "randaugment",
}


def test_the_fingerprint_changes_with_every_knob(monkeypatch) -> None:
    changed = [Augmentation(), *(Augmentation(**{knob: value}) for knob, value in OTHERS.items())]
    assert set(OTHERS) | {"whole"} == {field.name for field in fields(Augmentation)}
    assert len({it.fingerprint for it in changed}) == len(changed)
    assert len({it.describe() for it in changed}) == len(changed)
    before = Augmentation().fingerprint
    assert before == Augmentation().fingerprint
    monkeypatch.setattr(augment_presets, "VERSION", augment_presets.VERSION + 1)
    assert Augmentation().fingerprint != before


def test_a_knob_leaves_what_the_others_draw() -> None:
    photo = smooth_photo()
    for number in range(10):
        with_colours = seen(photo, number, crop_scale=0.4, colour_jitter=0.3)
        without = seen(photo, number, crop_scale=0.4)
        again = jitter_colours(Image.fromarray(without), 0.3, Chance.draw(seed=0, digest="a", number=number))
        assert np.array_equal(with_colours, np.asarray(again))


def in_words(value: str | bool | float) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else f"{value:g}"


def test_the_page_shows_the_presets_as_they_are() -> None:
    page = (Path(__file__).resolve().parents[4] / "docs" / "augmentation.md").read_text("utf-8")
    lines = page.partition("## Presets")[2].partition("## What keeps")[0].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| `")]
    shown = {knob: row[1:] for row in rows for knob in re.findall(r"`(\w+)`", row[0])}
    for field in fields(Augmentation)[:-1]:  # the last, whole, is no knob
        values = [getattr(preset, field.name) for preset in PRESETS.values()]
        assert shown.pop(field.name) == [in_words(value) for value in values], field.name
    assert not shown


@pytest.mark.parametrize(
    ("given", "size", "edge"),
    [
        ({}, 224, 176),
        ({}, 299, 240),
        ({}, 32, 32),
        ({"augmentation": "light"}, 224, 224),
        ({"augmentation": "light", "crop_scale": 0.5}, 224, 176),
        ({"view_size": 1.0}, 224, 224),
        ({"view_size": 0.5}, 224, 112),
        ({"view_size": 0.5, "augmentation": "none"}, 224, 112),
        ({"view_size": 0.99}, 28, 28),
    ],
)
def test_the_edge_of_views(given: dict[str, Any], size: int, edge: int) -> None:
    assert resolve_view_size(FitSettings(**given), size) == edge


@pytest.mark.parametrize("knobs", [{"crop_scale": 0.5}, {"zoom": 0.2, "shift_width": 0.1}], ids=str)
def test_without_pytorch_views_are_the_same_but_for_a_grey_level(
    knobs: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = np.random.default_rng(3).integers(0, 256, (90, 120, 3), np.uint8)
    with_pytorch = [seen(photo, number, **knobs).astype(np.int16) for number in range(8)]
    monkeypatch.setitem(sys.modules, "torch", None)
    without = [seen(photo, number, **knobs).astype(np.int16) for number in range(8)]
    assert max(np.abs(one - other).max() for one, other in zip(with_pytorch, without, strict=True)) <= 1
