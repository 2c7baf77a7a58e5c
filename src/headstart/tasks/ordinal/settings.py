"""The settings of ordered classes: the chapter "ordinal". Their order is a setting of how labels are read."""

from typing import Literal

from pydantic import Field

from headstart.settings.chapter import Chapter


class OrdinalSettings(Chapter):
    """Weights of ordered classes, and what is made of their probabilities."""

    chapter_name = "ordinal"
    chapter_title = "Ordered classes"

    rank_weights: Literal["none", "balanced"] = Field(
        "none", description="balanced weighs rare grades up, so that each of the ordered classes counts the same."
    )
    rank_calibration: Literal["auto", "none", "temperature", "mixture"] = Field(
        "auto",
        description="How probabilities of ordered classes are made to mean what they say; auto: by cross-validated log "
        "loss.",
    )
