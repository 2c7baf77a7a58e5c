"""Fitted parts -> ``model/``, read back and proved on real photos."""

from headstart.export.model import EnsembleMember, FeatureBranch, FittedModel, ParityExample
from headstart.export.parity import UnsteadyNoveltyError
from headstart.export.write import add_scores, export_model

__all__ = [
    "EnsembleMember",
    "FeatureBranch",
    "FittedModel",
    "ParityExample",
    "UnsteadyNoveltyError",
    "add_scores",
    "export_model",
]
