"""The chapters that there are: those of every fit, and those that modalities and tasks bring."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic.fields import FieldInfo

from headstart.settings.chapter import Chapter
from headstart.settings.chapters import CompareSettings, DataSettings, HeadSettings, RunSettings, TrustSettings
from headstart.settings.training import TrainSettings
from headstart_runtime.modalities import modality
from headstart_runtime.plugins import Registry, cache_until_forgotten, list_plugin_names
from headstart_runtime.protocol_checks import describe_fault
from headstart_runtime.tasks import task

#: Settings that choose from a registry -> the group of entry points by which other packages add to it.
REGISTRIES = {"head": "headstart.heads", "strategy": "headstart.strategies"}
COMMON: tuple[type[Chapter], ...] = (RunSettings, DataSettings, HeadSettings, TrainSettings)  #: chapters of every fit
LATER: tuple[type[Chapter], ...] = (CompareSettings, TrustSettings)  #: those of every fit that are read last


#: Registries whose members may bring a chapter of their own.
OWNERS: tuple[Registry[Any], ...] = (modality.REGISTRY, task.REGISTRY)


@cache_until_forgotten
def list_chapters() -> Mapping[str, type[Chapter]]:
    """Return the chapters by name, in the order in which people read them.

    A modality or task of another package whose chapter cannot be used is left out.
    """
    chapters: list[type[Chapter]] = [*COMMON, *LATER]
    for registry in OWNERS:
        for name, owner in registry.all().items():
            kind, fault = _read_chapter(owner, chapters)
            if fault:
                registry.reject(name, fault)
            elif kind is not None and kind not in chapters:  # two tasks may share a chapter
                chapters.insert(-len(LATER), kind)
        registry.all()  # says what was rejected
    return {chapter.chapter_name: chapter for chapter in chapters}


def _read_chapter(owner: Any, chapters: Sequence[type[Chapter]]) -> tuple[type[Chapter] | None, str]:
    """Return the chapter that a modality or task brings, None for none, and why it cannot be used."""
    try:
        kind = owner.settings
        if kind is None or kind in chapters:
            return kind, ""
        if not (isinstance(kind, type) and issubclass(kind, Chapter)):
            return None, f"its settings are {kind!r}; wanted a subclass of headstart.settings.Chapter, or None"
        own = (kind.chapter_name, *kind.model_fields)
        kind()
        kind.chapter_title.strip()
    except Exception as error:  # noqa: BLE001  another package's code
        return None, f"its settings raise {type(error).__name__}: {describe_fault(error)}"
    taken = {name for chapter in chapters for name in (chapter.chapter_name, *chapter.model_fields)}
    if clashes := sorted(taken.intersection(own)):
        return None, f"it brings a setting {clashes[0]!r}, a name that is taken"
    return kind, ""


def list_foreign_chapters(modality_name: str, task_name: str) -> dict[str, str]:
    """Return the chapters of other modalities and tasks, each with its owner in words.

    Args:
        modality_name: of the own modality; "" for none, then no chapter of a modality is foreign.
        task_name: the same of a task.
    """
    kinds, questions, known = modality.REGISTRY.all(), task.REGISTRY.all(), list_chapters()
    owners: list[tuple[str, type[Chapter] | None]] = []
    if modality_name:
        owners += [(f"{kinds[name].noun.many} (--modality {name})", kinds[name].settings) for name in kinds]
    if task_name:
        owners += [(f"{questions[name].title} (--task {name})", questions[name].settings) for name in questions]
    own = [kinds[modality_name].settings] if modality_name in kinds else []
    own += [questions[task_name].settings] if task_name in questions else []
    foreign = [(words, kind) for words, kind in owners if kind is not None and kind not in own]
    return {kind.chapter_name: words for words, kind in foreign if known.get(kind.chapter_name) is kind}


def list_modality_chapters() -> tuple[type[Chapter], ...]:
    """Return the chapters that modalities bring: how views of their items are changed, and such."""
    known = list_chapters()
    brought = {one.settings for one in modality.REGISTRY.all().values() if one.settings is not None}
    return tuple(kind for kind in known.values() if kind in brought)


def list_allowed_values(name: str, field: FieldInfo) -> list[str]:
    """Return the values of a setting that has some to choose from, those that other packages register among them."""
    brought = list_plugin_names(REGISTRIES[name]) if name in REGISTRIES else []
    return list(dict.fromkeys([*get_args(field.annotation), *brought]))


def list_spellings() -> dict[str, str]:
    """Return each setting's other spelling with its name."""
    return {other: name for kind in list_chapters().values() for other, name in kind.chapter_spellings.items()}
