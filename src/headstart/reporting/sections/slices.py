"""The section on kinds of samples (slices)."""

from dataclasses import dataclass

from headstart.diagnostics.slices import Slice, Slices
from headstart.reporting.charts import catalog as charts
from headstart.reporting.charts.inline import InlineChart, draw_charts
from headstart.reporting.records import Records


@dataclass(frozen=True)
class SlicesSection:
    """The contents of the section."""

    found: Slices
    worst: Slice | None
    worst_index: int  #: of ``worst`` in ``found.slices``; -1 where there is none
    charts: tuple[InlineChart, ...]


def build_slices_section(records: Records) -> SlicesSection:
    """Return the accuracy on kinds of test samples."""
    found = records.trust.slices
    worst = found.worst
    return SlicesSection(
        found=found,
        worst=worst,
        worst_index=-1 if worst is None else found.slices.index(worst),
        charts=draw_charts(charts.slices_chart, records),
    )
