"""The settings of regression: the chapter "regression"."""

from typing import Annotated, Literal

from pydantic import Field

from headstart.settings.chapter import Chapter


class RegressionSettings(Chapter):
    """Intervals of numbers, and their loss."""

    chapter_name = "regression"
    chapter_title = "Numbers"

    intervals: Literal["auto", "constant", "scaled"] = Field(
        "auto",
        description="Intervals around numbers: constant, all as wide; scaled, as wide as numbers of about that size "
        "are off; auto: by held-out interval score, and so that they hold as often for small as for large numbers.",
    )
    huber: Annotated[float, Field(gt=0, le=100)] = Field(
        1.0,
        description="Errors beyond so many standard deviations of the numbers count linearly in training, so that "
        "wrong numbers pull less; 100 is as good as squared error.",
    )
