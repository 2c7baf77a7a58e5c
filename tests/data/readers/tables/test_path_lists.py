"""Lists in text files."""

from pathlib import Path

import pytest

from headstart.data.read import read_source
from headstart.data.readers.tables.path_lists import read_path_list
from headstart.data.readers.tables.table_columns import find_key_columns

NAMES = ("cat", "dog")


def read_labels(folder: Path) -> dict[str, str]:
    samples = read_source(folder)
    return {sample.name: samples.classes[sample.target] for sample in samples.samples}


@pytest.mark.parametrize(
    "text",
    [
        "cat: 0.png, 2.png, 4.png, 6.png\ndog: 1.png, 3.png, 5.png, 7.png\n",
        "cat: 0.png 2.png 4.png 6.png\n\ndog: 1.png 3.png 5.png 7.png",
        "# by hand\n" + "".join(f"{at}.png: {NAMES[at % 2]}\n" for at in range(8)),
        "".join(f"{at}.png = {NAMES[at % 2]}\n" for at in range(8)),
        "".join(f"'{at}.png': {NAMES[at % 2]}\n" for at in range(8)),
    ],
)
def test_labels_with_colons(tmp_path: Path, plant, text: str) -> None:
    folder = plant(tmp_path / "set", *(f"{at}.png" for at in range(8)))
    (folder / "labels.txt").write_text(text, "utf-8")
    assert read_labels(folder) == {f"{at}.png": NAMES[at % 2] for at in range(8)}


@pytest.mark.parametrize(
    "text",
    [
        "https://x.org/1.jpg\nhttps://x.org/2.jpg\n",
        "C:\\x\\1.jpg\nC:\\x\\2.jpg\n",
        "id=1.jpg\nid=2.jpg\n",
        "1.jpg: cat\n2.jpg is a dog\n",
        "note: see the photos\n1.jpg: cat\n",
    ],
)
def test_other_lines_with_colons_are_no_labels(tmp_path: Path, text: str) -> None:
    table = tmp_path / "list.txt"
    table.write_text(text, "utf-8")
    content = read_path_list(table, find_key_columns)
    assert content is None or content.header != ("path", "label")
