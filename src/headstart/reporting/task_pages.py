"""The pages and figures of a task, from what it describes of a run: its contents, and makers of its charts by name."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from headstart.reporting.charts.catalog import ChartMaker
from headstart.reporting.charts.task_charts import score_slices_chart
from headstart.reporting.contents import TaskContents
from headstart.reporting.plots import RunPlots, draw_figure
from headstart.reporting.task_card import render_task_card
from headstart.reporting.task_comparison import render_task_comparison
from headstart.reporting.task_page import describe_any, render_task_report
from headstart.reporting.task_records import TaskRecords, read_any_records
from headstart.tasks.optional_facets import RunPages
from headstart_runtime.errors import nearest

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Describe: TypeAlias = Callable[[TaskRecords], TaskContents]


class TaskPlots(RunPlots):
    """Figures of a run of any task; ``dir`` lists those of the task's own, which are methods without arguments too."""

    def __init__(self, records: TaskRecords, makers: Mapping[str, ChartMaker[TaskRecords]]) -> None:
        """Take the records of a run, and makers of charts by the names of the figures."""
        super().__init__(records)
        self._records, self._makers = records, makers

    def slices(self) -> "Figure":
        """Draw the mean score by kind of sample."""
        return draw_figure(score_slices_chart(self._records))

    def __getattr__(self, name: str) -> "Callable[[], Figure]":
        """Return what draws a figure of the task's own.

        Raises:
            AttributeError: there is none of that name; the message names one that is like it.
        """
        makers: Mapping[str, ChartMaker[TaskRecords]] = self.__dict__.get("_makers", {})
        if name not in makers:
            raise AttributeError(f"no figure {name!r}; {nearest(name, [one for one in dir(self) if one[0] != '_'])}")
        return lambda: self._draw(makers[name])

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.__dict__.get("_makers", {})})

    def _draw(self, maker: ChartMaker[TaskRecords]) -> "Figure":
        made = maker(self._records)
        return draw_figure(*(made if isinstance(made, tuple) else (made,)))


class TaskPages:
    """The pages of a task: a ``TaskReport``. Without arguments they are those of a task that describes nothing."""

    def __init__(
        self, describe: Describe = describe_any, makers: Mapping[str, ChartMaker[TaskRecords]] | None = None
    ) -> None:
        """Take what describes a run, and makers of charts for ``run.plot`` by the names of the figures."""
        self._describe, self._makers = describe, makers or {}

    def render(self, folder: Path) -> RunPages:
        """Return the report and the model card of a run.

        Raises:
            UserError: a file of it is missing or damaged, or it was made without what the report needs.
        """
        records = read_any_records(folder)
        contents = self._describe(records)
        return RunPages(render_task_report(records, contents).html, render_task_card(records, contents))

    def compare(self, first: Path, second: Path) -> str:
        """Return the page of two runs.

        Raises:
            UserError: a file of a run is missing or damaged.
        """
        a, b = read_any_records(first), read_any_records(second)
        return render_task_comparison(a, b, (self._describe(a), self._describe(b))).html

    def plot(self, folder: Path) -> TaskPlots:
        """Return the figures of a run.

        Raises:
            UserError: a file of it is missing or damaged.
        """
        return TaskPlots(read_any_records(folder), self._makers)
