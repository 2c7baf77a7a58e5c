import json
import random
import shutil
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.data.read import read_source
from headstart.data.samples import Ledger, Relabel, Sample, Samples, Subset, compute_digest, number_copies
from headstart.data.sources import FileSource
from headstart.data.split import Split, make_split
from headstart.tasks.classification.targets import make_class_space
from headstart_runtime.errors import DataError
from tests.groups import by_content, by_name

NOWHERE = FileSource(Path("nowhere"))
SHARES = {"test_share": 0.2, "validation_share": 0.15}


def made(labels: list[int], groups: list[str] | None = None, parts: list[Subset | None] | None = None) -> Samples:
    """Samples without files: content i is the number i."""
    digests = [compute_digest(str(i).encode()) for i in range(len(labels))]
    samples = tuple(
        Sample(
            f"{i}.png",
            digest,
            label,
            by_name(group) if group else by_content(digest),
            part,
            FileSource(Path("nowhere")),
        )
        for i, (digest, label, group, part) in enumerate(
            zip(digests, labels, groups or [""] * len(labels), parts or [None] * len(labels), strict=True)
        )
    )
    return Samples(
        make_class_space([f"c{label}" for label in range(max(labels) + 1)]), samples, Ledger(()), "made", "image"
    )


def shuffled(samples: Samples, seed: int) -> Samples:
    order = list(samples.samples)
    random.Random(seed).shuffle(order)
    return replace(samples, samples=tuple(order))


def test_shares_are_kept_in_each_class():
    samples = made([0] * 200 + [1] * 100 + [2] * 3)
    split = make_split(samples, seed=0, **SHARES)
    count = {part: Counter(sample.target for sample in split.samples_in(samples, part)) for part in Subset}
    assert count[Subset.TEST] == {0: 40, 1: 20, 2: 1}
    assert count[Subset.VALIDATION] == {0: 30, 1: 15, 2: 1}
    assert count[Subset.TRAIN] == {0: 130, 1: 65, 2: 1}
    assert not split.given
    assert split.notes == ()


def test_the_order_of_listing_does_not_matter_and_the_seed_does():
    samples = made([0, 1, 2] * 40)
    split = make_split(samples, seed=3, **SHARES)
    assert make_split(shuffled(samples, 1), seed=3, **SHARES).subsets == split.subsets
    assert make_split(samples, seed=4, **SHARES).subsets != split.subsets


def test_the_place_and_the_names_do_not_matter(pets, tmp_path):
    before = make_split(read_source(pets), seed=0, **SHARES)
    (tmp_path / "else/where").mkdir(parents=True)
    for name in ("cats", "dogs"):
        (tmp_path / "else/where" / name).mkdir()
        for i in range(10):
            shutil.copy(pets / name / f"{i}.png", tmp_path / "else/where" / name / f"{(i * 7) % 10}-renamed.png")
    assert make_split(read_source(tmp_path / "else/where"), seed=0, **SHARES).subsets == before.subsets


def test_added_photos_move_few_others():
    labels = [i % 2 for i in range(1000)]
    before = make_split(made(labels), seed=0, **SHARES)
    after = make_split(made(labels + [0] * 10 + [1] * 10), seed=0, **SHARES)
    assert sum(after.subsets[id_] is not part for id_, part in before.subsets.items()) <= 20


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 12)), min_size=1, max_size=120),
    st.integers(0, 5),
)
def test_no_group_straddles_and_each_class_is_everywhere(rows, seed):
    rows = [*rows, *((label, 100 + 3 * label + i) for label in range(4) for i in range(3))]  # three groups of its own
    samples = made([label for label, _ in rows], [f"{group}" for _, group in rows])
    split = make_split(samples, seed=seed, **SHARES)
    parts_of = defaultdict(set)
    for sample in samples.samples:
        parts_of[sample.group].add(split.subsets[sample.id])
    assert all(len(parts) == 1 for parts in parts_of.values())
    for part in Subset:
        assert {sample.target for sample in split.samples_in(samples, part)} == {0, 1, 2, 3}
    assert make_split(shuffled(samples, seed), seed=seed, **SHARES).subsets == split.subsets


