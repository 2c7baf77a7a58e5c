import shutil
from dataclasses import replace

import numpy as np
import pytest

from headstart.data.read import read_source
from headstart.data.relabel import apply_relabels, find_relabel_tables, format_relabels
from headstart.data.samples import FileStatus, Relabel
from headstart_runtime.errors import DataError


@pytest.fixture
def samples(pets, tmp_path):
    return read_source(pets, cache=tmp_path / "cache")


@pytest.fixture
def table(tmp_path):
    """table(text or bytes) -> a file with that in it."""

    def make(content):
        file = tmp_path / "fixes.csv"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    return make


def labels_of(samples):
    return {sample.name: samples.classes[sample.target] for sample in samples.samples}


def entry(samples, name):
    return next(entry for entry in samples.ledger.entries if entry.name == name)


def test_labels_are_corrected_and_photos_left_out(samples, table):
    before = labels_of(samples)
    result = apply_relabels(samples, table("photo,label\ncats/1.png,dogs\ndogs/2.png,\ncats/3.png,cats\n"))
    wanted = {**before, "cats/1.png": "dogs"}
    del wanted["dogs/2.png"]
    assert labels_of(result) == wanted
    assert result.classes == samples.classes
    kept = {sample.name: sample for sample in samples.samples}
    for sample in result.samples:
        old = kept[sample.name]
        assert (sample.id, sample.digest, sample.group, sample.subset, sample.source) == (
            old.id,
            old.digest,
            old.group,
            old.subset,
            old.source,
        )


def test_the_ledger_tells_what_was_changed(samples, table):
    result = apply_relabels(samples, table("photo,label\ncats/1.png,dogs\ndogs/2.png,\ncats/3.png,cats\n"))
    changed, left_out = entry(result, "cats/1.png"), entry(result, "dogs/2.png")
    assert (changed.status, changed.label) == (FileStatus.ACCEPTED, "dogs")
    assert changed.reason == "relabelled: 'cats' -> 'dogs'"
    assert (left_out.status, left_out.label, left_out.reason) == (
        FileStatus.SKIPPED,
        "dogs",
        "left out by fixes.csv",
    )
    others = [it for it in result.ledger.entries if it.name not in ("cats/1.png", "dogs/2.png")]
    assert all(it == entry(samples, it.name) for it in others)
    assert len(result.ledger.entries) == len(samples.ledger.entries)
    assert result.ledger.notes[-1] == "fixes.csv: 1 photo relabelled, 1 left out"


def test_a_table_that_changes_nothing_changes_nothing(samples, table):
    for text in ("photo,label\n", "photo,given,label\ncats/1.png,cats,cats\n"):
        result = apply_relabels(samples, table(text))
        assert result.samples == samples.samples
        assert result.ledger.entries == samples.ledger.entries


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfphoto;given;likely;given_probability;label\r\ncats/1.png;cats;dogs;0,0113;dogs\r\n",
        b"photo\tgiven\tlabel\ncats/1.png\tcats\tdogs\n",
        b'"photo","given","label"\r\n"cats/1.png","cats","dogs"\r\n',
        b"Label , Photo\n dogs ,cats/1.png\n",
        b"\n\nphoto,label\n,\n\ncats/1.png,dogs\n,,,\n",
        b"photo,label\rcats/1.png,dogs\r",
        b"photo,label\n cats/1.png ,dogs",
        b"photo,label\ncats/1.png,dogs\ncats/1.png,dogs\n",
        "photo,label\ncats/1.png,dogs\n".encode("utf-16"),
        b"photo;given;label;note\ncats/1.png;cats;dogs;\xe9t\xe9\n",
    ],
    ids=[
        "semicolons",
        "tabs",
        "quotes",
        "other order",
        "blank rows",
        "cr",
        "blanks",
        "twice the same",
        "utf-16",
        "cp1252",
    ],
)
def test_what_spreadsheets_write(content, samples, table):
    result = apply_relabels(samples, table(content))
    assert labels_of(result) == {**labels_of(samples), "cats/1.png": "dogs"}


