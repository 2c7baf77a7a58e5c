"""Reports as files."""

from pathlib import Path

from headstart.reporting.run_records import read_task, refuse_unlike_runs
from headstart.reporting.task_pages import TaskPages
from headstart.storage.atomic import replace_text
from headstart.storage.run_layout import CARD, RECORD, REPORT
from headstart.tasks.optional_facets import TaskReport
from headstart_runtime.errors import SettingError


def write_report(folder: str | Path, out: Path | None = None) -> Path:
    """Make the report of a run from its records alone, and return its file.

    Args:
        folder: of the run. Its ``report.html`` is replaced; a ``model-card.md`` that is there is kept, for a person may
            have written into it.
        out: a new file to write the report to instead; the run's folder stays as it is.

    Raises:
        UserError: no run, or one whose records lack what the report needs.
        SettingError: ``out`` is there already.
    """
    file = _check_new_file(out) if out is not None else None
    folder = Path(folder).expanduser()
    pages = get_report(folder).render(folder)
    if file is None:
        file, card = folder / REPORT, folder / CARD
        if pages.card is not None and not card.exists():
            replace_text(card, pages.card)
    replace_text(file, pages.report)
    return file


def write_comparison(first: str | Path, second: str | Path, out: Path | None = None) -> Path:
    """Set two runs side by side in one page, and return its file.

    Args:
        first: a run's folder.
        second: another's.
        out: a new file; by default ``FIRST-versus-SECOND.html`` in the current folder.

    Raises:
        UserError: no run, or one whose records lack what the page needs.
        SettingError: the file is there already.
    """
    folders = Path(first).expanduser(), Path(second).expanduser()
    names = [folder.resolve().name for folder in folders]
    file = _check_new_file(out or Path(f"{names[0]}-versus-{names[1]}.html"))
    refuse_unlike_runs(*folders)
    replace_text(file, get_report(folders[0]).compare(*folders))
    return file


def get_report(folder: Path) -> TaskReport:
    """Return what makes the pages of a run: what its task brings, or the pages that any task has.

    Raises:
        UserError: the folder is no run, or its task cannot be had.
    """
    return read_task(folder).report or TaskPages()


def _check_new_file(file: Path) -> Path:
    """Return a file that may be written.

    Raises:
        SettingError: something is there that is not a run's own report, or its folder is none.
    """
    file = file.expanduser()
    own = file.name == REPORT and (file.parent / RECORD).is_file()
    if file.exists() and not (own and file.is_file()):
        raise SettingError(f"out {str(file)!r} is there already and is not overwritten; name another, or remove it")
    stop = next((above for above in file.absolute().parents if above.exists()), None)
    if stop is not None and not stop.is_dir():
        raise SettingError(f"out {str(file)!r} cannot be made: {str(stop)!r} is a file; name another")
    return file
