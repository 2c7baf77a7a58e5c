import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from headstart.data.read import read_source
from headstart_runtime.errors import DataError

NAMES = ("cat", "dog")


def write(file: Path, annotations: list[list[dict[str, Any]]]) -> Path:
    items = [{"id": str(at), "annotations": it, "image": {"path": f"{at}.png"}} for at, it in enumerate(annotations)]
    labels = [{"name": name, "parent": "", "attributes": []} for name in NAMES]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"info": {}, "categories": {"label": {"labels": labels}}, "items": items}))
    return file


@pytest.mark.parametrize("kind", ["label", "bbox"])
def test_parts_with_equal_names(tmp_path, plant, kind):
    for seed, part in enumerate(("train", "val", "test")):
        plant(tmp_path / "images" / part, *(f"{at}.png" for at in range(6)), first_seed=20 * seed)
        write(tmp_path / f"annotations/{part}.json", [[{"type": kind, "label_id": at % 2}] for at in range(6)])
    samples = read_source(tmp_path)
    assert samples.classes == NAMES
    assert Counter(str(sample.subset) for sample in samples.samples) == {"train": 6, "validation": 6, "test": 6}
    assert all(sample.target == int(Path(sample.name).stem) % 2 for sample in samples.samples)


def test_one_file_and_what_cannot_be_read(tmp_path, plant):
    plant(tmp_path / "images/default", *(f"{at}.png" for at in range(8)))
    said = [[{"type": "label", "label_id": at % 2}, {"type": "bbox", "label_id": 0}] for at in range(8)]
    said[0] = []
    said[1][0]["label_id"] = 9
    file = write(tmp_path / "annotations/default.json", said)
    for source in (tmp_path, file):
        samples = read_source(source)
        reasons = sorted(entry.reason for entry in samples.ledger.entries if entry.reason)
        assert (len(samples), reasons) == (6, ["class 9 has no name: there are 2", "no labels"])
    write(file, [[{"type": "bbox", "label_id": at} for at in range(2)]] * 8)
    with pytest.raises(DataError, match="boxes of one class in 0 photos, of several in 8"):
        read_source(tmp_path)
