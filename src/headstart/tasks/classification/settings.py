"""The settings of single-label classification: the chapter "classification"."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from headstart.settings.chapter import Chapter


class ClassificationSettings(Chapter):
    """Weights of classes, their loss, and what is made of their probabilities."""

    chapter_name = "classification"
    chapter_title = "Classes"
    chapter_first: ClassVar[tuple[str, ...]] = ("class_weights",)

    class_weights: Literal["none", "balanced"] = Field(
        "none", description="balanced weighs rare classes up, so that each class counts the same."
    )
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.1, description="Share of a label that training gives to all classes."
    )
    calibration: Literal["auto", "none", "temperature", "mixture", "isotonic"] = Field(
        "auto", description="How probabilities are made to mean what they say; auto: by cross-validated log loss."
    )
