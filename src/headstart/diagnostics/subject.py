"""What is looked back on."""

from dataclasses import dataclass

from headstart.diagnostics.near_duplicates.search import DuplicatePair
from headstart.selection.context import FitContext
from headstart.selection.results import Postprocessed, TestResult


@dataclass(frozen=True)
class Subject:
    """A run's data and its judged classifier."""

    material: FitContext  #: of the first backbone
    guarded: Postprocessed  #: what was saved
    judged: TestResult  #: what it says of test
    duplicates: tuple[DuplicatePair, ...]  #: near-duplicates among all photos
    duplicates_seconds: float  #: seconds that finding them took
