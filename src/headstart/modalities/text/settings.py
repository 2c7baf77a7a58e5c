"""The settings of texts: the chapter "texts"."""

from typing import Annotated

from pydantic import Field

from headstart.settings.chapter import Chapter
from headstart_runtime.modalities.text.spec import LongTexts as LongTexts


class TextSettings(Chapter):
    """The share of a text that a network sees."""

    chapter_name = "texts"
    chapter_title = "Texts"

    max_tokens: Annotated[int, Field(ge=8, le=65536)] | None = Field(
        None,
        description="Tokens of a text that a network sees at most; 256 when not given, or what it takes at most.",
    )
    long_texts: LongTexts = Field(
        "cut",
        description="What becomes of a text with more tokens: cut, its beginning is seen; windows, all of it is, in "
        "pieces of no more tokens whose features are averaged.",
    )
