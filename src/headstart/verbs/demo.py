"""``headstart.demo``."""

from pathlib import Path

from headstart import events
from headstart.data.names import preview
from headstart.display.watch import ShowProgress
from headstart.runs.run import Run
from headstart.verbs.fit import fit
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.demonstration import Demonstration, find_demonstration
from headstart_runtime.modalities.modality import MODALITIES, get_modality

FIRST = next(iter(MODALITIES))  #: the kind of data where none is named


def demo(
    folder: str | Path = "demo",
    *,
    modality: str = FIRST,
    listener: events.Listener | None = None,
    progress: ShowProgress = "auto",
) -> Run:
    """Run the whole job on drawn data, written as files.

    Args:
        folder: where the data and the run are written.
        modality: kind of data, such as "text".
        listener: is told of progress.
        progress: as of ``fit``.

    Raises:
        UserError: something else is in that folder, or there is no such kind of data, or no demonstration of it.
    """
    home, shown = Path(folder), find_demonstration(get_modality(modality))
    _refuse_others(home, shown)
    source = shown.write(home / shown.name)
    return fit(source, modality=modality, out=find_run_folder(home), listener=listener, progress=progress)


def _refuse_others(home: Path, shown: Demonstration) -> None:
    """Refuse a folder that holds anything but what the demonstration writes.

    Raises:
        DataError: it does, or it is a file.
    """
    if not home.exists():
        return
    if not home.is_dir():
        raise DataError(f"{str(home)!r} is a file; wanted a folder, for the {Path(shown.name).stem} and the run")
    others = [it.name for it in home.iterdir() if not (it.name == shown.name or it.name.startswith((".", "run")))]
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
