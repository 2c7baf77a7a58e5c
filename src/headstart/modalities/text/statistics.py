"""The statistics of texts as a facet of their modality: what is stored, sliced by, and looked at for issues."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from headstart.modalities.text.characters import SCRIPTS
from headstart.modalities.text.cues import list_text_cues
from headstart.modalities.text.issues import find_text_issues
from headstart.modalities.text.languages import list_languages
from headstart.modalities.text.text_stats import WORD, TextStats, compute_text_stats, read_text_stats, text_stats_space
from headstart.storage.store import FeatureSpace, Store
from headstart_runtime.arrays import Floats
from headstart_runtime.modalities.facets import Cue, ItemIssue, NamedProperty, NumericProperty, Properties

MIXED = 0.8  #: share of its letters that the script of a text has at least; below that it is of several
REPEATED = 0.2  #: share of phrases from which on a text repeats itself
LOUD = 0.5  #: share of capitals from which on a text shouts
FIRST = 200  #: characters in which its first word is looked for


class TextStatistics:
    """The statistics of texts as a facet of their modality."""

    def space(self, spec: Any) -> FeatureSpace:
        """Return where the statistics of texts are stored, the same for every spec."""
        return text_stats_space()

    def keep(self, value: str, parts: Sequence[Any], spec: Any) -> str:
        """Return the text."""
        return value

    def compute(self, kept: Sequence[str]) -> Mapping[str, Floats]:
        """Return the statistics of B texts, float32 (B, width) for each layer of the space."""
        return compute_text_stats(kept)

    def read(self, store: Store, spec: Any, digests: Sequence[str], items: Sequence[str]) -> TextStats:
        """Read the statistics of texts, in the order of the digests."""
        return read_text_stats(store, digests, items)

    def list_properties(self, properties: Properties, stats: TextStats) -> Sequence[NamedProperty | NumericProperty]:
        """Return length, script, language where it can be told, first word, punctuation, capitals and repetition."""
        texts = [stats.texts[row] for row in range(len(stats))]
        found: list[NamedProperty | NumericProperty] = [
            NumericProperty("length", stats.get("words"), ("short", "middle", "long"), " words"),
            NumericProperty("punctuation", 100 * stats.get("punctuation"), ("little", "middle", "much"), " %"),
            NamedProperty("script", [[name] for name in list_scripts(stats)]),
            NamedProperty("first word", [[name] for name in map(find_first_word, texts)]),
            NamedProperty("digits", _name_presence(stats.get("digits") > 0, "some", "none")),
            NamedProperty("capitals", _name_presence(stats.get("capitals") > LOUD, "mostly", "as usual, or none")),
            NamedProperty("repeated phrases", _name_presence(stats.get("repeated phrases") > REPEATED, "many", "few")),
            NamedProperty("lines", _name_presence(stats.get("lines") > 1, "several", "one")),
        ]
        languages = list_languages(texts)
        if languages is not None:
            found.append(NamedProperty("language", [[name] for name in languages]))
        return found

    def find_issues(
        self, ids: Sequence[str], properties: Properties, stats: TextStats, spec: Any
    ) -> Iterable[ItemIssue]:
        """Yield one record for each kind of issue: empty, very short, very long, mostly symbols, and so on."""
        return find_text_issues(ids, stats)

    def list_cues(self, properties: Properties, stats: TextStats) -> Sequence[Cue]:
        """Return length, punctuation, first words and single words."""
        return list_text_cues(stats)


def list_scripts(stats: TextStats) -> list[str]:
    """Return the script of each text; "several" where none has most of its letters, "none" where it has no letters."""
    numbers, shares = stats.get("script"), stats.get("script share")
    return [
        "none" if number < 0 else SCRIPTS[int(number)] if share >= MIXED else "several"
        for number, share in zip(numbers, shares, strict=True)
    ]


def find_first_word(text: str) -> str:
    """Return the first word of a text as it is compared, in lower case; "none" where there is none."""
    found = WORD.search(text, 0, FIRST)
    return found[0].casefold() if found else "none"


def _name_presence(mask: Any, there: str, absent: str) -> list[list[str]]:
    return [[there if one else absent] for one in np.asarray(mask).tolist()]
