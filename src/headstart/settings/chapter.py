"""The base of all chapters of settings."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Chapter(BaseModel):
    """A chapter of settings; each field has a default and a description."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)

    chapter_name: ClassVar[str]  #: of its table in TOML and its keyword in Python
    chapter_title: ClassVar[str]  #: of its flags in help and documents
    chapter_spellings: ClassVar[Mapping[str, str]] = {}  #: a setting's other spelling -> its name
    chapter_first: ClassVar[tuple[str, ...]] = ()  #: settings of it that most people need; short help shows them
