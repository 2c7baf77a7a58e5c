import numpy as np
import pytest
from PIL import Image, ImageFilter
from sklearn.metrics import confusion_matrix

from headstart.data.read import read_source
from headstart.data.samples import FileStatus, Ledger, LedgerEntry, Sample, Samples
from headstart.data.sources import ArraySource
from headstart.diagnostics.issues import DatasetIssues, find_dataset_issues
from headstart.diagnostics.near_duplicates.search import DuplicatePair
from headstart.modalities.facets import ItemIssue
from headstart.modalities.image.decode import crop_resize, decode
from headstart.modalities.image.issues import find_image_issues
from headstart.modalities.image.spec import ImageSpec
from headstart.modalities.image.stats import FACTS, ImageStats, compute_stats
from headstart.tasks.classification.targets import make_class_space
from tests.groups import by_content

SOURCE = ArraySource(np.zeros((1, 1, 1), np.uint8), 0)
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


def known(n: int, sizes: dict[int, tuple[int, int]] | None = None, classes: int = 2) -> Samples:
    """Samples "0", "1", ... of classes in turn, 400 x 300 pixels each but for some."""
    samples = [Sample(f"{i}.jpg", str(i), i % classes, by_content(str(i)), None, SOURCE) for i in range(n)]
    entries = [
        LedgerEntry(f"{i}.jpg", FileStatus.ACCEPTED, "", "", str(i), "JPEG", {"width": width, "height": height})
        for i, (width, height) in enumerate((sizes or {}).get(i, (400, 300)) for i in range(n))
    ]
    return Samples(
        make_class_space([f"class {i}" for i in range(classes)]),
        tuple(samples),
        Ledger(tuple(entries)),
        "here",
        "image",
    )


def of_items(samples: Samples, stats: ImageStats) -> list[ItemIssue]:
    sizes = {entry.name: entry.properties for entry in samples.ledger.entries}
    width, height = (
        np.array([sizes[sample.name][edge] for sample in samples.samples], np.float64) for edge in ("width", "height")
    )
    return list(find_image_issues([sample.id for sample in samples.samples], width, height, stats))


def find_issues(samples: Samples, stats: ImageStats, duplicates: tuple[DuplicatePair, ...] = ()) -> DatasetIssues:
    labels = samples.targets
    return find_dataset_issues(
        samples, of_items(samples, stats), duplicates, labels, np.eye(len(samples.classes), dtype=np.float32)[labels]
    )


def ids_by_issue(found: DatasetIssues) -> dict[str, tuple[str, ...]]:
    return {issue.kind: issue.ids for issue in found.items}


@pytest.fixture(scope="module")
def good() -> list[np.ndarray]:
    random = np.random.default_rng(0)
    return [texture(random, middle=random.uniform(90, 150)) for _ in range(60)]


def blurred(photo: np.ndarray, radius: float) -> np.ndarray:
    return np.asarray(Image.fromarray(photo).filter(ImageFilter.GaussianBlur(radius)))


def test_good_photos_have_no_issue(good):
    assert ids_by_issue(find_issues(known(60), seen(good))) == {}


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
    found = find_issues(known(60, sizes), seen(photos))
    assert ids_by_issue(found) == {
        "blurred": ("4", "3"),
        "dark": ("10",),
        "bright": ("20",),
        "tiny": ("41", "40"),
        "odd shape": ("51", "50"),
        "near-constant": ("31", "30"),
    }
    limits = {issue.kind: issue.limit for issue in found.items}
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
    assert "near-constant" not in ids_by_issue(find_issues(known(60), stats))


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
    assert ids_by_issue(find_issues(known(60, sizes), seen(photos))) == {}


def test_a_black_photo_among_dark_ones_is_far_from_them(good):
    photos = [(photo * 0.25).astype("u1") for photo in good]
    photos[7] = (photos[7] * 0.4).astype("u1")
    assert ids_by_issue(find_issues(known(60), seen(photos))) == {"dark": ("7",)}


def test_repeated_are_the_later_duplicates_within_a_class(good):
    duplicates = (
        DuplicatePair("0", "2", "near", 0.9),
        DuplicatePair("0", "4", "same bytes", 1.0),
        DuplicatePair("2", "4", "near", 0.95),
        DuplicatePair("1", "6", "near", 0.99),  # of two classes: no repetition, but a contradiction
        DuplicatePair("9", "3", "near", 0.8),
    )
    assert ids_by_issue(find_issues(known(60), seen(good), duplicates)) == {"repeated": ("4", "2", "9")}


def test_counts_imbalance_and_confusable_pairs(good):
    samples = known(60, classes=3)
    random = np.random.default_rng(4)
    labels = random.choice(3, 60, p=[0.6, 0.3, 0.1])
    labels[:3] = 0, 1, 2
    probabilities = random.dirichlet([1, 1, 1], 60)
    found = find_dataset_issues(samples, of_items(samples, seen(good)), (), labels, probabilities)
    counts = np.bincount(labels)
    assert found.counts == {f"class {i}": counts[i] for i in range(3)}
    assert found.imbalance == counts.max() / counts.min()
    wrong = confusion_matrix(labels, probabilities.argmax(axis=1))
    for pair in found.confusable:
        a, b = int(pair.first[-1]), int(pair.second[-1])
        assert (pair.wrong, pair.n) == (wrong[a, b] + wrong[b, a], counts[a] + counts[b])
        assert pair.share == pair.wrong / pair.n
    shares = [pair.share for pair in found.confusable]
    assert shares == sorted(shares, reverse=True)
    assert len(shares) == 3
    assert find_issues(known(60), seen(good)).confusable == ()


def test_no_photos_and_one_photo(good):
    nothing = ImageStats(np.zeros((0, 24, 24), "f"), np.zeros((0, 8, 8, 3), "f"), *np.zeros((4, 0), "f"))
    assert find_issues(known(0), nothing) == DatasetIssues((), {"class 0": 0, "class 1": 0}, 1.0, ())
    assert find_issues(known(1), seen(good[:1])).items == ()


@pytest.mark.realdata
@pytest.mark.parametrize(("name", "most"), [("brain_mri", 0), ("hymenoptera", 8)])
def test_real_photos_are_not_flagged_wholesale(name, most, shared_data):
    samples = read_source(shared_data / name, strict=False)
    spec = ImageSpec(224, 1000, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    photos = [crop_resize(decode(sample.source.read(), spec).pixels, spec) for sample in samples.samples]
    found = find_issues(samples, seen(photos))
    assert sum(len(issue.ids) for issue in found.items) <= most


def test_a_class_that_no_head_knew_is_not_mixed_up_with_another(good):
    """The only photo of a class must be taken for another one; of three photos, one is mixed up in truth."""
    samples = known(60, classes=3)
    labels = np.array([0] * 30 + [1] * 29 + [2])
    said = labels.copy()
    said[[0, 59]] = 1, 0
    probabilities = np.eye(3)[said]
    found = find_dataset_issues(samples, of_items(samples, seen(good)), (), labels, probabilities, known=labels != 2)
    assert [(it.first, it.second, it.wrong, it.n) for it in found.confusable] == [("class 0", "class 1", 1, 59)]
