"""Charts that any task has beside those of ``catalog``: kinds of samples by the scores of single samples."""

from headstart.diagnostics.score_slices import ScoreSlice, ScoreSlices
from headstart.reporting.charts.spec import (
    MOST_ROWS,
    Axis,
    BarGroup,
    Bars,
    Form,
    Mark,
    NotRecorded,
    begin_upper,
    count_items,
    format_quantity,
    format_value,
    to_floats,
)
from headstart.reporting.task_records import TaskRecords


def score_slices_chart(records: TaskRecords) -> Bars:
    """Return the mean score of each kind of sample, with its interval, beside that of all; of many the worst.

    Raises:
        NotRecorded: no kind has samples enough, or none was looked at.
    """
    found, noun = records.trust.slices, records.noun
    if found is None or not found.slices:
        raise NotRecorded(f"this run has no kinds of {noun.many} with samples enough to be looked at")
    form: Form = "share" if found.share else "number"
    shown = _select_worst(found)
    worse = [f"{one.by} {one.value} ({format_value(one.score, form)})" for one in found.slices if one.worse]
    verdict = f"worse by more than chance: {', '.join(worse)}" if worse else "none is worse by more than chance"
    alt = (
        f"Of {format_quantity(len(found.slices), 'kind')} of {count_items(found.n, noun, 'test')}, which have a mean "
        f"{found.measure} of {format_value(found.score, form)}, {verdict}."
    )
    many = f": the {MOST_ROWS} worst" if len(found.slices) > MOST_ROWS else ""
    low, high = to_floats(one.low for one in shown), to_floats(one.high for one in shown)
    return Bars(
        title=f"{begin_upper(found.measure)} by kind of {noun.one}{many}",
        alt=alt,
        categories=tuple(f"{one.by}: {one.value}" for one in shown),
        value=Axis(f"mean {found.measure} on test, 95\u00a0% interval", form),
        groups=(BarGroup(found.measure, to_floats(one.score for one in shown), low, high),),
        dots=True,
        notes=tuple(count_items(one.n, noun) for one in shown),
        marked=tuple(place for place, one in enumerate(shown) if one.worse),
        marks=(Mark(found.score, f"all {noun.many}"),),
    )


def _select_worst(found: ScoreSlices) -> list[ScoreSlice]:
    """Return the worst slices in the order in which they are recorded."""
    sign = 1 if found.greater else -1
    order = sorted(range(len(found.slices)), key=lambda place: sign * found.slices[place].score)
    return [found.slices[place] for place in sorted(order[:MOST_ROWS])]
