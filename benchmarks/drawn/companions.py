"""Folders of more than one set: masks and depth maps beside photos, pieces of classes, several sets in one."""

import io
from dataclasses import replace
from pathlib import Path

from PIL import Image

from drawn.desk import Desk, add_layout, draw_photos

INSECTS = ("ants", "bees")


@add_layout(
    "`fish_image/fish_01/1.png`, `mask_image/mask_01/1.png` (Fish4Knowledge)",
    "the photos; masks are left out, and said",
)
def masks_under_other_names(desk: Desk) -> Path:
    desk.say("mask_image")
    desk.lay_classes("fish_image/{label}/fish_{number:012}.png", ("fish_01", "fish_02"))
    desk.leave_photos(
        "mask_image/{label}/mask_{number:012}.png", ("mask_01", "mask_02"), seed=1, grey=True, word="mask"
    )
    return desk.root


@add_layout("`ants/0001_rgb.png`, `ants/0001_depth.png`", "the photos; depth maps are left out, and said")
def depth_beside_photos(desk: Desk) -> Path:
    desk.say("depth maps")
    desk.lay_classes("{label}/{number:04}_rgb.png", INSECTS)
    desk.leave_photos("{label}/{number:04}_depth.png", INSECTS, seed=1, grey=True, word="depth map")
    return desk.root


@add_layout(
    "`ants/1.jpg`, `ants/1_label.png` (`_overlay`, `_roi`, `1 (mask).png`)", "the photos; masks are left out, and said"
)
def masks_by_other_words(desk: Desk) -> Path:
    desk.say("masks")
    desk.lay_classes("{label}/{number}.jpg", INSECTS)
    desk.leave_photos("{label}/{number}_label.png", INSECTS, seed=1, grey=True, word="mask")
    return desk.root


@add_layout("`ants/1.jpg`, `ants/1.png` of two values", "the photos; masks are left out, and said")
def masks_of_the_same_name(desk: Desk) -> Path:
    desk.say("masks")
    for photo in desk.lay_classes("{label}/{number}.jpg", INSECTS):
        mask = replace(photo, pixels=(photo.pixels[..., 0] > 128).astype("uint8") * 255)
        desk.leave(f"{photo.label}/{photo.number}.png", mask.encode(".png"), "mask")
    return desk.root


@add_layout("`rgb/ants/1.png`, `depth/ants/1.png`", "the photos; depth maps are left out, and said")
def depth_in_a_folder(desk: Desk) -> Path:
    desk.say("depth")
    desk.lay_classes("rgb/{label}/{number:04}.png", INSECTS)
    desk.leave_photos("depth/{label}/{number:04}.png", INSECTS, seed=1, grey=True, word="mask or the like")
    return desk.root


@add_layout(
    "`bottle/train/good/`, `bottle/test/broken/`, `bottle/ground_truth/broken/`, `cable/...` (MVTec)",
    "asked: train has good ones only",
    flags="--class-pattern '^[^/]+/(?:test|train)/(?P<label>[^/]+)/'",
)
def products_with_masks(desk: Desk) -> Path:
    for at, product in enumerate(("bottle", "cable")):
        for photo in draw_photos(("good", "broken"), 8, seed=at):
            part = "test" if photo.label == "broken" or photo.number > 5 else "train"
            desk.lay(f"{product}/{part}/{photo.label}/{photo.number:03}.png", photo)
        for photo in draw_photos(("broken",), 8, seed=at + 5, grey=True):
            desk.leave(f"{product}/ground_truth/broken/{photo.number:03}_mask.png", photo.encode(".png"), "")
    return desk.root


@add_layout(
    "`bounding_box_train/0002_c1s1_000451_03.jpg`, `query/...` (Market-1501)",
    "asked: the first number of the name is the person",
    flags="--class-pattern '^(?P<label>\\d+)'",
)
def persons_found_again(desk: Desk) -> Path:
    for photo in draw_photos(("0002", "0007"), 16):
        part = ("bounding_box_train", "bounding_box_test", "query")[photo.number % 3]
        desk.lay(f"{part}/{photo.label}_c{photo.number % 3 + 1}s1_{photo.number * 25 + 451:06}_01.jpg", photo)
    return desk.root


