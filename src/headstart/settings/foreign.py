"""Settings that were given and that nothing would look at, for they belong to another modality or task."""

from collections.abc import Iterable

from headstart.settings.fit_settings import FitSettings
from headstart.settings.registry import list_chapters, list_foreign_chapters
from headstart_runtime.errors import SettingError
from headstart_runtime.modalities.modality import get_modality
from headstart_runtime.tasks.task import get_task


def refuse_foreign_settings(settings: FitSettings, modality: str, task: str) -> None:
    """Refuse settings of another modality or task, given by flag, keyword or file. Defaults are not given.

    Args:
        settings: as loaded.
        modality: the name of that of the data.
        task: the name of theirs.

    Raises:
        SettingError: there are some; it names them and what they belong to.
    """
    for chapter, owner in list_foreign_chapters(modality, task).items():
        if given := _list_given(settings, list_chapters()[chapter].model_fields):
            seen = f"{get_modality(modality).noun.many}, {get_task(task).title}"
            raise SettingError(f"{given} of {owner}, and here are {seen}; leave {_describe_them(given)} out")


def _list_given(settings: FitSettings, names: Iterable[str]) -> str:
    """Return which of some settings are given, as the beginning of a sentence; "" for none."""
    flags = [f"--{name.replace('_', '-')}" for name in names if name in settings.model_fields_set]
    return f"{' and '.join(flags)} {'is a setting' if len(flags) == 1 else 'are settings'}" if flags else ""


def _describe_them(given: str) -> str:
    return "it" if given.endswith("is a setting") else "them"
