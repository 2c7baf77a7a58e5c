"""The way from the states of an encoder's tokens to the features of a text."""

from dataclasses import dataclass
from typing import Literal

PoolingMode = Literal["mean", "cls", "max"]  #: over the tokens of the mask; "cls" takes the first token alone

LEAST_LENGTH = 1e-12  #: that features are divided by, where they are brought to length 1


@dataclass(frozen=True, slots=True)
class Pooling:
    """The way from the last block's states to the features of ``final``; other layers are pooled by the mean."""

    mode: PoolingMode = "mean"
    normalize: bool = False  #: to length 1
