import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from headstart.data.read import read_source
from headstart_runtime.errors import DataError

NAMES = ["cat", "dog"]


def write(folder: Path, labels: dict[str, Any]) -> Path:
    (folder / "labels.json").write_text(json.dumps({"classes": NAMES, "labels": labels}))
    return folder / "labels.json"


@pytest.mark.parametrize("form", ["{}", '{{"label": {}, "confidence": 0.5}}', "[{}]"])
def test_an_index_for_each_item(tmp_path, plant, form):
    plant(tmp_path / "data", *(f"sub/{at}.png" for at in range(8)))
    file = write(tmp_path, {f"sub/{at}": json.loads(form.format(at % 2)) for at in range(8)})
    for source in (file, tmp_path):
        samples = read_source(source)
        assert samples.classes == tuple(NAMES)
        assert [sample.target for sample in samples.samples] == [at % 2 for at in range(8)]


def test_parts(tmp_path, plant):
    for seed, part in enumerate(("train", "val", "test")):
        plant(tmp_path / part / "data", *(f"{at}.png" for at in range(6)), first_seed=20 * seed)
        write(tmp_path / part, {str(at): at % 2 for at in range(6)})
    samples = read_source(tmp_path)
    assert Counter(str(sample.subset) for sample in samples.samples) == {"train": 6, "validation": 6, "test": 6}


def test_what_has_no_class_has_its_line_and_boxes_are_explained(tmp_path, plant):
    plant(tmp_path / "data", *(f"{at}.png" for at in range(9)))
    file = write(tmp_path, {str(at): at % 2 for at in range(6)} | {"6": None, "7": 5, "gone": 0})
    reasons = {entry.name: entry.reason for entry in read_source(tmp_path).ledger.entries if entry.reason}
    assert reasons == {
        "data/6.png": "no labels",
        "data/7.png": "class 5 has no name: there are 2",
        "data/8.png": "not annotated",
        "data/gone": "missing file",
    }
    write(tmp_path, {str(at): [{"label": 0, "bounding_box": []}, {"label": 1}] for at in range(9)})
    with pytest.raises(DataError, match="boxes of one class in 0 photos, of several in 9"):
        read_source(file)
