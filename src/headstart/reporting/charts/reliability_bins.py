"""Bins of answers as dots: the share of what was said that came true, over how likely it was said to be."""

from collections.abc import Sequence

from headstart.evaluation.reliability import Bin, fill_bins
from headstart.reporting.charts.spec import Axis, Lines, Series, format_quantity, to_floats
from headstart_runtime.arrays import Bools, Doubles, Ints

BINS, LEAST_IN_BIN = 15, 10  #: of a reliability diagram, and rows in each
SURE_AS_RIGHT = Series("as sure as right", (0.0, 1.0), (0.0, 1.0), style="reference")


def bin_answers(probabilities: Doubles, came: Bools, groups: Ints) -> tuple[Bin, ...]:
    """Return bins of probabilities (M,) and of how often what they say came true, of rising probability."""
    return fill_bins(probabilities, came, groups, max(1, min(BINS, len(came) // LEAST_IN_BIN)))


def plot_bins(name: str, bins: Sequence[Bin], notes: Sequence[str]) -> Series:
    """Return bins as dots with their intervals, and a note for each."""
    return Series(
        name,
        to_floats(one.confidence for one in bins),
        to_floats(one.accuracy for one in bins),
        to_floats(one.low for one in bins),
        to_floats(one.high for one in bins),
        style="dots",
        notes=tuple(notes),
    )


def binned_reliability_chart(
    title: str, alt: str, said: str, came: str, after: Sequence[Bin], before: Sequence[Bin], noun: str
) -> Lines:
    """Return the bins after and before calibration, beside the line of probabilities that mean what they say.

    Args:
        title: of the chart.
        alt: what it shows, in a sentence.
        said: what the probabilities are of.
        came: what the shares are of.
        after: bins of calibrated probabilities.
        before: bins of uncalibrated ones.
        noun: for what is counted in a bin.
    """
    series = (
        plot_bins(name, bins, [format_quantity(one.n, noun) for one in bins])
        for name, bins in (("calibrated", after), ("uncalibrated", before))
    )
    return Lines(
        title=title,
        alt=alt,
        x=Axis(f"stated probability {said}", "share", low=0, high=1),
        y=Axis(f"share of them that are{came}, 95\u00a0% interval", "share", low=0, high=1),
        series=(*series, SURE_AS_RIGHT),
        square=True,
    )
