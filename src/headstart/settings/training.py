"""The chapter of settings of training networks."""

from collections.abc import Mapping
from math import ceil
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from headstart.settings.chapter import Chapter

Precision = Literal["auto", "bf16", "f32"]

DEFAULT_STEPS = 1000  #: of a training whose epochs are not set
MIN_EPOCHS, MAX_EPOCHS = 5, 40  #: of such a training


class TrainSettings(Chapter):
    """Training of networks."""

    chapter_name = "train"
    chapter_title = "Training"
    chapter_spellings: ClassVar[Mapping[str, str]] = {"optimizer": "optimiser"}

    unfreeze: str = Field(
        "auto",
        description="partial-finetune trains this layer and all above it; see headstart models NAME --layers.",
    )
    epochs: Annotated[int, Field(ge=1, le=10000)] | None = Field(
        None,
        description="Passes over the training samples; by default 5 to 40, about 1000 steps, fewer within a budget.",
    )
    batch_size: Annotated[int, Field(ge=1, le=4096)] = Field(32, description="Samples in a step of training.")
    optimiser: Literal["adamw", "sgd"] = Field("adamw", description="adamw, or sgd with momentum.")
    rate: Annotated[float, Field(gt=0, le=10)] | None = Field(
        None, description="Highest learning rate, at the top; by default 7e-4 for adamw, 5e-3 for sgd; scratch 4 times."
    )
    start: Literal["auto", "probe", "blank"] = Field(
        "auto",
        description="Head that fine-tuning begins with: the probe's, or a blank one; auto is blank where a network "
        "reads tokens of any length.",
    )
    momentum: Annotated[float, Field(ge=0, lt=1)] = Field(0.9, description="Of sgd.")
    weight_decay: Annotated[float, Field(ge=0, le=1)] = Field(0.02, description="Of weights, not of biases and norms.")
    warmup: Annotated[float, Field(ge=0, le=0.9)] = Field(
        0.1, description="Share of the steps in which the rate rises; it falls along a cosine afterwards."
    )
    layer_decay: Annotated[float, Field(gt=0, le=1)] = Field(
        0.8, description="Each layer is trained at this share of the rate of the layer above it."
    )
    mixup: Annotated[float, Field(ge=0, le=10)] = Field(0.0, description="Alpha of mixup; 0 is none.")
    clip: Annotated[float, Field(ge=0)] = Field(1.0, description="Largest norm of a step's gradient; 0 is any.")
    ema: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.999,
        description="Greatest decay per step of the moving average of the weights, which is what is scored; 0 is none.",
    )
    patience: Annotated[int, Field(ge=1)] = Field(
        20, description="Epochs after the last one worth keeping, by calibrated validation loss, to the end."
    )
    batchnorm: Literal["frozen", "update"] = Field(
        "frozen", description="Statistics of BatchNorm in trained layers: kept as loaded, or updated."
    )
    views: Annotated[int, Field(ge=1, le=1000)] = Field(
        40, description="Changed views of each sample whose boundary activations are kept; epochs take them in turn."
    )
    cache_budget: str = Field(
        "4GB", description="Disk for boundary activations; where they need more, each epoch computes them anew."
    )
    training_precision: Precision = Field(
        "auto", description="Arithmetic of training; auto is the faster of bf16 and f32 in a timed trial."
    )
    find_rate: bool = Field(False, description="Find the learning rate by a range test before training.")
    search: Annotated[int, Field(ge=0, le=10000)] = Field(
        0, description="Tries of settings of fine-tuning, chosen on validation; 0 is none."
    )

    def epochs_for(self, samples: int) -> int:
        """Passes over so many training samples: as set, else as many as make ``DEFAULT_STEPS`` steps, within bounds."""
        if self.epochs is not None:
            return self.epochs
        return min(max(ceil(DEFAULT_STEPS / ceil(samples / self.batch_size)), MIN_EPOCHS), MAX_EPOCHS)
