"""The chapters that there are: those of every fit, and those that modalities and tasks bring."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import get_args

from pydantic.fields import FieldInfo

from headstart.errors import PluginError
from headstart.modalities.modality import Modality, all_modalities
from headstart.plugins import list_plugin_names
from headstart.settings.chapters import (
    Chapter,
    CompareSettings,
    DataSettings,
    HeadSettings,
    RunSettings,
    TrainSettings,
    TrustSettings,
)
from headstart.tasks.task import Task, all_tasks

#: Settings that choose from a registry -> the group of entry points by which other packages add to it.
REGISTRIES = {"head": "headstart.heads", "strategy": "headstart.strategies"}
COMMON: tuple[type[Chapter], ...] = (RunSettings, DataSettings, HeadSettings, TrainSettings)  #: chapters of every fit
LATER: tuple[type[Chapter], ...] = (CompareSettings, TrustSettings)  #: those of every fit that are read last


@cache
def list_chapters() -> Mapping[str, type[Chapter]]:
    """Return the chapters by name, in the order in which people read them.

    Raises:
        PluginError: a package brings a chapter or a setting whose name is taken.
    """
    chapters: list[type[Chapter]] = [*COMMON, *LATER]
    owners: Iterable[Modality | Task] = (*all_modalities(), *all_tasks())
    for owner in owners:
        if (kind := owner.settings) is not None and kind not in chapters:  # two tasks may share a chapter
            taken = {name for chapter in chapters for name in (chapter.chapter_name, *chapter.model_fields)}
            if clashes := sorted(taken & {kind.chapter_name, *kind.model_fields}):
                raise PluginError(
                    f"{owner.name} brings a setting {clashes[0]!r}, a name that is taken; update or remove its package"
                )
            chapters.insert(-len(LATER), kind)
    return {chapter.chapter_name: chapter for chapter in chapters}


def list_modality_chapters() -> tuple[type[Chapter], ...]:
    """Return the chapters that modalities bring: how views of their items are changed, and such."""
    brought = {modality.settings for modality in all_modalities() if modality.settings is not None}
    return tuple(kind for kind in list_chapters().values() if kind in brought)


def list_allowed_values(name: str, field: FieldInfo) -> list[str]:
    """Return the values of a setting that has some to choose from, those that other packages register among them."""
    brought = list_plugin_names(REGISTRIES[name]) if name in REGISTRIES else []
    return list(dict.fromkeys([*get_args(field.annotation), *brought]))


def list_spellings() -> dict[str, str]:
    """Return each setting's other spelling with its name."""
    return {other: name for kind in list_chapters().values() for other, name in kind.chapter_spellings.items()}
