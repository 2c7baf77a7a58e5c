"""The settings of several labels for one item: the chapter "multilabel"."""

from typing import Annotated, Literal

from pydantic import Field

from headstart.settings.chapter import Chapter


class MultilabelSettings(Chapter):
    """Weights of labels, their loss, and what is made of their probabilities."""

    chapter_name = "multilabel"
    chapter_title = "Several labels"

    label_weights: Literal["none", "balanced"] = Field(
        "none", description="balanced weighs, for each label, the samples that have it as much as those that do not."
    )
    label_loss: Literal["binary", "asymmetric"] = Field(
        "binary",
        description="Loss of training: binary cross-entropy, or asymmetric, which hardly minds labels that are surely "
        "absent, for many labels of which a sample has few (Ridnik et al. 2021).",
    )
    label_calibration: Literal["auto", "none", "temperature", "platt"] = Field(
        "auto", description="How probabilities of labels are made to mean what they say; auto: by cross-validated loss."
    )
    label_threshold: Literal["f1", "precision", "recall"] = Field(
        "f1",
        description="What the threshold of each label is chosen for, on held-out samples: the best F1, or the "
        "precision or recall of --label-wanted.",
    )
    label_wanted: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.9, description="Precision or recall of each label that --label-threshold precision or recall is to reach."
    )