def test_a_giant_group_goes_to_train():
    samples = made([0] * 60 + [1] * 60, ["giant"] * 30 + [f"{i}" for i in range(90)])
    for seed in range(10):
        split = make_split(samples, seed=seed, **SHARES)
        assert split.subsets[samples.samples[0].id] is Subset.TRAIN


def test_too_few_groups():
    samples = made([0] * 9 + [1] * 9, ["a", "b", "a"] * 3 + [f"{i}" for i in range(9)])
    with pytest.raises(DataError, match=r"class 'c0' has 2 groups of photos .* and none for train; wanted one"):
        make_split(samples, seed=0, **SHARES)


def test_given_parts_are_honoured():
    parts = [Subset.TRAIN, Subset.VALIDATION, Subset.TEST] * 4
    samples = made([0] * 6 + [1] * 6, parts=parts)
    split = make_split(samples, seed=0, **SHARES)
    assert list(split.subsets.values()) == parts
    assert split.given


def test_validation_is_carved_out_of_train_by_groups():
    labels = [0, 1] * 60
    parts = [Subset.TRAIN] * 100 + [Subset.TEST] * 20
    samples = made(labels, [f"{i // 4}" for i in range(120)], parts)
    split = make_split(samples, seed=0, **SHARES)
    assert [split.subsets[sample.id] for sample in samples.samples[100:]] == [Subset.TEST] * 20
    validation = split.samples_in(samples, Subset.VALIDATION)
    assert 10 <= len(validation) <= 20
    assert not {s.group for s in validation} & {s.group for s in split.samples_in(samples, Subset.TRAIN)}


def test_leaks_are_reported_and_nothing_is_moved(pets, tmp_path, plant):
    root = tmp_path / "given"
    pets.rename(tmp_path / "train")
    root.mkdir()
    (tmp_path / "train").rename(root / "train")
    plant(root / "test", "cats/1.png", "dogs/1.png", first_seed=50)
    shutil.copy(root / "train/cats/0.png", root / "test/cats/again.png")
    samples = read_source(root)
    split = make_split(samples, seed=0, **SHARES)
    (leak,) = split.notes
    assert leak.startswith("leak: 1 photo is in more than one given part")
    assert "test/cats/again.png (test) = train/cats/0.png (train)" in leak
    assert split.subsets[next(s.id for s in samples.samples if s.name == "test/cats/again.png")] is Subset.TEST
    assert split.by_digest()[compute_digest((root / "train/cats/0.png").read_bytes())] is not Subset.TEST


def test_groups_that_straddle_given_parts_and_absent_classes_are_noted():
    parts = [Subset.TRAIN, Subset.TRAIN, Subset.VALIDATION, Subset.TEST]
    samples = made([0, 1, 0, 0], ["p7", "b", "c", "p7"], parts)
    assert make_split(samples, seed=0, **SHARES).notes == (
        "leak: 1 group is in more than one given part: 'p7'",
        "the validation part has no photo of 'c1'",
        "the test part has no photo of 'c1'",
    )


def test_parts_for_some_only():
    with pytest.raises(DataError, match="1 of 2 photos have no part given; give all of them one, or none"):
        make_split(made([0, 1], parts=[None, Subset.TRAIN]), seed=0, **SHARES)


def test_split_from_keeps_what_it_knows_and_fills_up(tmp_path):
    before = made([0, 1] * 50)
    split = make_split(before, seed=0, **SHARES)
    split.save(tmp_path / "split.json")
    after = made([0, 1] * 100)
    continued = make_split(after, seed=99, split_from=Split.load(tmp_path / "split.json"), **SHARES)
    assert all(continued.subsets[id_] is part for id_, part in split.subsets.items())
    assert Counter(continued.subsets.values()) == {Subset.TRAIN: 130, Subset.VALIDATION: 30, Subset.TEST: 40}
    assert continued.notes == ("100 of 200 photos stay where the earlier split had them",)


def test_split_from_new_photos_follow_their_group():
    earlier = make_split(made([0, 1] * 10), seed=0, **SHARES)
    labels, groups = [0, 1] * 20, [f"{i % 20}" for i in range(40)]
    samples = made(labels, groups)
    split = make_split(samples, seed=0, split_from=earlier, **SHARES)
    for sample in samples.samples[20:]:
        assert split.subsets[sample.id] is split.subsets[samples.samples[int(sample.name[:-4]) - 20].id]