def test_an_empty_cell_at_the_end_may_be_missing(samples, table):
    result = apply_relabels(samples, table("photo,given,label\ncats/1.png,cats\ncats/2.png,cats,\n"))
    assert set(labels_of(samples)) - set(labels_of(result)) == {"cats/1.png", "cats/2.png"}


def test_labels_that_a_spreadsheet_mangled_but_nobody_edited_stay(plant, tmp_path, table):
    names = [f"{name}/{i}.png" for name in ("007", "1e5") for i in range(4)]
    samples = read_source(plant(tmp_path / "codes", *names), cache=tmp_path / "cache")
    result = apply_relabels(samples, table("photo,given,label\n007/1.png,7,7\n1e5/2.png,100000,007\n"))
    assert labels_of(result) == {**labels_of(samples), "1e5/2.png": "007"}


def test_names_of_every_kind(plant, tmp_path, table):
    odd = ['a, "b"; c.png', "Ä pfel.png", "zwei\nZeilen.png", "x\udcff.png"]
    names = [f"{name}/{it}" for name in ("one", "two") for it in (*odd, "5.png", "6.png", "7.png")]
    samples = read_source(plant(tmp_path / "odd", *names), cache=tmp_path / "cache")
    rows = ['"one/a, ""b""; c.png"', "one/A\u0308 pfel.png", '"one/zwei\nZeilen.png"', "one/x\\udcff.png"]
    text = "photo,label\n" + "".join(f"{row},two\n" for row in rows)
    result = apply_relabels(samples, table(text))
    changed = {name for name, label in labels_of(result).items() if label != labels_of(samples)[name]}
    assert changed == {f"one/{it}" for it in odd}


def test_arrays_have_names_too(table):
    images = np.random.default_rng(0).integers(0, 255, (8, 9, 9, 3), dtype=np.uint8)
    samples = read_source(images, labels=["a", "b"] * 4)
    result = apply_relabels(samples, table("photo,label\n#2,b\n#5,\n"))
    assert [result.classes[it.target] for it in result.samples] == ["a", "b", "b", "b", "a", "a", "b"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("photo,label\ncats/99.png,dogs\n", r"no photo is called 'cats/99.png' \(row 2\); wanted names as headstart"),
        ("photo,label\nkittens/3.png,dogs\n", r"'kittens/3.png' \(row 2; did you mean '(cats|dogs)/3.png'\?\)"),
        ("photo,label\nC:\\pets\\cats\\3.png,dogs\n", r"did you mean '(cats|dogs)/3.png'\?"),
        (
            "photo,label\ncats/1.png,dgos\ncats/2.png,dgos\n",
            r"row 2, 3: label 'dgos' is no class of this data; did you mean 'dogs'\? Known: cats, dogs",
        ),
        ("photo,label\ncats/1.png,Dogs\n", r"row 2: label 'Dogs' is no class .* did you mean 'dogs'\?"),
        (
            "photo,label\ncats/1.png,dogs\n\ncats/1.png,cats\n",
            r"rows 2, 4: 'cats/1.png' is labelled 'dogs' and 'cats'; keep one row",
        ),
        ("photo,label\ncats/1.png,dogs\ncats/1.png,\n", r"rows 2, 3: 'cats/1.png' is labelled 'dogs' and ''"),
        ("photo,label\n,dogs\n", r"no photo is called '' \(row 2\)"),
        ("thing,label\ncats/1.png,dogs\n", r"has the columns 'thing', 'label'; wanted the columns photo and label"),
        ("photo,given\ncats/1.png,dogs\n", r"has the columns 'photo', 'given'; wanted the columns photo and label"),
        ("", r"is empty; wanted the columns photo and label, as headstart check --labels writes them"),
        ('photo,label\n"cats/1.png,dogs\n', r"a quotation mark that is not closed \(line 2\); remove it or close it"),
        (
            'photo,label\n"cats/1.png,dogs\ncats/2.png,dogs\ncats/3.png",dogs\n',
            r"a quotation mark that is not closed \(line 2\)",
        ),
        (
            b"PK\x03\x04\xff\xfe",
            r"has the columns .*; wanted the columns photo and label|text that is not UTF-8.*; save it as UTF-8",
        ),
    ],
)
def test_what_is_refused(text, message, samples, table):
    with pytest.raises(DataError, match=rf"^table '.*fixes.csv':? {message}|^table '.*fixes.csv': .*{message}"):
        apply_relabels(samples, table(text))


