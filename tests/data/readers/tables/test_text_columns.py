"""Tables of texts: the column that holds them, several joined, cells that hold none; stretches of recordings."""

import wave
from pathlib import Path

import pytest

from headstart.data.read import read_source
from headstart.data.readers.tables.span_columns import read_span
from headstart.data.readers.tables.text_cells import is_missing_text, is_running_text
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.item import Excerpt


def write(path: Path, header: str, rows: list[str]) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n", "utf-8")
    return path


def read(source: Path, **options: object):
    return read_source(source, options=DataSettings.model_validate(options))


@pytest.mark.parametrize(
    ("cell", "is_one"),
    [
        ("Nobody came to see the film.", True),
        ("今天天气很好我们去海边散步", True),
        ("كان الجو جميلا جدا اليوم", True),
        ("70 80 82 72 58 58 60 63", False),
        ("[0.25, 0.5, 0.75]", False),
        ("images/train/cat/001.jpg", False),
        ("2026-11-27 04:00:00", False),
        ("iVBORw0KGgo" * 40, False),
        ("good", False),
    ],
)
def test_running_text_is_told_from_paths_numbers_and_codes(cell: str, is_one: bool) -> None:
    assert is_running_text(cell) is is_one


def test_a_column_is_found_by_what_it_holds_and_the_others_are_named(tmp_path: Path) -> None:
    rows = [f'{n},"It was, all in all, film number {n}",{"ab"[n % 2]},{"xyz"[n % 3]}' for n in range(24)]
    samples = read(write(tmp_path / "t.csv", "votes,v2,label,country", rows))
    assert (samples.modality, samples.column, len(samples)) == ("text", "v2", 24)
    assert samples.samples[0].source.read() == b"It was, all in all, film number 0"
    assert "the text is read from column 'v2', whose cells are running text" in samples.ledger.notes
    told = "columns 'votes' (numbers), 'country' (3 values) are not used: only the texts are learnt from"
    assert told in samples.ledger.notes


def test_several_columns_are_joined_with_their_names(tmp_path: Path) -> None:
    rows = [f"Title {n},{'' if n == 5 else f'Body of it {n}'},{'ab'[n % 2]}" for n in range(10)]
    table = write(tmp_path / "t.csv", "title,body,label", rows)
    texts = [sample.source.read().decode() for sample in read(table, text_column="title,body").samples]
    assert texts[0] == "title: Title 0\nbody: Body of it 0"
    assert texts[5] == "title: Title 5"
    with pytest.raises(DataError, match="has no column 'bodi' \\(--text-column\\)"):
        read(table, text_column="title,bodi")


def test_pairs_are_asked_for(tmp_path: Path) -> None:
    rows = [f"What is number {n} about,What is the number {n} for,{n % 2}" for n in range(10)]
    with pytest.raises(DataError, match='--text-column "question1,question2" or'):
        read(write(tmp_path / "t.csv", "question1,question2,is_duplicate", rows))


def test_rows_without_a_text_have_their_reason(tmp_path: Path) -> None:
    rows = [f"text number {n} here,{'ab'[n % 2]}" for n in range(8)]
    reasons = {
        it.name: it.reason
        for it in read(write(tmp_path / "t.csv", "text,label", [*rows, ",a", "NaN,b"])).ledger.entries
        if it.reason
    }
    assert reasons == {"row 10": "an empty text", "row 11": "an empty text: its cell says 'NaN'"}
    assert not is_missing_text("None of it")


def test_limits_of_stretches() -> None:
    assert read_span("1.5", "2") == ((1.5, 2.0), "")
    assert read_span("0:01:02,5", "") == ((62.5, None), "")
    assert read_span("", "") == (None, "")
    assert "no time in its file" in read_span("soon", "2")[1]
    assert "wanted an end behind its beginning" in read_span("2", "2")[1]


def test_one_recording_gives_many_items(tmp_path: Path) -> None:
    rows = []
    for number in range(10):
        with wave.open(str(tmp_path / f"{number}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(bytes([number + 1, 0, 40, 9]) * 8000)
        rows += [f"{number}.wav,{at / 2},{at / 2 + 0.5},{'ab'[at % 2]}" for at in range(4)]
    samples = read(write(tmp_path / "t.csv", "path,start,end,label", rows))
    assert (samples.modality, len(samples)) == ("sound", 40)
    assert samples.samples[1].source.read() == Excerpt(tmp_path / "0.wav", 0.5, 1.0)
    assert {sample.group.given_name for sample in samples.samples} == {f"{number}.wav" for number in range(10)}


def test_a_column_called_like_texts_without_a_word_says_so_and_can_be_named(tmp_path: Path) -> None:
    table = write(tmp_path / "t.csv", "text,label", [f"{10_000 + n},{'ab'[n % 2]}" for n in range(30)])
    with pytest.raises(DataError, match=r"has a column 'text', but no words in it: .*'10000'.*add --text-column text"):
        read(table)
    assert len(read(table, text_column="text")) == 30
