"""Keywords that say how data and labels are read, of the verbs that take no other settings."""

from collections.abc import Mapping
from typing import Any

from headstart.settings import DataSettings, FitSettings
from headstart_runtime.errors import SettingError, nearest


def load_data_settings(options: Mapping[str, Any]) -> DataSettings:
    """Return the chapter of how data are read.

    Raises:
        SettingError: an unknown name, or a value that cannot be used.
    """
    known = [*DataSettings.model_fields, "data"]
    unknown = [name for name in options if name not in known]
    if unknown:
        raise SettingError(f"unknown setting {unknown[0]!r}; {nearest(unknown[0], known)}")
    return FitSettings.load(**options).data
