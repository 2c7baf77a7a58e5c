"""The pages of a run of a classifier."""

from pathlib import Path

from headstart.reporting.card import render_card
from headstart.reporting.page import render_report
from headstart.reporting.records import read_records
from headstart.tasks.optional_facets import RunPages


class ClassReport:
    """The report and the model card, from the records of a run."""

    def render(self, folder: Path) -> RunPages:
        """Return the pages of a run.

        Raises:
            UserError: a file of it is missing or damaged, or it was made without what the report needs.
        """
        records = read_records(folder)
        return RunPages(render_report(records).html, render_card(records))
