"""Sources of which nobody wants a label: what a classifier is to answer."""

from pathlib import Path

import pytest

from headstart.data.readers.containers import CONTAINERS
from headstart.data.source_items import list_file_items, list_folder_items
from headstart_runtime.modalities.modality import get_modality
from tests.data.readers.annotations.test_coco import write_coco
from tests.data.readers.shards.test_arrow_disk import save_set
from tests.data.readers.shards.test_tfrecord import example, record
from tests.data.readers.shards.test_webdataset import write_shard


def test_shards_without_labels(tmp_path, draw):
    shard = write_shard(tmp_path / "a.tar", {f"{at}": {"png": draw(at), "cls": b""} for at in range(4)})
    found = list_file_items(shard, get_modality("image"))
    assert [(item.name, item.value) for item in found.items] == [(f"{at}.png", draw(at)) for at in range(4)]


def test_records_without_labels(tmp_path, draw):
    path = tmp_path / "a.tfrecord"
    path.write_bytes(b"".join(record(example(image=[draw(at)])) for at in range(4)))
    assert [item.value for item in list_file_items(path, get_modality("image")).items] == [draw(at) for at in range(4)]


def test_a_saved_set_whose_labels_are_not_known(tmp_path, draw):
    pytest.importorskip("pyarrow")
    folder = save_set(tmp_path / "a", [draw(at) for at in range(4)], {"label": [-1] * 4})
    found = list_folder_items(folder, get_modality("image"))
    assert [item.value for item in found.items] == [draw(at) for at in range(4)]


def test_boxes_of_several_classes_are_no_matter(tmp_path, plant):
    names = {f"{at}.png": ["cat", "dog"] for at in range(4)}
    file = write_coco(plant(tmp_path / "set", *names) / "labels.json", names)
    found = list_file_items(file, get_modality("image"))
    assert sorted(Path(item.value).name for item in found.items) == sorted(names)


def test_none_accepts_what_is_nothing_of_the_kind(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "a.json").write_text('{"version": 3}')
    for path in tmp_path.iterdir():
        assert not any(reader.accepts(path, None) for reader in CONTAINERS)
    assert not any(reader.accepts([1, 2], None) for reader in CONTAINERS)
