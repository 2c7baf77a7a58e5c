"""All settings of a fit: read from keywords and a file, seen flat or by chapter, and written again."""

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from pydantic import Field, ValidationError

from headstart.settings.chapter import Chapter
from headstart.settings.chapters import CompareSettings, DataSettings, HeadSettings, RunSettings, TrustSettings
from headstart.settings.keywords import flatten, read_toml
from headstart.settings.registry import OWNERS, REGISTRIES, list_allowed_values, list_chapters, list_foreign_chapters
from headstart.settings.training import TrainSettings
from headstart.settings.values import describe_validation_error, parse_duration, parse_size
from headstart_runtime.errors import SettingError
from headstart_runtime.plugins import cache_until_forgotten

AnyChapter = TypeVar("AnyChapter", bound=Chapter)


class FitSettings(TrustSettings, CompareSettings, TrainSettings, HeadSettings, DataSettings, RunSettings):
    """All settings of ``fit``: flat as ``settings.rate``, by chapter as ``settings.train.rate``.

    An instance has the settings of all chapters, those of modalities and tasks too, as has ``complete_class()``.
    """

    def __new__(cls, **values: Any) -> Self:
        """Return an instance with all chapters."""
        kind: Any = complete_class() if cls is FitSettings else cls
        made: Self = super().__new__(kind)
        return made

    @classmethod
    def load(cls, config: Path | None = None, **options: Any) -> Self:
        """Return the settings of a TOML file and of keyword arguments, which win.

        Args:
            config: a file of settings, flat or in tables named after the chapters.
            **options: settings by name; or chapters by name, each a mapping or an instance of the chapter.

        Raises:
            SettingError: an unknown name, a setting given twice, a value out of range, a file that cannot be read.
                Values that are wrong are named all at once.
        """
        merged = {**(_read_settings_file(config) if config else {}), **flatten(options)}
        try:
            settings = cls(**merged)
        except ValidationError as error:
            raise SettingError(describe_validation_error(error)) from None
        if settings.c_low > settings.c_high:
            raise SettingError(f"c_low {settings.c_low:g} is above c_high {settings.c_high:g}; swap them")
        if settings.test_share + settings.validation_share >= 0.95:
            raise SettingError(
                f"test_share {settings.test_share:g} and validation_share {settings.validation_share:g} leave "
                "less than 5 % to train on; make them smaller"
            )
        if settings.engine == "onnxruntime":
            raise SettingError(
                "engine 'onnxruntime' answers with saved classifiers; a backbone is run by openvino or pytorch; "
                "choose one of them, or auto"
            )
        parse_duration(settings.budget)
        parse_size(settings.cache_budget)
        return settings

    @property
    def run(self) -> RunSettings:
        """Return the chapter of what is learnt, on what, and where it goes."""
        return self.get_chapter(RunSettings)

    @property
    def data(self) -> DataSettings:
        """Return the chapter of how samples and labels are read."""
        return self.get_chapter(DataSettings)

    @property
    def heads(self) -> HeadSettings:
        """Return the chapter of how heads are fitted."""
        return self.get_chapter(HeadSettings)

    @property
    def train(self) -> TrainSettings:
        """Return the chapter of how networks are trained."""
        return self.get_chapter(TrainSettings)

    @property
    def compare(self) -> CompareSettings:
        """Return the chapter of what is compared."""
        return self.get_chapter(CompareSettings)

    @property
    def trust(self) -> TrustSettings:
        """Return the chapter of what makes a result one that can be trusted."""
        return self.get_chapter(TrustSettings)

    @property
    def prefers_accuracy(self) -> bool:
        """Return whether the arm with the lowest loss wins, not the cheapest that cannot be told from the best."""
        return self.prefer == "accuracy" or (self.prefer == "auto" and self.budget is not None)

    @property
    def is_open(self) -> bool:
        """Return whether the time of a budget may go into whatever is most accurate: no arm or strategy is named."""
        return self.budget is not None and self.prefers_accuracy and self.is_auto

    @property
    def is_auto(self) -> bool:
        """Return whether no arm or strategy is named."""
        return not self.arms and self.strategy == "auto"

    def get_chapter(self, kind: type[AnyChapter]) -> AnyChapter:
        """Return the settings of a chapter; those that were given are known as given."""
        given = self.model_fields_set & kind.model_fields.keys()
        values = {name: getattr(self, name) for name in kind.model_fields}
        return kind.model_construct(given, **values)

    def to_toml(self, chosen: Mapping[str, str] | None = None) -> str:
        """Return the settings as a TOML file, a table for each chapter, for ``config`` and ``--config``.

        Without ``out``: the next run has a folder of its own.

        Args:
            chosen: what a run took where the settings leave the choice to it, such as the "modality"; with a modality
                and a task, chapters of others are left out.
        """
        chosen = chosen or {}
        foreign = list_foreign_chapters(chosen.get("modality", ""), chosen.get("task", ""))
        values = self.model_dump(mode="json", exclude_none=True, exclude={"out"}) | dict(chosen)
        tables = []
        for name, kind in list_chapters().items():
            if name in foreign:
                continue
            lines = [
                f"{key} = {json.dumps(values[key], ensure_ascii=False)}" for key in kind.model_fields if key in values
            ]
            if lines:
                tables.append("\n".join([f"[{name}]", *lines]) + "\n")
        return "\n".join(tables)


def _read_settings_file(config: Path) -> dict[str, Any]:
    """Return the settings of a file by their flat names; a modality or task that is missing is said before all else."""
    written = read_toml(config)
    try:
        return flatten(written)
    except SettingError:
        chapter = written.get("data")
        data = {**written, **(chapter if isinstance(chapter, dict) else {})}
        for registry in OWNERS:
            name = data.get(registry.kind)
            if isinstance(name, str) and name not in ("auto", *registry.names()):
                raise SettingError(
                    f"settings file {str(config)!r} is for the {registry.kind} {name!r}, which is not installed; "
                    "install the package that brings it"
                ) from None
        raise


@cache_until_forgotten
def complete_class() -> type[FitSettings]:
    """Return the settings with the chapters that modalities and tasks bring, as fields and as properties."""
    chapters = list_chapters()
    brought = {name: kind for name, kind in chapters.items() if not issubclass(FitSettings, kind)}
    members: dict[str, Any] = {name: property(partial(_get_chapter, kind=kind)) for name, kind in brought.items()}
    for name in REGISTRIES:  # what other packages add is a choice like any other: in help, in errors, as a value
        field = FitSettings.model_fields[name]
        members[name] = Field(field.default, description=field.description)
    choices = {name: Literal[tuple(list_allowed_values(name, FitSettings.model_fields[name]))] for name in REGISTRIES}
    members |= {"__annotations__": choices, "__module__": FitSettings.__module__, "__doc__": FitSettings.__doc__}
    create: Any = type(FitSettings)
    made: type[FitSettings] = create("FitSettings", (FitSettings, *reversed([*chapters.values()])), members)
    return made


def _get_chapter(settings: FitSettings, *, kind: type[Chapter]) -> Chapter:
    return settings.get_chapter(kind)