@add_layout(
    "`ants_part1/`, `ants_part2/`, `bees_part1/`, `bees_part2/`",
    "asked: one class in pieces",
    flags="--class-pattern '^(?P<label>[^/]+?)_part\\d+/'",
)
def classes_in_pieces(desk: Desk) -> Path:
    for photo in draw_photos(INSECTS):
        desk.lay(f"{photo.label}_part{photo.number % 2 + 1}/{photo.number}.jpg", photo)
    return desk.root


@add_layout(
    "`batch1_ants/`, `batch2_ants/`, `batch1_bees/`",
    "asked: one class in pieces",
    flags="--class-pattern '^batch\\d+_(?P<label>[^/]+)/'",
)
def batches_of_classes(desk: Desk) -> Path:
    for photo in draw_photos(INSECTS):
        batch = photo.number % 2 + 1 if photo.label == "ants" else 1
        desk.lay(f"batch{batch}_{photo.label}/{photo.number}.jpg", photo)
    return desk.root


@add_layout(
    "`casting_512x512/ok_front/`, `casting_data/train/ok_front/` (casting)",
    "asked: two data sets, each can be given",
)
def two_sets_in_one(desk: Desk) -> Path:
    desk.lay_classes("casting_512x512/casting_512x512/{label}/{number}.jpeg", ("def_front", "ok_front"), 12)
    for photo in draw_photos(("def_front", "ok_front"), 12, seed=1):
        part = "test" if photo.number > 7 else "train"
        desk.leave(f"casting_data/casting_data/{part}/{photo.label}/{photo.number}.jpeg", photo.encode(".jpeg"), "")
    return desk.root


@add_layout(
    "`data/ants/`, `docs/img/1.png`, `static/logo.png` (a repository)",
    "asked: `data` alone is proposed",
)
def repository(desk: Desk) -> Path:
    desk.lay_classes("data/{label}/{number}.jpg", INSECTS)
    for photo in draw_photos(("a",), 3, seed=1):
        desk.leave(f"docs/img/{photo.number}.png", photo.encode(".png"), "")
        desk.leave(f"static/logo{photo.number}.png", photo.encode(".png"), "")
    desk.write("README.md", "# insects\n")
    return desk.root


@add_layout("`split=train/label=ants/1.jpg`, `split=test/...` (Hive)", "the bare classes, two parts")
def hive_partitions(desk: Desk) -> Path:
    desk.say("label=")
    for photo in draw_photos(INSECTS, 14):
        part = "train" if photo.number < 10 else "test"
        desk.lay(f"split={part}/label={photo.label}/part-{photo.number}.jpg", photo, part)
    return desk.root


@add_layout("`__label__ants/1.jpg` (fastText)", "the bare classes")
def fasttext_folders(desk: Desk) -> Path:
    desk.say("__label__")
    desk.lay_classes("__label__{label}/{number}.jpg", INSECTS)
    return desk.root


@add_layout(
    "`client_0/train/ants/`, `client_0/test/ants/`, `client_1/...`",
    "asked: classes or clients",
    flags="--classes-from parent",
)
def clients_with_parts(desk: Desk) -> Path:
    for at in range(3):
        for photo in draw_photos(INSECTS, 8, seed=at):
            part = "train" if photo.number < 5 else "test"
            desk.lay(f"client_{at}/{part}/{photo.label}/{photo.number}.jpg", photo, part)
    return desk.root


@add_layout("`ants/stack0.tif` of 5 pages", "the first page of each; a note has the count")
def stacks_of_pages(desk: Desk) -> Path:
    desk.say("8 files have 5 pages, the first is used")
    for label in INSECTS:
        for stack in range(4):
            pages = [
                Image.fromarray(photo.pixels)
                for photo in draw_photos(INSECTS, 5, seed=1 + stack)
                if photo.label == label
            ]
            out = io.BytesIO()
            pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:])
            desk.write(f"{label}/stack{stack}.tif", out.getvalue())
            desk.claim(out.getvalue(), label)
    return desk.root
