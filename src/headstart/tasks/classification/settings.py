"""The settings of single-label classification: the chapter "classification"."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator

from headstart.settings.chapter import Chapter
from headstart_runtime.tasks.classification.operating_point import parse_operating_point


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
    positive: str | None = Field(
        None,
        description="The class that is looked for, such as defect; of two it is taken from names such as yes and no.",
    )
    operating_point: str | None = Field(
        None,
        description="What the positive class is predicted by: recall=0.95 or precision=0.9 that hold on new data, or "
        "cost=10:1, of a miss to a false alarm; by default the likeliest class is predicted.",
    )

    @field_validator("operating_point")
    @classmethod
    def _check_operating_point(cls, text: str | None) -> str | None:
        """Refuse what is no wish."""
        if text is not None:
            parse_operating_point(text)
        return text
