"""The modality of a source, where images and texts are installed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from headstart.data.check import Range, check_samples
from headstart.data.choose_modality import choose_by_array, choose_by_contents, choose_by_sources, find_source_noun
from headstart.data.read import read_source
from headstart.data.sources import ArraySource, ValueSource
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError
from tests.data.texts import TEXTS, install_texts

WORDS = ("so warm", "so cold", "a fine day")


@pytest.fixture(autouse=True)
def texts(monkeypatch):
    with install_texts(monkeypatch):
        yield


def read(source, modality="auto", **options):
    return read_source(source, options=DataSettings(modality=modality), **options)


def write_texts(folder: Path, count: int, suffix: str = ".txt") -> Path:
    for label in ("good", "bad"):
        (folder / label).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            (folder / label / f"{number}{suffix}").write_text(f"{WORDS[number % 3]} {label} {number}")
    return folder


def test_a_folder_is_of_the_kind_of_its_files(pets, tmp_path):
    assert read(pets).modality == "image"
    samples = read(write_texts(tmp_path / "texts", 4))
    assert (samples.modality, samples.noun.many, len(samples)) == ("text", "texts", 8)
    assert samples.samples[0].properties == {"words": 4}
    assert samples.ledger.entries[0].format == "UTF-8"


def test_a_few_others_are_skipped_more_are_noted_and_as_many_are_refused(pets):
    (pets / "cats" / "README.txt").write_text("cats")
    samples = read(pets)
    assert (samples.modality, len(samples), samples.ledger.notes) == ("image", 20, ())
    assert {entry.name: entry.reason for entry in samples.ledger.entries if entry.reason} == {
        "cats/README.txt": "not an image in a known format"
    }
    write_texts(pets, 4)
    (pets / "good" / "1.txt").unlink()
    assert read(pets).classes == ("cats", "dogs")
    told = "there are 20 photos and 8 texts; the photos are read; --modality text if the others are meant"
    assert read_source(pets, strict=False).ledger.notes[0] == told
    write_texts(pets, 15)
    with pytest.raises(DataError, match=r"has 31 texts and 20 photos; choose with --modality text or --modality image"):
        read_source(pets, strict=False)
    assert read_source(pets, strict=False, options=DataSettings(modality="image")).modality == "image"


def test_files_without_a_known_ending_are_what_their_bytes_say(tmp_path, pets):
    texts = read_source(write_texts(tmp_path / "texts", 3, ".odd"), strict=False)
    assert (texts.modality, len(texts), texts.ledger.notes) == ("text", 6, ())
    for path in list(pets.rglob("*.png")):
        path.rename(path.with_suffix(".odd"))
    photos = read_source(pets, strict=False)
    assert (photos.modality, len(photos)) == ("image", 20)


def test_files_of_which_nothing_says_what_they_are_are_of_the_first_kind_and_it_is_said(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.odd").write_bytes(b"\xff\xfe\xfd\0" + name.encode())
    samples = read_source(tmp_path, strict=False)
    told = "nothing says what the files are; they are read as photos; --modality says otherwise"
    assert (samples.modality, samples.ledger.notes[0]) == ("image", told)


def test_an_unknown_modality_is_refused(pets):
    with pytest.raises(ValidationError, match=r"unknown modality 'texts'; did you mean 'text'\?"):
        read(pets, "texts")


@pytest.mark.parametrize("give", [list, tuple, np.array, lambda texts: np.array(texts, object)])
def test_texts_in_memory_are_the_same_however_they_are_given(give):
    items = [f"{word} {number}" for number in range(4) for word in WORDS]
    samples = read(give(items), labels=["a", "b"] * 6)
    assert samples.modality == "text"
    assert {sample.source.read() for sample in samples.samples} == {item.encode() for item in items}
    assert [sample.digest for sample in samples.samples] == [
        sample.digest
        for sample in read(items + ["a longer text"] * 2, labels=["a", "b"] * 7, strict=False).samples[:12]
    ]


def test_arrays_of_numbers_are_images(tmp_path):
    images = np.random.default_rng(0).integers(0, 255, (6, 4, 5), np.uint8)
    assert read(images, labels=[0, 1] * 3).modality == "image"
    np.savez(tmp_path / "a.npz", texts=np.array([f"text {n}" for n in range(6)]), labels=[0, 1] * 3)
    assert read(tmp_path / "a.npz").modality == "text"
    with pytest.raises(DataError, match=r"text has shape \(6, 4, 5\); wanted N texts|has shape .*; wanted N texts"):
        read(images, "text", labels=[0, 1] * 3)


def test_an_array_that_several_accept_is_asked_for(monkeypatch):
    monkeypatch.setattr("tests.data.texts.Texts.accepts_array", lambda self, array: True)
    array = np.zeros((2, 3, 4), np.uint8)
    with pytest.raises(DataError, match="may be of photos or texts; choose with --modality image or --modality text"):
        choose_by_array("auto", array, "here")
    assert choose_by_array("text", array, "here").name == "text"


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_column_of_texts_needs_no_paths(tmp_path, suffix):
    rows = [(f'{word}, "{number}"\nand more', ("good", "bad")[number % 2]) for number in range(6) for word in WORDS]
    table = tmp_path / f"reviews{suffix}"
    if suffix == ".csv":
        cells = [f'"{text.replace(chr(34), chr(34) * 2)}",{label}' for text, label in rows]
        table.write_text("\n".join(["Review,label", *cells]), "utf-8")
    else:
        arrow = pytest.importorskip("pyarrow")
        columns = {"Review": [text for text, _ in rows], "label": [label for _, label in rows]}
        pytest.importorskip("pyarrow.parquet").write_table(arrow.table(columns), table)
    samples = read(table)
    assert (samples.modality, len(samples)) == ("text", 18)
    assert {sample.source.read().decode() for sample in samples.samples} == {text for text, _ in rows}
    assert samples.samples[0].name == f"row {2 if suffix == '.csv' else 1}"
    assert check_samples(samples).ranges == {"words": Range(5, 5, 6)}


def test_an_empty_text_is_a_skipped_row(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("text,label\n" + "".join(f"text {n},{'ab'[n % 2]}\n" for n in range(6)) + ",a\n")
    reasons = {entry.name: entry.reason for entry in read(table).ledger.entries if entry.reason}
    assert reasons == {"row 8": "an empty text"}


def test_a_table_of_paths_is_of_the_kind_of_its_files(pets, tmp_path):
    write_texts(pets, 10)
    for suffix, modality in ((".txt", "text"), (".png", "image")):
        files = sorted(path.relative_to(pets) for path in pets.rglob(f"*{suffix}"))
        table = pets / "table.csv"
        table.write_text("file,label\n" + "".join(f"{path.as_posix()},{path.parts[0]}\n" for path in files))
        samples = read(table)
        assert (samples.modality, len(samples)) == (modality, 20)


def test_files_say_more_than_a_column_of_texts_beside_them(pets):
    (pets / "t.csv").write_text(
        "image,text,label\n" + "".join(f"cats/{n}.png,cat {n},{'ab'[n % 2]}\n" for n in range(8))
    )
    samples = read(pets / "t.csv", strict=False)
    told = "the photos are read; column 'text' holds texts: --modality text reads those"
    assert (samples.modality, told in samples.ledger.notes) == ("image", True)
    assert read(pets / "t.csv", "text", strict=False).samples[0].source.read() == b"cat 0"


def test_columns_of_two_kinds_without_files_are_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(TEXTS, "hints", replace(TEXTS.hints, path_columns=("note_id",)))
    table = tmp_path / "own" / "t.csv"  # folders beside a table's own may have its files, and here lie other tests'
    table.parent.mkdir()
    table.write_text("image,note_id,label\n" + "".join(f"{n},{n},{'ab'[n % 2]}\n" for n in range(8)))
    with pytest.raises(DataError, match=r"for photos \('image'\) and texts \('note_id'\); choose with --modality"):
        read(table)


def test_samples_of_another_reader_are_said_by_their_addresses_or_the_first_one():
    assert choose_by_sources("auto", [ValueSource(b"a text")] * 3, "here").modality.name == "text"
    grey = ArraySource(np.zeros((2, 4, 4), np.uint8), 0)
    assert choose_by_sources("auto", [grey], "here").modality.name == "image"

    class Bucket:
        uri = "s3://bucket/1.txt"

        def read(self):
            raise AssertionError("it was read")

    assert choose_by_sources("auto", [Bucket()], "here").modality.name == "text"


def test_contents_tell(pets):
    heads = [path.read_bytes() for path in pets.rglob("*.png")]
    assert choose_by_contents("auto", heads, "here").modality.name == "image"


def test_words_where_nothing_is_known():
    assert find_source_noun("auto").many == "items"
    assert find_source_noun("text").many == "texts"
