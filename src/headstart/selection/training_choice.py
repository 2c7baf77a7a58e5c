"""The choice of boundary, views and epochs of a training together, from speeds, so that it ends within a time.

Enough steps on a higher boundary come before few on a lower one: a plan is enough with half the usual epochs, on four
views of each sample at least. The lowest boundary with such a plan is taken; where there is none, what comes closest.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from headstart.training.cost import EXPORTED

SHARE_ENOUGH = 0.5  #: of the usual epochs
SHARE_LEAST = 0.15  #: of the usual epochs: with fewer steps nearly no training gets beyond the head that it starts from
VIEWS_ENOUGH = 4
VIEWS_SATED = 8  #: views beyond which more of them count for little
FEWEST_VIEWS = 2
VIEWS = (2, 3, 4, 6, 8, 12, 16, 24, 40)
EPOCHS = (3, 4, 5, 6, 8, 10, 12, 14, 17, 20, 24, 28, 33, 40)  #: few numbers: a second run plans the same
SCORED_BEFORE = 512  #: training samples that are scored before the first step


@dataclass(frozen=True, slots=True)
class TrainingPace:
    """The speeds of a training above one boundary on this machine."""

    view: float  #: seconds for a view up to the boundary, decoding and changing in it
    trained: float  #: samples a second
    scored: float  #: samples a second, forward only
    features: float  #: samples a second through the whole network on the engine


@dataclass(frozen=True, slots=True)
class TrainingSize:
    """The samples of a training, and the epochs it makes where time does not matter."""

    train: int
    validation: int
    epochs: int
    views: int  #: of each sample, at most
    scored: int = 256  #: training samples that the arm is scored on at its end, at most


@dataclass(frozen=True, slots=True)
class TrainingChoice:
    """A training that can end in time."""

    unfreeze: str  #: the lowest layer that is trained
    views: int  #: of each sample
    epochs: int
    seconds: float
    refit: float  #: seconds of the same once more with the validation samples

    def rate(self, size: TrainingSize) -> float:
        """Return how close it is to one with all the epochs on many views, 0 to 1."""
        return min(1.0, self.epochs / size.epochs) * min(1.0, self.views / min(VIEWS_SATED, size.views))

    def is_enough(self, size: TrainingSize) -> bool:
        """Return whether it makes enough steps on enough views for its boundary to be the one."""
        return self.epochs >= SHARE_ENOUGH * size.epochs and self.views >= min(VIEWS_ENOUGH, size.views)


def choose_training(
    paces: Mapping[str, TrainingPace], size: TrainingSize, left: float, *, refit: bool
) -> TrainingChoice | None:
    """Choose boundary, views and epochs; None where nothing can end in time.

    Args:
        paces: by the lowest layer that is trained, low to high.
        size: of the training.
        left: seconds that it may take, with its refit.
        refit: whether the winner is trained once more, which is worth more than the second half of the epochs.
    """
    best: list[TrainingChoice] = []
    for unfreeze, pace in paces.items():
        choices = list(_list_choices(unfreeze, pace, size))
        again = [it for it in choices if refit and it.is_enough(size) and it.seconds + it.refit <= left]
        able = again or [it for it in choices if it.seconds <= left]
        if able:
            found = max(able, key=lambda choice: (choice.rate(size), choice.epochs, choice.views))
            if found.is_enough(size):
                return found
            best.append(found)
    return max(reversed(best), key=lambda choice: choice.rate(size), default=None)


def fit_epochs(pace: TrainingPace, size: TrainingSize, left: float) -> int | None:
    """Return the most epochs that end in time once all views are made; None where not even the fewest do."""
    able = [
        epochs for epochs in _list_epochs(size) if _price_epochs(pace, size, epochs) + price_end(pace, size) <= left
    ]
    return max(able, default=None)


def price_shortest(pace: TrainingPace, size: TrainingSize) -> float:
    """Return the seconds of the shortest training that may be planned."""
    return min(it.seconds for it in _list_choices("", pace, size))


def _list_choices(unfreeze: str, pace: TrainingPace, size: TrainingSize) -> Iterator[TrainingChoice]:
    for epochs in _list_epochs(size):
        if epochs < SHARE_LEAST * size.epochs:
            continue
        for views in sorted({min(views, size.views, epochs) for views in VIEWS}):
            yield price_training(unfreeze, pace, size, views, epochs)


def price_training(
    unfreeze: str, pace: TrainingPace, size: TrainingSize, views: int, epochs: int, done: int = 0
) -> TrainingChoice:
    """Return a training with its price, of which so many epochs are made already."""
    boundary = (size.train * views + size.validation) * pace.view
    steps = _price_epochs(pace, size, epochs)
    again = boundary * size.validation / size.train + steps + EXPORTED
    seconds = boundary + _price_epochs(pace, size, epochs - done) + price_end(pace, size)
    return TrainingChoice(unfreeze, views, epochs, seconds, again)


def _list_epochs(size: TrainingSize) -> list[int]:
    return sorted({min(epochs, size.epochs) for epochs in (*EPOCHS, size.epochs)})


def _price_epochs(pace: TrainingPace, size: TrainingSize, epochs: int) -> float:
    return epochs * (size.train / pace.trained + size.validation / pace.scored)


def price_end(pace: TrainingPace, size: TrainingSize) -> float:
    """Return the seconds of what stands around the epochs: the first scores, the export, the scores of the arm."""
    scored = min(size.train, size.scored) + size.validation
    return min(size.train, SCORED_BEFORE) / pace.scored + EXPORTED + scored / pace.features
