"""``headstart.demo``."""

from pathlib import Path

from headstart import events
from headstart.data.names import preview
from headstart.display.watch import ShowProgress
from headstart.errors import DataError
from headstart.modalities.image.demo import write_digits
from headstart.runs.run import Run
from headstart.verbs.fit import fit


def demo(
    folder: str | Path = "demo", *, listener: events.Listener | None = None, progress: ShowProgress = "auto"
) -> Run:
    """Run the whole job on 1,200 drawn digits, written as files.

    Args:
        folder: where the digits and the run are written.
        listener: is told of progress.
        progress: as of ``fit``.

    Raises:
        UserError: something else is in that folder.
    """
    home = Path(folder)
    _refuse_others(home)
    return fit(write_digits(home / "digits"), out=find_run_folder(home), listener=listener, progress=progress)


def _refuse_others(home: Path) -> None:
    """Refuse a folder that holds anything but what the demonstration writes.

    Raises:
        DataError: it does, or it is a file.
    """
    if not home.exists():
        return
    if not home.is_dir():
        raise DataError(f"{str(home)!r} is a file; wanted a folder, for the digits and the run")
    others = [it.name for it in home.iterdir() if not (it.name == "digits" or it.name.startswith((".", "run")))]
    if others:
        raise DataError(
            f"{str(home)!r} holds {preview(sorted(others))}; the demonstration writes its own folder: name one that is "
            "new or empty"
        )


def find_run_folder(home: Path) -> Path:
    """Return a folder for the next run of the demonstration."""
    number = 1
    while (home / f"run{number}" / "run.json").exists():
        number += 1
    return home / f"run{number}"
