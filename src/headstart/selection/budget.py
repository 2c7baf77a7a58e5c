"""The seconds that a run may take."""

import time
from dataclasses import dataclass, field

SAVING = 8.0  #: seconds, for saving the winner; testing comes on top
TESTED_PER_SECOND = 100  #: items, for that
#: Items for whose passes through all networks time is kept: those that are answered from their bytes by both engines,
#: explained, and drawn small.
PASSES = 200
TIMING = 0.1  #: share of the limit that timing trainings may take
WASTED = 0.5  #: share of the limit that trainings may take which are no better than what was there


@dataclass
class Budget:
    """A limit on the seconds of a run, and how many of them are spoken for."""

    limit: float | None  #: seconds for the whole run; None: no limit
    began: float = field(default_factory=time.perf_counter)
    reserved: float = 0.0  #: seconds that are kept for fitting the winner once more
    pace: float = 0.0  #: seconds that an item took through the networks of the run so far, opened and decoded
    stopped: bool = False  #: whether somebody ended the search for a better way, so that nothing long is begun any more
    timed: float = 0.0  #: seconds that timing trainings has taken
    training_ends: float | None = None  #: of the clock, by when the next training is to end; None: with the rest

    @property
    def left(self) -> float:
        """Seconds that are left; infinity without a limit, none once it was stopped."""
        if self.stopped:
            return 0.0
        return float("inf") if self.limit is None else self.limit - self.elapsed

    @property
    def left_for_training(self) -> float:
        """Seconds until the next training is to end; infinity where nothing but the rest of the budget limits it."""
        return float("inf") if self.training_ends is None else self.training_ends - time.perf_counter()

    def limit_training(self, lost: float) -> float | None:
        """Let the next training end before more than half of the limit went into trainings that were no better.

        Args:
            lost: seconds of those that were made so far; 0 for none.

        Returns:
            Seconds that the next one may take; None where it is not limited.
        """
        self.training_ends = None
        if self.limit is None or not lost:
            return None
        allowed = max(0.0, WASTED * self.limit - lost)
        self.training_ends = time.perf_counter() + allowed
        return allowed

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return time.perf_counter() - self.began

    @property
    def left_for_timing(self) -> float:
        """Seconds that timing trainings may still take; infinity without a limit."""
        return float("inf") if self.limit is None else max(0.0, TIMING * self.limit - self.timed)

    def estimate_closing(self, tested: int) -> float:
        """Return the seconds to keep for calibrating, saving, testing and judging the winner.

        Args:
            tested: items of the test part.
        """
        return SAVING + max(tested / TESTED_PER_SECOND, PASSES * self.pace)
