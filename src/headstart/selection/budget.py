"""The seconds that a run may take."""

import time
from dataclasses import dataclass, field

TIMING = 0.1  #: share of the limit that timing trainings may take


@dataclass
class Budget:
    """A limit on the seconds of a run, and how many of them are spoken for."""

    limit: float | None  #: seconds for the whole run; None: no limit
    began: float = field(default_factory=time.perf_counter)
    reserved: float = 0.0  #: seconds that are kept for fitting the winner once more
    timed: float = 0.0  #: seconds that timing trainings has taken

    @property
    def left(self) -> float:
        """Seconds that are left; infinity without a limit."""
        return float("inf") if self.limit is None else self.limit - self.elapsed

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return time.perf_counter() - self.began

    @property
    def left_for_timing(self) -> float:
        """Seconds that timing trainings may still take; infinity without a limit."""
        return float("inf") if self.limit is None else max(0.0, TIMING * self.limit - self.timed)
