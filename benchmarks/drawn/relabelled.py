"""Tables of labels for every task, made of items that have a class: photos in folders, tables of texts or of clips.

Beside its class each item has a size (how bright a photo is, how many words a text has, how loud a clip is) and a
second property (colourful, of long words, long). Several labels are the class and what is above the median of these, a
number is the size, a grade its fifth.
"""

import csv
import io
import wave
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from headstart.data.read import read_source

GRADES = ("lowest", "low", "middle", "high", "highest")
SHOWN = 64  #: pixels along an edge of what is measured of a photo
SUBSET = "split"  #: the column of given parts


@dataclass(frozen=True)
class ItemFacts:
    """An item with a class, measured; shares are ranks among all items, 0..1."""

    row: Mapping[str, str]  #: its cells beside the label: path or text, part, group
    label: str
    size: float
    large: float  #: the share of its size
    second: float  #: the share of its second property
    words: tuple[str, str]  #: labels of what is above the median of each


@dataclass(frozen=True)
class LabelledAs:
    """The labels of a task."""

    label: Callable[[ItemFacts], str]
    settings: Mapping[str, Any] = field(default_factory=dict)
    grouped: bool = True  #: whether few groups can have all labels in each part


def _list_labels(facts: ItemFacts) -> str:
    named = {facts.label: True, facts.words[0]: facts.large > 0.5, facts.words[1]: facts.second > 0.5}
    return ";".join(name for name, there in named.items() if there)


LABELLED: dict[str, LabelledAs] = {
    "classification": LabelledAs(lambda facts: facts.label),
    "multilabel": LabelledAs(_list_labels),
    "regression": LabelledAs(lambda facts: f"{facts.size:.2f}"),
    "ordinal": LabelledAs(
        lambda facts: GRADES[min(4, int(5 * facts.large))], {"order": ",".join(GRADES)}, grouped=False
    ),
}


def measure_items(source: Path) -> list[ItemFacts]:
    """Return the items of a folder per class, or of a table with a column ``text`` or ``path`` and one of labels."""
    return _measure_photos(source) if source.is_dir() else _measure_rows(source)


def write_relabelled(items: Sequence[ItemFacts], task: str, table: Path) -> Path:
    """Write a table of the items with a task's labels, and return it."""
    with table.open("w", newline="", encoding="utf-8") as file:
        rows = csv.DictWriter(file, [*items[0].row, "label"])
        rows.writeheader()
        rows.writerows({**facts.row, "label": LABELLED[task].label(facts)} for facts in items)
    return table


def _measure_photos(photos: Path) -> list[ItemFacts]:
    samples = read_source(photos)
    files = [photos.resolve() / sample.name for sample in samples.samples]
    sizes, colours = [], []
    for file in files:
        with Image.open(file) as opened:
            opened.draft("RGB", (SHOWN, SHOWN))
            small = np.asarray(opened.convert("HSV").resize((SHOWN, SHOWN)), np.float64)
        sizes.append(float(small[..., 2].mean()))
        colours.append(float(small[..., 1].mean()))
    labels = [samples.describe(sample) for sample in samples.samples]
    return _rank([{"path": file.as_posix()} for file in files], labels, sizes, colours, ("bright", "colourful"))


def _measure_rows(table: Path) -> list[ItemFacts]:
    with table.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    labels = [row.pop("label") for row in rows]
    if "text" in rows[0]:
        words = [row["text"].split() for row in rows]
        lengths = [float(np.mean([len(word) for word in each] or [0])) for each in words]
        return _rank(rows, labels, [float(len(each)) for each in words], lengths, ("many words", "long words"))
    heard = []
    for row in rows:
        file = (table.parent / row["path"]).resolve()
        row["path"] = file.as_posix()
        heard.append(_measure_clip(file.read_bytes()))
    return _rank(rows, labels, [loud for loud, _ in heard], [long for _, long in heard], ("loud", "long"))


def _measure_clip(content: bytes) -> tuple[float, float]:
    """Return the loudness of a WAV file of 16 bits, decibels below full scale, and its seconds."""
    with wave.open(io.BytesIO(content)) as opened:
        samples = np.frombuffer(opened.readframes(opened.getnframes()), np.int16) / 32768
        power = float(np.square(samples).mean()) if len(samples) else 0.0
        return 10 * float(np.log10(power + 1e-10)), len(samples) / opened.getframerate()


def _rank(
    rows: Sequence[Mapping[str, str]],
    labels: Sequence[str],
    sizes: Sequence[float],
    seconds: Sequence[float],
    words: tuple[str, str],
) -> list[ItemFacts]:
    large, second = (np.argsort(np.argsort(values, kind="stable")) / len(rows) for values in (sizes, seconds))
    each = zip(rows, labels, sizes, large.tolist(), second.tolist(), strict=True)
    return [ItemFacts(*facts, words) for facts in each]
