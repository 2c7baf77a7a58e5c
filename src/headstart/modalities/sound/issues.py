"""Issues of single clips: silent, clipped, very short, very long, of another rate, noisy, mostly silence.

As of other data, a clip has an issue where it lies beyond a limit that holds for any clips and also far from the others
of its set. Nothing is done about it.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from headstart.modalities.sound.sound_stats import SoundStats
from headstart_runtime.arrays import Bools, Doubles
from headstart_runtime.modalities.facets import ItemIssue, Properties

SILENT = -60.0  #: decibels that the peak of a silent clip is below
CLIPPED = 0.001  #: share of samples at full scale from which on a clip is clipped
SHORT, LONG = 0.1, 4.0  #: seconds below which a clip may be very short; times as long as most, from which very long
FAR = 3.0  #: quartile distances beyond the quartiles: Tukey's outer fences (Exploratory Data Analysis, 1977)
NOISY = 10.0  #: decibels by which the loud frames are above the quiet ones in a clip that may be noisy
EMPTY = 0.8  #: share of frames that are not heard from which on a clip is mostly silence
USUAL = 0.8  #: share of the clips that have a rate from which on the others stand out
OFFSET = 0.05  #: mean of the samples from which on they are off the middle


def find_sound_issues(ids: Sequence[str], properties: Properties, stats: SoundStats) -> Iterator[ItemIssue]:
    """Yield one record for each kind of issue, those that no clip has included; none for no clips.

    Args:
        ids: of N clips.
        properties: of the clips: rate, and clipped, the share of samples at full scale.
        stats: of the clips, in the same order.
    """
    if not len(ids):
        return
    peak, seconds = stats.get("peak"), stats.get("seconds")
    silent = peak < SILENT
    clipped = np.array([float(each.get("clipped", 0)) for each in properties])
    other, rate_limit = _find_other_rates(properties)
    clear = stats.get("foreground") - stats.get("background")
    noisy, noise_limit = _find_noisy(clear)
    empty = (stats.get("silence") >= EMPTY) & _is_far_above(stats.get("silence"))
    offset = np.abs(stats.get("offset"))
    median = float(np.median(seconds))
    short_end, long_end = min(SHORT, median / 4), LONG * median
    length = f"where half of the clips have {median:.2g} seconds or"
    yield _order("silent", f"nothing louder than {SILENT:.0f} decibels", ids, silent, -peak)
    yield _order("clipped", f"{CLIPPED:.1%} of its samples at full scale", ids, clipped >= CLIPPED, clipped)
    yield _order("very short", f"below {short_end:.2g} seconds, {length} more", ids, seconds < short_end, -seconds)
    yield _order("very long", f"over {long_end:.2g} seconds, {length} fewer", ids, seconds > long_end, seconds)
    yield _order("another rate", rate_limit, ids, other, np.ones(len(ids)))
    yield _order("noisy", noise_limit, ids, noisy & ~silent, -clear)
    yield _order("mostly silence", f"{EMPTY:.0%} of it is not heard", ids, empty & ~silent, stats.get("silence"))
    yield _order("off the middle", f"its samples are {OFFSET} off on average", ids, offset > OFFSET, offset)


def _order(kind: str, limit: str, ids: Sequence[str], mask: Bools, badness: Doubles) -> ItemIssue:
    rows = np.flatnonzero(mask)
    return ItemIssue(kind, limit, tuple(ids[row] for row in rows[np.argsort(-badness[rows], kind="stable")]))


def _find_other_rates(properties: Properties) -> tuple[Bools, str]:
    """Return which clips have another rate than most, and which that is; none where there is no usual one."""
    rates = [int(each["rate"]) for each in properties]
    usual, count = Counter(rates).most_common(1)[0]
    limit = f"not {usual} Hz, as {count / len(rates):.0%} of the clips have"
    return np.array([rate != usual for rate in rates]) & (count >= USUAL * len(rates)), limit


def _find_noisy(clear: Doubles) -> tuple[Bools, str]:
    """Return which clips are noisy, and the limit: decibels by which the loud frames are above the quiet ones."""
    low, high = np.quantile(clear, (0.25, 0.75))
    end = min(NOISY, float(low - FAR / 2 * (high - low)))
    text = f"loud parts less than {max(end, 0):.0f} decibels above quiet ones, where half of the clips have"
    return clear < end, f"{text} {np.median(clear):.0f} or more"


def _is_far_above(values: Doubles) -> Bools:
    low, high = np.quantile(values, (0.25, 0.75))
    return np.asarray(values > high + FAR / 2 * (high - low))
