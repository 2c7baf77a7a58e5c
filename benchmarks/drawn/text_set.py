"""A large table of short texts in ten classes: words drawn as often as words come, and altered copies.

The words are those that the default encoder knows as one token each, so that a text has few tokens; a fifth of a text's
words are of its class alone. How often each comes falls with its rank (Zipf).
"""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from headstart.backbones.providers.minilm import find_model_folder

CLASSES, OWN = 10, 60  #: classes, words that each has alone
SHORTEST, LONGEST = 4, 8  #: words of a text
COPIES = 0.01  #: share of texts that are an earlier one with another word
SPOKEN = 0.2  #: share of words that are of the class
_BLOCK = 10_000


def draw_text_set(table: Path, count: int, seed: int = 0) -> int:
    """Write a table of texts and labels, where it is not there yet; return how many of them are altered copies."""
    copies = round(COPIES * count)
    if table.is_file():
        return copies
    table.parent.mkdir(parents=True, exist_ok=True)
    draft = table.with_suffix(".draft")
    with draft.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        writer.writerows(_draw_rows(count, copies, seed))
    draft.rename(table)
    return copies


def _draw_rows(count: int, copies: int, seed: int) -> Iterator[tuple[str, str]]:
    chance = np.random.default_rng(seed)
    words = chance.permutation(_list_words())
    own, common = words[: CLASSES * OWN].reshape(CLASSES, OWN), words[CLASSES * OWN :]
    often = 1 / np.arange(3, len(common) + 3)
    limits = np.cumsum(often) / often.sum()
    made, kept = 0, list[tuple[str, str]]()
    while made < count - copies:
        rows = min(_BLOCK, count - copies - made)
        lengths = chance.integers(SHORTEST, LONGEST + 1, rows)
        classes = chance.integers(0, CLASSES, rows)
        for number, (length, label) in enumerate(zip(lengths.tolist(), classes.tolist(), strict=True)):
            text = common[np.searchsorted(limits, chance.random(length))]
            special = chance.random(length) < SPOKEN
            text[special] = own[label, chance.integers(0, OWN, int(special.sum()))]
            row = " ".join(text), f"kind {label}"
            if len(kept) < copies and number % 7 == 0:
                kept.append(row)
            yield row
        made += rows
    for place in range(copies):
        text, label = kept[place % len(kept)]
        inside = text.split()
        inside[int(chance.integers(len(inside)))] = str(common[int(chance.integers(len(common)))])
        yield " ".join(inside), label


def _list_words() -> np.ndarray:
    """Return words that are one token each, (W,) of str."""
    folder = find_model_folder()
    assert folder is not None, "the extra text is not installed"
    pieces = (folder / "vocab.txt").read_text("utf-8").splitlines()
    return np.array([word for word in pieces if len(word) > 1 and word.isascii() and word.isalpha()], object)
