"""The commands that come next, as a shell takes them: to correct labels, to compare ways to transfer."""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headstart.data.readers.arrays.arrays import IN_MEMORY
from headstart.settings import DataSettings, FitSettings

SHARED = ("backbone", "seed", "precision", "engine", "workers", "store", *DataSettings.model_fields)
#: settings that ``check --labels`` and ``fit`` both take


@dataclass(frozen=True, slots=True)
class RelabelCommands:
    """Hold a run's labels to a network, then fit with the table that was edited."""

    check: str
    fit: str


def suggest_relabelling(source: str, run: Path, settings: Mapping[str, Any]) -> RelabelCommands | None:
    """Return the commands that go on from a run: its split and its corrected labels stay.

    Args:
        source: its samples, as they were given; for arrays there is no command, and None is returned.
        run: its folder. The table is called after it, so that each run's has a name of its own.
        settings: of the run, as its record has them.
    """
    if source == IN_MEMORY:
        return None
    table = f"{run.resolve().name}-fixes.csv"
    more = ["--split-from", str(run), *format_shared_options(settings)]
    return RelabelCommands(
        shlex.join(["headstart", "check", source, "--labels", table, *more]),
        shlex.join(["headstart", "fit", source, "--relabel", table, *more]),
    )


def suggest_fit(source: str, table: Path, settings: Mapping[str, Any]) -> str:
    """Return the command that fits with an edited table; empty for arrays.

    Args:
        source: the samples, as they were given.
        table: the edited one.
        settings: with which their labels were held; ``split_from`` among them is kept.
    """
    if source == IN_MEMORY:
        return ""
    kept = ["--split-from", str(settings["split_from"])] if settings.get("split_from") else []
    return shlex.join(["headstart", "fit", source, "--relabel", str(table), *kept, *format_shared_options(settings)])


def suggest_comparing(source: str, settings: Mapping[str, Any]) -> str:
    """Return the command that tries to train parts of the network on a run's samples; empty for arrays."""
    if source == IN_MEMORY:
        return ""
    return shlex.join(["headstart", "compare", source, "--budget", "10m", *format_shared_options(settings)])


def format_shared_options(settings: Mapping[str, Any]) -> list[str]:
    """Return the flags of those settings that both commands take and that are not as they are by default."""
    return [word for name in SHARED if name in settings for word in _flag(name, settings[name])]


def _flag(name: str, value: Any) -> Iterator[str]:
    default = FitSettings.model_fields[name].get_default(call_default_factory=True)
    if value is None or value == default or str(value) == str(default):
        return
    flag = name.replace("_", "-")
    if isinstance(value, bool):
        yield f"--{flag}" if value else f"--no-{flag}"
    else:
        yield from (f"--{flag}", str(value))
