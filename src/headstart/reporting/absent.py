"""Packages that brought the modality or the task of a run, where they are not installed any more."""

from collections.abc import Mapping
from typing import Any

from headstart_runtime.errors import UserError
from headstart_runtime.modalities.modality import get_modality
from headstart_runtime.tasks.task import Task, get_task


def describe_absent_modality(modality: str, packages: Mapping[str, str]) -> str:
    """Return in a line what a report leaves out because a run's modality cannot be had; "" where it can.

    Args:
        modality: its name.
        packages: as ``run.json`` names those that are not headstart: "modality" -> name and version.
    """
    try:
        get_modality(modality)
    except UserError:
        of = f" of the package {packages['modality']}" if packages.get("modality") else ""
        return (
            f"The modality {modality!r}{of} is not installed or cannot be used: its items are called samples here, "
            "and what the saved graph reads is not described"
        )
    return ""


def get_task_of_run(folder: str, record: Mapping[str, Any]) -> Task:
    """Return the task of a run.

    Args:
        folder: of the run, for an error.
        record: its ``run.json``.

    Raises:
        UserError: the task cannot be had; of a package that is not installed, its name and version are said.
    """
    try:
        return get_task(record["task"])
    except UserError as error:
        package = record.get("packages", {}).get("task")
        of = f" (it was the package {package})" if package else ""
        raise UserError(f"the run {folder!r} cannot be reported: {error}{of}") from None
