"""From a fitted model to ``model/``, which is read back and compared on real items."""

from headstart.saving.model import EnsembleMember, FeatureBranch, FittedModel, ParityExample
from headstart.saving.parity import UnsteadyNoveltyError
from headstart.saving.write import add_scores, write_model

__all__ = [
    "EnsembleMember",
    "FeatureBranch",
    "FittedModel",
    "ParityExample",
    "UnsteadyNoveltyError",
    "add_scores",
    "write_model",
]
