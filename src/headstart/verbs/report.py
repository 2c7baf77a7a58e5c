"""``headstart.report``."""

import os
from pathlib import Path

from headstart.reporting.write import write_comparison, write_report
from headstart_runtime.errors import UserError

#: What a page raises where values are of the right types and contradict each other.
_CONTRADICTIONS = (ArithmeticError, AttributeError, LookupError, RuntimeError, StopIteration, TypeError, ValueError)


def report(
    run: str | os.PathLike[str], other: str | os.PathLike[str] | None = None, *, out: str | Path | None = None
) -> Path:
    """Make the report of a run anew from its records, or set two runs side by side; return the page's file.

    Args:
        run: a run or its folder.
        other: another one: the page then compares the two.
        out: a new file for the page; RUN/report.html, or FIRST-versus-SECOND.html here, when not given.

    Raises:
        UserError: no run, or one whose records lack what the page needs, or do not fit together; or a file that is
            there already.
    """
    file = None if out is None else Path(out)
    try:
        return write_report(Path(run), file) if other is None else write_comparison(Path(run), Path(other), file)
    except _CONTRADICTIONS as error:
        shown = " and ".join(repr(os.fspath(one)) for one in (run, other) if one is not None)
        raise UserError(
            f"{shown} cannot be shown: what the files of the run say does not fit together ({type(error).__name__}: "
            f"{error}); restore the folder or fit again"
        ) from error
