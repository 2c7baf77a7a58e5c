from collections import Counter
from pathlib import Path

import pytest

from headstart.data.decisions import Role
from headstart.data.read import read_source
from headstart_runtime.errors import DataError

NAMES = ("cat", "dog")


def write_xml(file: Path, photo: str, labels: list[str]) -> None:
    objects = "".join(
        f"<object><name>{label}</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>3</xmax><ymax>3</ymax></bndbox>"
        f"<part><name>head</name></part></object>"
        for label in labels
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"<annotation>\n<folder>VOC2012</folder><filename>{photo}</filename>{objects}</annotation>")


@pytest.fixture
def voc(tmp_path, plant) -> Path:
    root = tmp_path / "VOCdevkit/VOC2012"
    stems = [f"2008_{at:06}" for at in range(12)]
    plant(root / "JPEGImages", *(f"{stem}.png" for stem in stems))
    for at, stem in enumerate(stems):
        write_xml(root / f"Annotations/{stem}.xml", f"{stem}.png", [NAMES[at % 2]] * (1 + at % 2))
    lists = root / "ImageSets/Main"
    lists.mkdir(parents=True)
    for part, some in (("train", stems[:8]), ("val", stems[8:])):
        (lists / f"{part}.txt").write_text("".join(f"{stem}\n" for stem in some))
        for number, name in enumerate(NAMES):
            flags = (f"{stem} {'1' if int(stem[-6:]) % 2 == number else '-1':>2}\n" for stem in some)
            (lists / f"{name}_{part}.txt").write_text("".join(flags))
    (lists / "trainval.txt").write_text("".join(f"{stem}\n" for stem in stems))
    return tmp_path / "VOCdevkit"


@pytest.mark.parametrize("lists_only", [False, True])
def test_the_published_folder(voc, lists_only):
    if lists_only:
        for path in voc.rglob("*.xml"):
            path.unlink()
    samples = read_source(voc)
    assert samples.classes == NAMES
    assert Counter(str(sample.subset) for sample in samples.samples) == {"train": 8, "test": 4}
    for sample in samples.samples:
        assert samples.classes[sample.target] == NAMES[int(Path(sample.name).stem[-6:]) % 2]
        assert (str(sample.subset) == "train") == (int(Path(sample.name).stem[-6:]) < 8)
    assert "VOC annotations are read as classes of whole photos" in " ".join(samples.ledger.notes)
    assert len(samples.ledger.entries) == 12
    found = {("/".join(it.place[-2:]), it.role, it.value, it.count) for it in samples.decisions}
    labels = (
        ("Main/cat_train.txt", Role.CLASS, "cat", None) if lists_only else ("Annotations/*.xml", Role.LABELS, "", 12)
    )
    assert found >= {labels, ("Main/val.txt", Role.SUBSET, "validation", None)}


def test_xml_beside_the_photos(tmp_path, plant):
    for seed, part in enumerate(("train", "valid", "test")):
        plant(tmp_path / part, *(f"{at}.png" for at in range(6)), first_seed=20 * seed)
        for at in range(6):
            write_xml(tmp_path / part / f"{at}.xml", f"{at}.png", [NAMES[at % 2]])
    samples = read_source(tmp_path)
    assert Counter(str(sample.subset) for sample in samples.samples) == {"train": 6, "validation": 6, "test": 6}


def test_several_classes_are_said(voc):
    for path in sorted(voc.rglob("*.xml"))[:5]:
        write_xml(path, f"{path.stem}.png", ["cat", "dog"])
    with pytest.raises(DataError, match="of one class in 7 photos, of several in 5"):
        read_source(voc)


def test_damaged_annotations_have_their_line(voc):
    first, second, third, fourth = sorted(voc.rglob("*.xml"))[:4]
    first.write_text("<annotation><object>")
    second.write_text('<!DOCTYPE a [<!ENTITY b "c">]><annotation>&b;</annotation>')
    third.write_text("<annotation><object><name></name></object></annotation>")
    fourth.write_bytes("<annotation> \u00e9".encode("latin-1"))
    samples = read_source(voc)
    reasons = [entry.reason for entry in samples.ledger.entries if entry.reason]
    assert len(samples) == 8
    assert [reason.partition(":")[0] for reason in reasons] == [
        "its annotation is no XML",
        "its annotation defines entities",
        "an object has no name",
        "its annotation is no XML",
    ]