def test_all_problems_are_said_at_once(samples, table):
    rows = "".join(f"cats/{number}.png,dogs\n" for number in range(100, 120))
    odds = "dogs/1.png,cats\ndogs/1.png,\n"
    with pytest.raises(DataError) as error:
        apply_relabels(samples, table(f"photo,label\ncats/1.png,birds\ncats/2.png,fish\n{rows}{odds}"))
    photos, birds, fish, twice = str(error.value).split("; also: ")
    assert "'cats/100.png' (row 4), 'cats/101.png' (row 5), 'cats/102.png' (row 6) and 17 more;" in photos
    assert birds.startswith("row 2: label 'birds' is no class")
    assert fish.startswith("row 3: label 'fish' is no class")
    assert twice.startswith("rows 24, 25: 'dogs/1.png' is labelled 'cats' and ''")


def test_many_problems_are_counted(samples, table):
    rows = "".join(f"cats/1.png,kind {number}\n" for number in range(12))
    with pytest.raises(DataError, match=r"; and 5 more problems like these$"):
        apply_relabels(samples, table(f"photo,label\n{rows}"))


def test_a_table_that_is_not_there(samples, tmp_path):
    with pytest.raises(DataError, match=r"'.*none.csv' cannot be read: No such file or directory; check the path"):
        apply_relabels(samples, tmp_path / "none.csv")
    with pytest.raises(DataError, match="cannot be read: Is a directory"):
        apply_relabels(samples, tmp_path)


def test_photos_skipped_cannot_be_given_a_label(pets, tmp_path, table):
    (pets / "cats" / "broken.png").write_bytes(b"")
    samples = read_source(pets, cache=tmp_path / "cache")
    with pytest.raises(
        DataError, match=r"row 2: 'cats/broken.png' is skipped \(zero bytes: .*\) and can have no label"
    ):
        apply_relabels(samples, table("photo,label\ncats/broken.png,dogs\n"))
    assert apply_relabels(samples, table("photo,label\ncats/broken.png,\n")).samples == samples.samples


def test_copies_must_keep_one_label(pets, tmp_path, table):
    shutil.copy(pets / "cats/1.png", pets / "cats/copy.png")
    samples = read_source(pets, cache=tmp_path / "cache")
    with pytest.raises(DataError, match=r"'cats/1.png' and 'cats/copy.png' have the same bytes and would be 'dogs'"):
        apply_relabels(samples, table("photo,label\ncats/1.png,dogs\n"))
    both = apply_relabels(samples, table("photo,label\ncats/1.png,dogs\ncats/copy.png,dogs\n"))
    assert labels_of(both)["cats/1.png"] == labels_of(both)["cats/copy.png"] == "dogs"
    one = apply_relabels(samples, table("photo,label\ncats/1.png,dogs\ncats/copy.png,\n"))
    assert labels_of(one)["cats/1.png"] == "dogs"


def test_a_class_that_is_emptied_is_said(samples, table):
    rows = "".join(f"cats/{number}.png,dogs\n" for number in range(10))
    with pytest.raises(DataError, match=r"fixes.csv': class 'cats' has no usable photo; add photos or remove it"):
        apply_relabels(samples, table(f"photo,label\n{rows}"))


def test_no_file_is_touched(pets, samples, table):
    before = {file: file.read_bytes() for file in pets.rglob("*.png")}
    file = table("photo,label\ncats/1.png,dogs\ndogs/2.png,\n")
    content = file.read_bytes()
    apply_relabels(samples, file)
    assert {file: file.read_bytes() for file in pets.rglob("*.png")} == before
    assert file.read_bytes() == content


