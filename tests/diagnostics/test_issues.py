import numpy as np
from sklearn.metrics import confusion_matrix

from headstart.data.samples import FileStatus, Ledger, LedgerEntry, Sample, Samples
from headstart.data.sources import ArraySource
from headstart.diagnostics.issues import DatasetIssues, find_dataset_issues
from headstart.diagnostics.near_duplicates.search import DuplicatePair
from headstart.tasks.classification.targets import make_class_space
from headstart_runtime.modalities.facets import ItemIssue
from tests.groups import by_content

SOURCE = ArraySource(np.zeros((1, 1, 1), np.uint8), 0)


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


def find_issues(
    samples: Samples, duplicates: tuple[DuplicatePair, ...] = (), item_issues: tuple[ItemIssue, ...] = ()
) -> DatasetIssues:
    labels = samples.targets
    return find_dataset_issues(
        samples, item_issues, duplicates, labels, np.eye(len(samples.classes), dtype=np.float32)[labels]
    )


def ids_by_issue(found: DatasetIssues) -> dict[str, tuple[str, ...]]:
    return {issue.kind: issue.ids for issue in found.items}


def test_repeated_are_the_later_duplicates_within_a_class() -> None:
    duplicates = (
        DuplicatePair("0", "2", "near", 0.9),
        DuplicatePair("0", "4", "same bytes", 1.0),
        DuplicatePair("2", "4", "near", 0.95),
        DuplicatePair("1", "6", "near", 0.99),  # of two classes: no repetition, but a contradiction
        DuplicatePair("9", "3", "near", 0.8),
    )
    assert ids_by_issue(find_issues(known(60), duplicates)) == {
        "repeated": ("4", "2", "9"),
        "contradicting": ("1", "6"),
    }


def test_counts_imbalance_and_confusable_pairs() -> None:
    samples = known(60, classes=3)
    random = np.random.default_rng(4)
    labels = random.choice(3, 60, p=[0.6, 0.3, 0.1])
    labels[:3] = 0, 1, 2
    probabilities = random.dirichlet([1, 1, 1], 60)
    found = find_dataset_issues(samples, (), (), labels, probabilities)
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
    assert find_issues(known(60)).confusable == ()


def test_no_samples_and_what_the_modality_finds() -> None:
    assert find_issues(known(0)) == DatasetIssues((), {"class 0": 0, "class 1": 0}, 1.0, ())
    found = (ItemIssue("blurred", "sharpness below 2", ("1",)), ItemIssue("dark", "brightness below 15 %", ()))
    assert find_issues(known(2), item_issues=found).items == found[:1]


def test_a_class_that_no_head_knew_is_not_mixed_up_with_another() -> None:
    """The only photo of a class must be taken for another one; of three photos, one is mixed up in truth."""
    samples = known(60, classes=3)
    labels = np.array([0] * 30 + [1] * 29 + [2])
    said = labels.copy()
    said[[0, 59]] = 1, 0
    probabilities = np.eye(3)[said]
    found = find_dataset_issues(samples, (), (), labels, probabilities, known=labels != 2)
    assert [(it.first, it.second, it.wrong, it.n) for it in found.confusable] == [("class 0", "class 1", 1, 59)]
