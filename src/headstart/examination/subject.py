"""What is looked back on."""

from dataclasses import dataclass

from headstart.examination.guarding import Guarded
from headstart.examination.judging import Judged
from headstart.strategies.material import Material
from headstart.trust.duplicates import Twins


@dataclass(frozen=True)
class Subject:
    """A run's data and its judged classifier."""

    material: Material  #: of the first backbone
    guarded: Guarded  #: what was saved
    judged: Judged  #: what it says of test
    twins: tuple[Twins, ...]  #: near-duplicates among all photos
    twins_took: float  #: seconds that finding them took
