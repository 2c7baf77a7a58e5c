import json
from collections import Counter
from pathlib import Path

import pytest

from headstart.data.read import read_source
from headstart.data.readers.byte_ranges import RangeSource
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError

pyarrow = pytest.importorskip("pyarrow")
NAMES = ("cat", "dog")


def save_set(
    folder: Path,
    photos: list[bytes],
    labels: dict[str, list],
    *,
    classes: dict[str, tuple] | None = None,
    batch: int = 3,
) -> Path:
    """A folder as ``Dataset.save_to_disk`` writes it: the stream form of Arrow in two files, and two JSON files."""
    folder.mkdir(parents=True)
    classes = {"label": NAMES} if classes is None else classes
    kind = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
    half = len(photos) // 2
    files = []
    for number, rows in enumerate((range(half), range(half, len(photos)))):
        cells = [{"bytes": photos[at], "path": f"{at}.png"} for at in rows]
        columns = {"image": pyarrow.array(cells, kind)}
        columns |= {name: pyarrow.array([found[at] for at in rows]) for name, found in labels.items()}
        table = pyarrow.table(columns)
        files.append(f"data-{number:05}-of-00002.arrow")
        with pyarrow.ipc.new_stream(str(folder / files[-1]), table.schema) as out:
            out.write_table(table, batch)
    features: dict = {"image": {"_type": "Image"}}
    features |= {name: {"names": list(found), "_type": "ClassLabel"} for name, found in classes.items()}
    (folder / "dataset_info.json").write_text(json.dumps({"features": features}))
    (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": name} for name in files]}))
    return folder


@pytest.fixture
def photos(draw) -> list[bytes]:
    return [draw(at) for at in range(12)]


def halves(count: int = 12) -> list[int]:
    return [at % 2 for at in range(count)]


def test_one_set_is_read_at_offsets(tmp_path, photos):
    samples = read_source(save_set(tmp_path / "pets", photos, {"label": halves()}), cache=tmp_path / "cache")
    assert samples.classes == NAMES
    assert not (tmp_path / "cache").exists()
    for sample in samples.samples:
        at = int(Path(sample.name).stem)
        assert isinstance(sample.source, RangeSource)
        assert sample.source.read() == photos[at]
        assert sample.target == at % 2


def test_splits_in_folders(tmp_path, draw):
    for seed, part in enumerate(("train", "validation", "test")):
        save_set(tmp_path / "pets" / part, [draw(at + 50 * seed) for at in range(8)], {"label": halves(8)})
    (tmp_path / "pets/dataset_dict.json").write_text('{"splits": ["train", "validation", "test"]}')
    samples = read_source(tmp_path / "pets")
    assert Counter(str(sample.subset) for sample in samples.samples) == {"train": 8, "validation": 8, "test": 8}


def test_one_file(tmp_path, photos):
    folder = save_set(tmp_path / "pets", photos, {"label": halves()})
    samples = read_source(folder / "data-00000-of-00002.arrow")
    assert (len(samples), samples.classes) == (6, NAMES)
    assert any("1 more files of this set lie beside it" in note for note in samples.ledger.notes)


def test_labels_as_text_and_those_that_are_none(tmp_path, photos):
    labels = [NAMES[at % 2] for at in range(11)] + [None]
    samples = read_source(save_set(tmp_path / "a", photos, {"label": labels}, classes={}))
    assert (len(samples), samples.classes) == (11, NAMES)
    numbers = [*halves(10), -1, 7]
    samples = read_source(save_set(tmp_path / "b", photos, {"label": numbers}))
    reasons = [entry.reason for entry in samples.ledger.entries if entry.reason]
    assert reasons == ["label -1 has no name: there are 2 classes", "label 7 has no name: there are 2 classes"]


def test_several_labels_are_asked_about(tmp_path, photos):
    labels = {"fine_label": halves(), "coarse_label": [0] * 12}
    classes = {"fine_label": NAMES, "coarse_label": ("pet",)}
    folder = save_set(tmp_path / "a", photos, labels, classes=classes)
    with pytest.raises(DataError, match=r"'fine_label' \(2 classes\) and 'coarse_label' \(1 class\); choose one"):
        read_source(folder)
    options = DataSettings.model_validate({"label_column": "fine_label"})
    assert read_source(folder, options=options).classes == NAMES


def test_damage_is_said(tmp_path, photos):
    folder = save_set(tmp_path / "a", photos, {"label": halves()})
    file = folder / "data-00001-of-00002.arrow"
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="is no whole Arrow file"):
        read_source(folder)
    file.unlink()
    with pytest.raises(DataError, match=r"has 2 Arrow files and lacks 'data-00001-of-00002.arrow'"):
        read_source(folder)


def test_a_file_that_no_system_can_hold_is_missing(tmp_path, photos):
    folder = save_set(tmp_path / "pets", photos, {"label": halves()})
    (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": "x" * 5000}]}))
    with pytest.raises(DataError, match="has 1 Arrow files and lacks 'xxx"):
        read_source(folder)
