"""Issues of single photos."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from headstart.data.read import read_source
from headstart.modalities.image.issues import find_image_issues
from headstart.modalities.image.stats import FACTS, ImageStats, compute_stats
from headstart_runtime.modalities.facets import ItemIssue
from headstart_runtime.modalities.image.decode import crop_resize, decode
from headstart_runtime.modalities.image.spec import ImageSpec

EDGE = 112


def texture(chance: np.random.Generator, middle: float = 120.0, spread: float = 45.0) -> np.ndarray:
    """A photo in focus: coarse and fine patterns in colours of its own."""
    y, x = np.mgrid[:EDGE, :EDGE] / chance.uniform(3, 9)
    shape = np.sin(x + chance.uniform(0, 6)) + np.sin(y * chance.uniform(0.2, 1)) + np.sin(x / 9 + y / 7)
    noise = chance.normal(0, 0.15, (EDGE, EDGE, 1))
    return np.clip(middle + spread * (shape[:, :, None] / 2 + noise) * chance.uniform(0.8, 1, 3), 0, 255).astype("u1")


def seen(photos: list[np.ndarray]) -> ImageStats:
    rows = compute_stats(np.stack(photos))
    facts = {name: rows["facts"][:, place] for place, name in enumerate(FACTS)}
    return ImageStats(rows["grey"].reshape(-1, 24, 24), rows["colour"].reshape(-1, 8, 8, 3), **facts)


def find_issues(stats: ImageStats, sizes: dict[int, tuple[int, int]] | None = None) -> list[ItemIssue]:
    """Issues of photos "0", "1", ... of 400 x 300 pixels each but for some."""
    edges = np.array([(sizes or {}).get(row, (400, 300)) for row in range(len(stats))], np.float64).reshape(-1, 2)
    found = find_image_issues([str(row) for row in range(len(stats))], edges[:, 0], edges[:, 1], stats)
    return [issue for issue in found if issue.ids]


def ids_by_issue(found: list[ItemIssue]) -> dict[str, tuple[str, ...]]:
    return {issue.kind: issue.ids for issue in found}


@pytest.fixture(scope="module")
def good() -> list[np.ndarray]:
    random = np.random.default_rng(0)
    return [texture(random, middle=random.uniform(90, 150)) for _ in range(60)]


def blurred(photo: np.ndarray, radius: float) -> np.ndarray:
    return np.asarray(Image.fromarray(photo).filter(ImageFilter.GaussianBlur(radius)))


def test_good_photos_have_no_issue(good):
    assert ids_by_issue(find_issues(seen(good))) == {}


def test_each_issue_is_found_where_it_was_planted_and_nowhere_else(good):
    photos = list(good)
    photos[3] = blurred(photos[3], 4)
    photos[4] = blurred(photos[4], 8)
    photos[10] = (photos[10] * 0.15).astype("u1")
    photos[20] = (255 - (255 - photos[20]) * 0.15).astype("u1")
    photos[30] = np.full_like(photos[30], 130)
    photos[30][:50] = 131
    photos[31] = np.full_like(photos[31], 2)
    sizes = {40: (90, 111), 41: (60, 60), 50: (1200, 300), 51: (300, 1300)}
    found = find_issues(seen(photos), sizes)
    assert ids_by_issue(found) == {
        "blurred": ("4", "3"),
        "dark": ("10",),
        "bright": ("20",),
        "tiny": ("41", "40"),
        "odd shape": ("51", "50"),
        "near-constant": ("31", "30"),
    }
    limits = {issue.kind: issue.limit for issue in found}
    assert limits["tiny"] == "shorter edge below 112 pixels, where half of the photos have 300 or more"
    assert limits["odd shape"] == "longer than 2.7 : 1, where most are 1.3 : 1"
    assert limits["dark"].startswith("brightness below 15%, where half of the photos have ")


def test_colour_alone_is_something_to_see(good):
    """Red and green stripes of the same brightness."""
    photo = np.zeros((EDGE, EDGE, 3), "u1")
    photo[:, :56] = (150, 0, 0)
    photo[:, 56:] = (0, 76, 0)
    photos = [photo, *good[1:]]
    stats = seen(photos)
    assert stats.contrast[0] < 0.01
    assert "near-constant" not in ids_by_issue(find_issues(stats))


@pytest.mark.parametrize("change", ["dark", "bright", "blurred", "tiny", "long"])
def test_what_a_whole_set_is_like_is_no_issue_of_single_photos(good, change):
    photos, sizes = list(good), {}
    if change == "dark":
        photos = [(photo * 0.2).astype("u1") for photo in photos]
    elif change == "bright":
        photos = [(255 - (255 - photo) * 0.2).astype("u1") for photo in photos]
    elif change == "blurred":
        photos = [blurred(photo, 4) for photo in photos]
    elif change == "tiny":
        sizes = dict.fromkeys(range(60), (28, 28))
    else:
        sizes = dict.fromkeys(range(60), (1200, 300))
    assert ids_by_issue(find_issues(seen(photos), sizes)) == {}


def test_a_black_photo_among_dark_ones_is_far_from_them(good):
    photos = [(photo * 0.25).astype("u1") for photo in good]
    photos[7] = (photos[7] * 0.4).astype("u1")
    assert ids_by_issue(find_issues(seen(photos))) == {"dark": ("7",)}


@pytest.mark.realdata
@pytest.mark.parametrize(("name", "most"), [("brain_mri", 0), ("hymenoptera", 8)])
def test_real_photos_are_not_flagged_wholesale(name, most, shared_data):
    samples = read_source(shared_data / name, strict=False)
    spec = ImageSpec(224, 1000, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    photos = [crop_resize(decode(sample.source.read(), spec).pixels, spec) for sample in samples.samples]
    stored = {entry.name: entry.properties for entry in samples.ledger.entries}
    sizes = [(stored[sample.name]["width"], stored[sample.name]["height"]) for sample in samples.samples]
    found = find_issues(seen(photos), dict(enumerate(sizes)))
    assert sum(len(issue.ids) for issue in found) <= most


def test_no_photos_and_one_photo(good):
    nothing = ImageStats(np.zeros((0, 24, 24), "f"), np.zeros((0, 8, 8, 3), "f"), *np.zeros((4, 0), "f"))
    assert find_issues(nothing) == []
    assert find_issues(seen(good[:1])) == []
