"""Flags of all settings, those of other packages' chapters too."""

from typing import TYPE_CHECKING, Any

from headstart.settings import FitSettings, complete_class
from headstart.settings.chapter import Chapter
from headstart.settings.registry import list_modality_chapters

if TYPE_CHECKING:
    AllSettings = FitSettings
    ModalitySettings = Chapter
else:  # from whose fields the flags are made
    AllSettings = complete_class()
    ModalitySettings = type("ModalitySettings", list_modality_chapters() or (Chapter,), {"__module__": __name__})


def list_given(settings: FitSettings | None) -> dict[str, Any]:
    """Return the settings that flags give; the others are left to the file and the defaults."""
    return settings.model_dump(exclude_unset=True) if settings is not None else {}
