"""What people hand to a classifier of texts by mistake, and tables with one odd row: one line of an error, no more."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

import headstart
from headstart_runtime.errors import DataError
from tests.modalities.texts import draw_texts, write_table

SEA = "the ship and a wave in the tide"


@pytest.mark.parametrize("given", [None, 3, 1.5, ValueError("x"), int, {"text": SEA}, {}], ids=repr)
def test_what_is_no_text_is_one_error_alone_and_one_of_its_own_among_others(run: headstart.Run, given: Any) -> None:
    for ask in (run.classifier.predict, lambda one: list(run.classifier.stream(one))):
        try:
            (answer,) = ask(given)  # a stream has an answer of its own for it
            told = answer.error
        except DataError as error:
            told = str(error)
        assert f"a text cannot be of type {type(given).__name__}" in told
        assert "\n" not in told
    first, bad, last = run.classifier.predict([SEA, given, SEA])
    assert (first.label, last.label, bad.label) == ("sea", "sea", None)
    assert bad.error is not None


def test_lazy_collections_and_very_long_texts(run: headstart.Run) -> None:
    assert [one.label for one in run.classifier.predict(text for text in [SEA, SEA])] == ["sea", "sea"]
    long = run.classifier.predict("the ship " * 500_000)
    assert long.error is None
    assert len(long.source) <= 60
    assert len(json.dumps(long.to_json())) < 2000


@pytest.mark.parametrize("cell", ['the "ship" and wave', '"the ship and wave', 'the ship" and', '""', '"'])
def test_rows_of_a_table_are_rows_of_the_ledger_whatever_quotes_it_has(cell: str, tmp_path: Path) -> None:
    lines = ["text,label", *(f"{text},{label}" for text, label in draw_texts(60))]
    lines[20] = f"{cell},sea"
    (tmp_path / "texts.csv").write_text("\n".join(lines) + "\n", "utf-8")
    found = headstart.check(tmp_path / "texts.csv", modality="text", progress=False)
    assert len(found.data.samples.ledger.entries) == 60
    assert len(found.data.samples) >= 59


def test_one_odd_row_of_json_lines_ends_nothing(tmp_path: Path) -> None:
    rows = [json.dumps({"text": text, "label": label}) for text, label in draw_texts(60)]
    rows[30:30] = ["{broken", "[1, 2]", '{"text": null, "label": "sea"}', '{"label": "sea"}', '"a text"']
    (tmp_path / "texts.jsonl").write_text("\n".join(rows) + "\n", "utf-8")
    found = headstart.check(tmp_path / "texts.jsonl", modality="text", progress=False)
    assert len(found.data.samples.ledger.entries) == 65
    assert len(found.data.samples) == 60


def test_a_text_of_five_million_characters_is_one_row(tmp_path: Path) -> None:
    texts = [*draw_texts(40), ("wave " * 1_000_000, "sea")]
    found = headstart.check(write_table(tmp_path / "texts.csv", texts), modality="text", progress=False)
    assert len(found.data.samples) == 41


@pytest.mark.parametrize(
    "names", [("None", "NaN"), ("a|b", "a/b"), ("..", "."), ("con", "nul"), ("<b>", "&amp;"), ("0", "0.0"), ("a", " a")]
)
def test_classes_of_odd_names(names: tuple[str, str], tmp_path: Path) -> None:
    texts = [(text, names[label == "sea"]) for text, label in draw_texts(60)]
    options = {"modality": "text", "task": "classification", "progress": False}
    found = headstart.check(write_table(tmp_path / "texts.csv", texts), **options)  # type: ignore[arg-type]
    assert sum(found.data.usable.values()) == 60
    assert set(found.data.usable) == {name.strip() for name in names} or len(found.data.usable) == 1


def test_columns_of_one_name_are_told(tmp_path: Path) -> None:
    with (tmp_path / "texts.csv").open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow(("text", "text", "label"))
        rows.writerows((text, f"other {number}", label) for number, (text, label) in enumerate(draw_texts(60)))
    found = headstart.check(tmp_path / "texts.csv", modality="text", progress=False)
    assert "the table has 2 columns called 'text'; the text is read from the first" in found.data.samples.ledger.notes


@pytest.mark.parametrize(
    ("encoding", "pairs"),
    [
        ("gb18030", {"大海": "这艘船在港口航行", "森林": "森林里有一棵橡树"}),
        ("shift_jis", {"海辺": "船は港を出て海へ向かった", "森林": "森に樫の木があると言った"}),
        ("cp1252", {"été": "Le bateau quitte le port et après", "forêt": "Un élève a été dans la forêt"}),
    ],
)
def test_tables_of_other_encodings(encoding: str, pairs: dict[str, str], tmp_path: Path) -> None:
    rows = [f"{text} {number},{label}" for number in range(30) for label, text in pairs.items()]
    (tmp_path / "texts.csv").write_bytes("\n".join(["text,label", *rows]).encode(encoding))
    found = headstart.check(tmp_path / "texts.csv", modality="text", progress=False)
    assert found.data.usable == dict.fromkeys(sorted(pairs), 30)
    assert f"texts.csv is not UTF-8 and was read as {encoding}" in " ".join(found.data.samples.ledger.notes)
