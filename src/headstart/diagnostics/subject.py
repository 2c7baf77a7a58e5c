"""What is looked back on."""

from dataclasses import dataclass

from headstart.diagnostics.near_duplicates.search import Twins
from headstart.selection.context import Material
from headstart.selection.results import Guarded, Judged


@dataclass(frozen=True)
class Subject:
    """A run's data and its judged classifier."""

    material: Material  #: of the first backbone
    guarded: Guarded  #: what was saved
    judged: Judged  #: what it says of test
    twins: tuple[Twins, ...]  #: near-duplicates among all photos
    twins_took: float  #: seconds that finding them took