def test_corrections_of_several_tables_add_up_and_the_later_wins(samples, tmp_path):
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    first.write_text("photo,given,label\ncats/1.png,cats,dogs\ncats/2.png,cats,\ncats/3.png,cats,dogs\n")
    second.write_text(
        "photo,given,now,label\ncats/2.png,cats,,cats\ncats/3.png,cats,dogs,cats\ndogs/1.png,dogs,dogs,dogs\n"
    )
    result = apply_relabels(samples, first, second)
    labels = labels_of(result)
    assert (labels["cats/1.png"], labels["cats/2.png"], labels["cats/3.png"]) == ("dogs", "cats", "cats")
    assert labels == {**labels_of(samples), "cats/1.png": "dogs"}
    assert result.relabels == (Relabel("cats/1.png", "cats", "dogs"),)


def test_what_a_run_keeps_is_a_table_that_makes_the_same(samples, table, tmp_path):
    result = apply_relabels(samples, table("photo,label\ncats/1.png,dogs\ndogs/2.png,\n"))
    (tmp_path / "relabels.csv").write_text(format_relabels(result.relabels, result.noun))
    (tmp_path / "split.json").touch()
    assert find_relabel_tables(None, tmp_path) == find_relabel_tables(None, tmp_path / "split.json")
    again = apply_relabels(samples, *find_relabel_tables(None, tmp_path))
    assert (again.samples, again.relabels) == (result.samples, result.relabels)
    assert find_relabel_tables(tmp_path / "own.csv", tmp_path) == (tmp_path / "relabels.csv", tmp_path / "own.csv")
    assert find_relabel_tables(None, tmp_path / "elsewhere") == ()


def test_a_table_that_a_later_one_repeats_is_not_told_of_as_empty(samples, table, tmp_path):
    """The table of ``check --split-from RUN`` has the corrections of that run too."""
    run = tmp_path / "first"
    run.mkdir()
    (run / "relabels.csv").write_text("photo,given,label\ncats/1.png,cats,dogs\n")
    both = table("photo,label\ncats/1.png,dogs\ndogs/2.png,\n")
    result = apply_relabels(samples, run / "relabels.csv", both)
    assert result.ledger.notes[-2:] == (
        "relabels.csv of first: every correction in it stands in the table given later, which counts",
        "fixes.csv: 1 photo relabelled, 1 left out",
    )
    assert [it.name for it in result.left_out] == ["dogs/2.png"]
    assert result.with_given_labels()[-1] == result.left_out[0]
    assert labels_of(replace(result, samples=result.with_given_labels())) == labels_of(samples)


def test_what_an_earlier_run_kept_is_taken_as_far_as_it_fits(pets, tmp_path, table):
    before = read_source(pets, cache=tmp_path / "cache")
    kept = apply_relabels(
        before, table("photo,label\ncats/1.png,dogs\ncats/2.png,dogs\ndogs/3.png,\ncats/4.png,dogs\n")
    )
    (tmp_path / "relabels.csv").write_text(format_relabels(kept.relabels, kept.noun) + "cats/5.png,cats,birds\n")
    (tmp_path / "split.json").touch()
    (pets / "cats/1.png").rename(pets / "dogs/new.png")
    (pets / "cats/2.png").write_bytes(b"")
    (pets / "dogs/3.png").unlink()
    samples = read_source(pets, cache=tmp_path / "cache")
    result = apply_relabels(samples, *find_relabel_tables(None, tmp_path))
    assert labels_of(result) == {**labels_of(samples), "cats/4.png": "dogs"}
    gone = "'cats/1.png' (row 2), 'cats/2.png' (row 3), 'dogs/3.png' (row 4) and 1 more"
    note = f"relabels.csv of {tmp_path.name}: 4 rows left out, for their photo or class is there no more: {gone}"
    assert note in result.ledger.notes
    assert result.relabels == (Relabel("cats/4.png", "cats", "dogs"),)
    with pytest.raises(DataError, match=r"no photo is called 'cats/1\.png'"):
        apply_relabels(samples, table((tmp_path / "relabels.csv").read_text()))
