"""Drawn sentences of classes: no two alike, with words that decide among others that any class has."""

import csv
import io
from collections.abc import Iterable, Sequence

import numpy as np

WORDS = {  #: of each class
    "sea": ("wave", "harbour", "tide", "sail", "gull", "anchor", "deck", "lighthouse"),
    "wood": ("oak", "moss", "fern", "owl", "bark", "mushroom", "beetle", "clearing"),
    "town": ("tram", "square", "market", "bridge", "tower", "station", "corner", "window"),
}
GOOD, BAD = ("lovely", "warm", "bright", "clever", "charming"), ("dull", "cold", "broken", "rude", "tiresome")
_STARTS = ("Yesterday we saw", "Nobody had told us of", "She wrote a long letter about", "There is hardly any news of")
_MIDDLES = ("near", "behind", "not far from", "in spite of", "as well as", "somewhere under")
_ENDS = ("before it rained", "until the evening", "with all our friends", "for the second time", "and went home")

Row = tuple[str, str]  #: text and label


def draw_sentences(classes: Sequence[str], each: int = 10, *, seed: int = 0) -> list[Row]:
    """Return so many sentences of each class with its name, in turns; another seed, other sentences.

    Args:
        classes: those of ``WORDS`` have words of their own; any others take words in their order.
        each: sentences of a class.
        seed: of all.
    """
    chance, found = np.random.default_rng(1000 + seed), dict[str, str]()
    kinds = list(WORDS.values())
    while len(found) < each * len(classes):
        place = len(found) % len(classes)
        words = WORDS.get(classes[place], kinds[place % len(kinds)])
        first, second = chance.choice(len(words), 2, replace=False)
        start, middle, end = (str(chance.choice(part)) for part in (_STARTS, _MIDDLES, _ENDS))
        number = int(chance.integers(2, 90))
        found.setdefault(f"{start} the {words[first]} {middle} {number} {words[second]}s {end}.", classes[place])
    return list(found.items())


def rows_to_quoted(rows: Iterable[Sequence[object]], separator: str = ",", quoting: int = csv.QUOTE_MINIMAL) -> str:
    """Return rows as lines of a table, cells in quotes where they have to be."""
    out = io.StringIO()
    csv.writer(out, delimiter=separator, quoting=quoting, lineterminator="\n").writerows(rows)  # type: ignore[arg-type]
    return out.getvalue()
