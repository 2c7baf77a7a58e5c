"""Issues of single texts: empty, very short, very long, mostly symbols, wrongly decoded, with markup, stuttering.

As of other data, a text has an issue where it lies beyond a limit that holds for any texts and also far from the others
of its set: of messages of two words none is short, of posts full of tags none stands out. Nothing is done about it.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from headstart.modalities.text.text_stats import TextStats
from headstart_runtime.arrays import Bools, Doubles
from headstart_runtime.modalities.facets import ItemIssue

FAR = 3.0  #: quartile distances beyond the quartiles: Tukey's outer fences (Exploratory Data Analysis, 1977)
SHORT, LONG = 3, 100  #: words below which a text may be very short, above which it may be very long
LETTERS = 0.5  #: share of letters below which a text is mostly something else
RUN, LETTER_RUN = 12, 5  #: times that one character, or one letter, stands in a row
REPEATED, LEAST_PHRASED = 0.5, 12  #: share of phrases that were there before; words of a text of which it is asked
COMMON = 0.5  #: share of texts from which on what they have is no issue of one


def find_text_issues(ids: Sequence[str], stats: TextStats) -> Iterator[ItemIssue]:
    """Yield one record for each kind of issue, those that no text has included; none for no texts.

    Args:
        ids: of N texts.
        stats: of the texts, in their order.
    """
    if not len(ids):
        return
    words, letters = stats.get("words"), stats.get("letters")
    empty = (words == 0) & (letters == 0)
    short, short_limit = _find_short(words)
    long, long_limit = _find_long(words)
    odd, odd_limit = _find_odd(letters)
    markup, mojibake = stats.get("markup"), stats.get("mojibake")
    run, letter_run = stats.get("longest run"), stats.get("longest letter run")
    stutter = (run >= RUN) | (letter_run >= LETTER_RUN)
    repeated = stats.get("repeated phrases")
    yield _order("empty", "no letter and no digit", ids, empty, -stats.get("characters"))
    yield _order("very short", short_limit, ids, short & ~empty, -words)
    yield _order("very long", long_limit, ids, long, words)
    yield _order("mostly symbols", odd_limit, ids, odd & ~empty & ~short, -letters)
    yield _order("wrongly decoded", "signs such as “Ã©” for “é”, or “\ufffd”", ids, mojibake > 0, mojibake)
    tagged = (markup > 0) & (np.mean(markup > 0) < COMMON)
    yield _order("markup", "tags or entities of HTML", ids, tagged, markup)
    limit = f"one letter {LETTER_RUN} times in a row, or another character {RUN} times"
    yield _order("repeated characters", limit, ids, stutter & (np.mean(stutter) < COMMON), np.maximum(run, letter_run))
    again = (repeated >= REPEATED) & (words >= LEAST_PHRASED)
    yield _order("repeats itself", f"{REPEATED:.0%} of its phrases were there before", ids, again, repeated)


def _order(kind: str, limit: str, ids: Sequence[str], mask: Bools, badness: Doubles) -> ItemIssue:
    rows = np.flatnonzero(mask)
    return ItemIssue(kind, limit, tuple(ids[row] for row in rows[np.argsort(-badness[rows], kind="stable")]))


def _find_short(words: Doubles) -> tuple[Bools, str]:
    """Return which texts are very short, and the limit: a quarter of what half of the set has."""
    median = float(np.median(words))
    end = min(SHORT, median / 4)
    return (
        words < end,
        f"fewer than {max(1, int(np.ceil(end)))} words, where half of the texts have {median:.0f} or more",
    )


def _find_long(words: Doubles) -> tuple[Bools, str]:
    """Return which texts are very long, in doublings of their words, and the limit."""
    doublings = np.log2(1 + words)
    low, high = np.quantile(doublings, (0.25, 0.75))
    end = max(LONG, float(2 ** (high + FAR * max(high - low, 0.5)) - 1))
    return words > end, f"more than {end:.0f} words, where half of the texts have {np.median(words):.0f} or fewer"


def _find_odd(letters: Doubles) -> tuple[Bools, str]:
    """Return which texts are mostly no letters, and the limit, a share of the characters."""
    low, high = np.quantile(letters, (0.25, 0.75))
    end = min(LETTERS, float(low - FAR * (high - low)))
    return (
        letters < end,
        f"fewer than {max(end, 0):.0%} letters, where half of the texts have {np.median(letters):.0%} or more",
    )
