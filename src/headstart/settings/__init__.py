"""Settings: every one once, in chapters; read from keywords, flags and TOML files."""

from headstart.settings.chapter import Chapter
from headstart.settings.chapters import (
    ClassPlace,
    CompareSettings,
    DataSettings,
    HeadName,
    HeadSettings,
    LabelCells,
    PathPart,
    RunSettings,
    StrategyName,
    TrustSettings,
)
from headstart.settings.fit_settings import FitSettings, complete_class
from headstart.settings.foreign import refuse_foreign_settings
from headstart.settings.registry import list_chapters, list_spellings
from headstart.settings.training import Precision, TrainSettings
from headstart.settings.values import describe_validation_error, locate_store, parse_duration, parse_size

__all__ = [
    "Chapter",
    "ClassPlace",
    "CompareSettings",
    "DataSettings",
    "FitSettings",
    "HeadName",
    "HeadSettings",
    "LabelCells",
    "PathPart",
    "Precision",
    "RunSettings",
    "StrategyName",
    "TrainSettings",
    "TrustSettings",
    "complete_class",
    "describe_validation_error",
    "list_chapters",
    "list_spellings",
    "locate_store",
    "parse_duration",
    "parse_size",
    "refuse_foreign_settings",
]
