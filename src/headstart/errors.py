"""The errors that headstart raises; they stand in the runtime, which raises some of them too."""

from headstart_runtime.errors import (
    BackboneError,
    Cancelled,
    ClassifierError,
    DataError,
    EngineError,
    HeadstartError,
    MissingExtra,
    PluginError,
    SaveError,
    SettingError,
    StoreError,
    TrainingError,
    UserError,
)

__all__ = [
    "BackboneError",
    "Cancelled",
    "ClassifierError",
    "DataError",
    "EngineError",
    "HeadstartError",
    "MissingExtra",
    "PluginError",
    "SaveError",
    "SettingError",
    "StoreError",
    "TrainingError",
    "UserError",
]
