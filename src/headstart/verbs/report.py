"""``headstart.report``."""

import os
from pathlib import Path

from headstart.reporting.write import write_comparison, write_report


def report(
    run: str | os.PathLike[str], other: str | os.PathLike[str] | None = None, *, out: str | Path | None = None
) -> Path:
    """Make the report of a run anew from its records, or set two runs side by side; return the page's file.

    Args:
        run: a run or its folder.
        other: another one: the page then compares the two.
        out: a new file for the page; RUN/report.html, or FIRST-versus-SECOND.html here, when not given.

    Raises:
        UserError: no run, or one whose records lack what the page needs; or a file that is there already.
    """
    file = None if out is None else Path(out)
    return write_report(Path(run), file) if other is None else write_comparison(Path(run), Path(other), file)
