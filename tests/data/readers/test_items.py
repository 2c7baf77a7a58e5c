"""Items in memory that are no one array."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from headstart.data.choose_modality import choose_by_items
from headstart.data.read import read_source
from headstart.data.readers.items import collect_items
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError
from tests.data.texts import install_texts


class Column:
    """What a column of a table is like, as pandas and others have them."""

    def __init__(self, items):
        self._items, self.ndim = np.array(items, object), 1

    def __array__(self, dtype=None, copy=None):
        return self._items

    def __iter__(self):
        return iter(self._items)


class Table(Column):
    """What a table of several columns is like."""

    def __init__(self, columns):
        super().__init__(columns)
        self.columns, self.ndim = columns, 2


WAYS = {
    "list": list,
    "tuple": tuple,
    "iterator": iter,
    "objects": lambda items: np.array(items, object),
    "text array": np.array,
    "column": lambda items: np.array(items, object)[:, None],
    "column of a table": lambda items: Column(items),
}


@pytest.fixture
def files(tmp_path):
    chance = np.random.default_rng(0)
    found = []
    for number in range(6):
        file = tmp_path / f"{number}.png"
        Image.fromarray(chance.integers(0, 255, (8 + number, 9, 3), np.uint8)).save(file)
        found.append(file)
    return found


def read(items, modality="auto", labels="ababab"):
    options = DataSettings.model_validate({"modality": modality})
    return read_source(items, labels=list(labels), options=options, strict=False)


@pytest.mark.parametrize("way", WAYS)
def test_paths_of_photos_are_the_same_however_they_are_given(way, files):
    names = [str(file) for file in files]
    samples = read(WAYS[way](names))
    assert (samples.modality, len(samples)) == ("image", 6)
    assert [sample.name for sample in samples.samples] == names
    again = read(files)
    assert [sample.digest for sample in again.samples] == [sample.digest for sample in samples.samples]


@pytest.mark.parametrize("way", WAYS)
def test_texts_are_the_same_however_they_are_given(way, monkeypatch):
    texts = ["one", "another text", "a third", "a fourth one", "5", ""]
    with install_texts(monkeypatch):
        samples = read(WAYS[way](texts))
        assert samples.modality == "text"
        assert [sample.source.read().decode() for sample in samples.samples] == texts
        assert [sample.name for sample in samples.samples] == [f"#{number}" for number in range(6)]
        assert samples.ledger.in_rows


def test_bytes_files_and_arrays_of_unequal_shapes_are_photos(files):
    wanted = {file.read_bytes() for file in files}
    for items in ([file.read_bytes() for file in files], [io.BytesIO(file.read_bytes()) for file in files]):
        assert {sample.source.read() for sample in read(items).samples} == wanted
    pixels = [np.asarray(Image.open(file)) for file in files]
    for items in (pixels, [Image.fromarray(one) for one in pixels], [files[0], files[1].read_bytes(), *pixels[2:]]):
        assert len(read(items)) == 6
    shapes = [sample.properties["height"] for sample in read(pixels).samples]
    assert shapes == [8, 9, 10, 11, 12, 13]


def test_a_path_that_stands_twice_has_two_names(files):
    samples = read([files[0], files[0], *files[1:5]])
    assert len({sample.name for sample in samples.samples} | {entry.name for entry in samples.ledger.entries}) == 6


def test_the_sort_of_items_says_what_they_are(monkeypatch):
    with install_texts(monkeypatch):
        for items, name in (
            (["a.jpg", "b.png"], "image"),
            ([Path("a.txt"), Path("b.txt")], "text"),
            (["a.jpg is a name", "this is none"], "text"),
            ([b"plain words"], "text"),
            ([np.zeros((4, 4), np.uint8)], "image"),
        ):
            assert choose_by_items("auto", items, "here").modality.name == name
        assert choose_by_items("text", ["a.jpg"], "here").modality.name == "text"


def test_texts_that_are_names_of_files_are_noted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text("x")
    with install_texts(monkeypatch):
        samples = read(["a.txt"] * 6)
        assert "6 texts of the first 6 are names of files; a pathlib.Path reads the file" in samples.ledger.notes
        assert {sample.source.read() for sample in read([Path("a.txt")] * 6, labels="aaaaaa").samples} == {b"x"}


def test_what_is_no_item_is_refused():
    with pytest.raises(DataError, match="a photo is int; wanted a path, bytes, or the array of a photo"):
        read(["a.jpg", 3], labels="ab")
    with pytest.raises(DataError, match=r"a photo is ndarray of int64 \(2,\)"):
        read(["a.jpg", np.array([1, 2])], labels="ab")
    with pytest.raises(DataError, match="2 photos and 3 labels; wanted one label for each"):
        read(["a.jpg", "b.jpg"], labels="abc")
    with pytest.raises(DataError, match="a Table is given; wanted one column of it"):
        read(Table(["path", "label"]), labels="a")


@pytest.mark.parametrize("one", ["a.jpg", b"bytes", Path("a.jpg")])
def test_one_item_instead_of_several_is_not_taken_apart(one):
    with pytest.raises(DataError, match=r"^one \w+ is given; wanted a list of items, such as \["):
        collect_items(one)
