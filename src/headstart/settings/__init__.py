"""Settings: every one once, in chapters; read from keywords, flags and TOML files."""

from headstart.settings.chapters import (
    AugmentPolicy,
    AugmentPreset,
    AugmentSettings,
    CompareSettings,
    DataSettings,
    EngineName,
    HeadName,
    HeadSettings,
    PathPart,
    Precision,
    RunSettings,
    StrategyName,
    TrainSettings,
    TrustSettings,
)
from headstart.settings.fit_settings import FitSettings
from headstart.settings.keywords import CHAPTERS
from headstart.settings.values import describe_validation_error, locate_store, parse_duration, parse_size

__all__ = [
    "CHAPTERS",
    "AugmentPolicy",
    "AugmentPreset",
    "AugmentSettings",
    "CompareSettings",
    "DataSettings",
    "EngineName",
    "FitSettings",
    "HeadName",
    "HeadSettings",
    "PathPart",
    "Precision",
    "RunSettings",
    "StrategyName",
    "TrainSettings",
    "TrustSettings",
    "describe_validation_error",
    "locate_store",
    "parse_duration",
    "parse_size",
]
