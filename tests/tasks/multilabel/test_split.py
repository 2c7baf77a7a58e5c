"""Samples with several labels are split by all of them, and what a part lacks is told."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from headstart.data.read import read_source
from headstart.data.samples import Samples, Subset
from headstart.data.split import Split, make_split

LABELS = {"rare;common": 6, "common": 30, "other": 18, "common;other": 24, "[]": 12}


def _read(folder: Path, labels: list[str], parts: list[str] | None = None, groups: list[str] | None = None) -> Samples:
    rows = ["path,labels" + ",split" * (parts is not None) + ",group" * (groups is not None)]
    for number, label in enumerate(labels):
        pixels = np.full((8, 8, 3), number, np.uint8)
        pixels[number % 8, number // 8 % 8] = 255
        Image.fromarray(pixels).save(folder / f"{number}.png")
        more = [column[number] for column in (parts, groups) if column is not None]
        rows.append(",".join([f"{number}.png", label, *more]))
    (folder / "table.csv").write_text("\n".join(rows) + "\n", "utf-8")
    return read_source(folder / "table.csv")


def _split(samples: Samples, seed: int = 0) -> Split:
    return make_split(samples, seed=seed, test_share=0.2, validation_share=0.15)


def test_every_part_has_its_share_of_every_label(tmp_path: Path) -> None:
    samples = _read(tmp_path, [label for label, count in LABELS.items() for _ in range(count)])
    assert samples.task.name == "multilabel"
    split = _split(samples)
    for subset, share in ((Subset.TEST, 0.2), (Subset.VALIDATION, 0.15)):
        targets = np.array([sample.target for sample in split.samples_in(samples, subset)])
        for place, name in enumerate(samples.classes):
            whole = sum(count for label, count in LABELS.items() if name in label.split(";"))
            assert targets[:, place].sum() == pytest.approx(max(1, share * whole), abs=1.5)
    assert split.notes == ()


def test_groups_stay_in_one_part(tmp_path: Path) -> None:
    labels = [label for label, count in LABELS.items() for _ in range(count)]
    samples = _read(tmp_path, labels, groups=[f"g{number // 3}" for number in range(len(labels))])
    split = _split(samples)
    parts = {}
    for sample in samples.samples:
        parts.setdefault(sample.group, set()).add(split.subsets[sample.id])
    assert all(len(own) == 1 for own in parts.values())
    assert len(Counter(split.subsets.values())) == 3


def test_a_label_that_is_only_in_test_is_told(tmp_path: Path) -> None:
    labels = ["a;b", "a", "b", "a;b"] * 4 + ["a;new", "new"]
    samples = _read(tmp_path, labels, parts=["train", "val", "train", "train"] * 4 + ["test", "test"])
    notes = "; ".join(_split(samples).notes)
    assert "the train part has no photo of 'new': nothing can be learnt of that" in notes
    assert "labels that fewer than 10 photos have: 'new' (2)" in "; ".join(samples.ledger.notes)
