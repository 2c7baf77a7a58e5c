"""``headstart report RUN`` and ``headstart report RUN RUN``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from headstart_runtime.stderr import print_to_stderr


def report(
    run: Path,
    other: Path | None = None,
    /,
    *,
    out: Path | None = None,
    open_: Annotated[bool, Parameter(name="--open", negative="")] = False,
) -> int:
    """Make the report of a run anew from its records, or set two runs side by side.

    A report is one HTML file that needs no network: mail it, print it, keep it.

    Examples:
        headstart report runs/beetles --open
        headstart report runs/beetles runs/beetles-trained --out beetles.html

    Args:
        run: A run's folder.
        other: Another run's folder: the page then compares the two.
        out: A new file for the page; RUN/report.html, or FIRST-versus-SECOND.html here, when not given.
        open_: Show the page in the default browser.
    """
    from headstart.reporting.run_records import read_absent_modality
    from headstart.verbs.report import report as make_report

    file = make_report(run, other, out=out)
    if absent := read_absent_modality(run.expanduser()):
        print_to_stderr(f"note: {absent[0].lower()}{absent[1:]}")
    print(file)
    if open_:
        import webbrowser

        webbrowser.open(file.resolve().as_uri())
    return 0
