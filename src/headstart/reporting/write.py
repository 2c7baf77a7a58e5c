"""Reports as files."""

from pathlib import Path

from headstart.errors import SettingError
from headstart.reporting.card import render_card
from headstart.reporting.compare_runs import render_comparison
from headstart.reporting.page import render_report
from headstart.reporting.records import read_records
from headstart.storage.atomic import replace_text
from headstart.storage.run_layout import CARD, RECORD, REPORT


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
    records = read_records(folder)
    html = render_report(records).html
    if file is None:
        file, card = records.folder / REPORT, records.folder / CARD
        if not card.exists():
            replace_text(card, render_card(records))
    replace_text(file, html)
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
    folder = Path(second).expanduser()
    names = [Path(run).expanduser().resolve().name for run in (first, second)]
    file = _check_new_file(out or Path(f"{names[0]}-versus-{names[1]}.html"))
    replace_text(file, render_comparison(read_records(first), read_records(folder)).html)
    return file


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