def test_split_from_where_groups_were_torn_before():
    earlier = make_split(made([0, 1] * 10), seed=0, **SHARES)
    samples = made([0, 1] * 10, ["all"] * 20)
    split = make_split(samples, seed=0, split_from=earlier, **SHARES)
    assert split.subsets == earlier.subsets
    assert split.notes[0] == "1 group straddles the earlier split, and so this one: 'all'"


def test_given_parts_win_over_split_from():
    earlier = make_split(made([0, 1] * 10), seed=0, **SHARES)
    parts = [Subset.TEST, Subset.TEST, *[Subset.TRAIN] * 14, *[Subset.VALIDATION] * 4]
    split = make_split(made([0, 1] * 10, parts=parts), seed=0, split_from=earlier, **SHARES)
    assert list(split.subsets.values()) == parts
    assert split.notes == ("the parts are given, so the earlier split was not used",)


def test_saved_and_loaded(tmp_path):
    split = make_split(made([0, 1] * 10), seed=7, **SHARES)
    split.save(tmp_path / "split.json")
    loaded = Split.load(tmp_path / "split.json")
    assert loaded == split
    record = json.loads((tmp_path / "split.json").read_text())
    assert record["schema_version"] == 1
    assert len(record["subsets"]["train"]) == 14


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot be read: No such file"),
        ("{", "is not a split"),
        ("{}", "is not a split"),
        ('{"schema_version": 9}', "has schema version 9, this headstart reads 1; open"),
    ],
)
def test_what_is_no_split(tmp_path, text, message):
    if text is not None:
        (tmp_path / "s").write_text(text)
    with pytest.raises(DataError, match=message):
        Split.load(tmp_path / "s")


def test_ids_of_copies():
    assert number_copies(["a", "b", "a", "a"]) == [0, 0, 1, 2]


@pytest.mark.realdata
def test_sets_of_equal_scans_are_on_one_side(shared_data):
    samples = read_source(shared_data / "brain_mri")
    split = make_split(samples, seed=0, **SHARES)
    sides = [{split.subsets[sample.id] for sample in same} for same in samples.copies]
    assert len(sides) == 22
    assert all(len(side) == 1 for side in sides)


def corrected(samples: Samples, labels: dict[int, int | None]) -> Samples:
    """With the labels of some photos corrected, None for one that is left out."""
    names = {f"{i}.png": label for i, label in labels.items()}
    given = {it.name: samples.classes[it.target] for it in samples.samples}
    relabels = tuple(
        Relabel(name, given[name], "" if label is None else samples.classes[label]) for name, label in names.items()
    )
    kept = [it for it in samples.samples if names.get(it.name, 0) is not None]
    return replace(
        samples,
        samples=tuple(replace(it, target=names.get(it.name, it.target)) for it in kept),
        relabels=relabels,
        left_out=tuple(it for it in samples.samples if names.get(it.name, 0) is None),
    )


@pytest.mark.parametrize("parts", [None, [Subset.TRAIN] * 40 + [Subset.TEST] * 20], ids=["drawn", "given"])
def test_correcting_labels_moves_no_photo_to_another_part(parts):
    samples = made([0, 1, 2] * 20, parts=parts)
    before = make_split(samples, seed=0, **SHARES)
    for changed in range(0, 60, 6):
        now = corrected(samples, {changed: 1, changed + 1: 2, changed + 2: 0, changed + 3: None, changed + 4: 2})
        after = make_split(now, seed=0, **SHARES)
        assert after.subsets == {it.id: before.subsets[it.id] for it in now.samples}
        assert len(after.subsets) == 59


def test_corrections_that_leave_nothing_to_learn_from_move_photos_and_it_is_said():
    samples = made([0] * 20 + [1] * 8)
    before = make_split(samples, seed=0, **SHARES).subsets
    gone = [i for i, it in enumerate(samples.samples) if it.target == 1 and before[it.id] is Subset.TRAIN]
    now = corrected(samples, dict.fromkeys(gone, 0))
    split = make_split(now, seed=0, **SHARES)
    assert {it.target for it in split.samples_in(now, Subset.TRAIN)} == {0, 1}
    assert "so the split was made by them" in split.notes[0]
