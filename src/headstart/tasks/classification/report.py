"""The pages of a run of a classifier."""

from pathlib import Path

from headstart.reporting.card import render_card
from headstart.reporting.compare_runs import render_comparison
from headstart.reporting.page import render_report
from headstart.reporting.plots import Plots
from headstart.reporting.records import read_records
from headstart.tasks.optional_facets import RunPages


class ClassReport:
    """The report, the model card and the figures, from the records of a run."""

    def render(self, folder: Path) -> RunPages:
        """Return the pages of a run.

        Raises:
            UserError: a file of it is missing or damaged, or it was made without what the report needs.
        """
        records = read_records(folder)
        return RunPages(render_report(records).html, render_card(records))

    def compare(self, first: Path, second: Path) -> str:
        """Return the page of two runs.

        Raises:
            UserError: a file of a run is missing or damaged.
        """
        return render_comparison(read_records(first), read_records(second)).html

    def plot(self, folder: Path) -> Plots:
        """Return the figures of a run.

        Raises:
            UserError: a file of it is missing or damaged.
        """
        return Plots(folder)
