"""Flags of all settings, those of other packages' chapters too."""

from typing import TYPE_CHECKING, Any

from headstart.settings import FitSettings, complete_class

if TYPE_CHECKING:
    AllSettings = FitSettings
else:
    AllSettings = complete_class()  # from whose fields the flags are made


def list_given(settings: FitSettings | None) -> dict[str, Any]:
    """Return the settings that flags give; the others are left to the file and the defaults."""
    return settings.model_dump(exclude_unset=True) if settings is not None else {}
