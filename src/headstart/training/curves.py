"""The curves of a training, as records."""

from dataclasses import dataclass

#: which epoch is kept (``training.loop``), for a person
KEPT_EPOCH_RULE = "the last whose calibrated validation loss is within a standard error of the lowest"


@dataclass(frozen=True, slots=True)
class Epoch:
    """A point of the curves. Losses in nats per sample, without smoothing, decay or mixing."""

    number: int  #: 0 is before the first step
    rate: float  #: at the top, at the epoch's end
    train_loss: float  #: over the epoch's changed views, as they were met
    train_score: float
    validation_loss: float  #: of the averaged weights on plain views
    validation_score: float
    calibrated_loss: float  #: the validation loss at the temperature that is best for it: ``KEPT_EPOCH_RULE`` says how
    seconds: float
