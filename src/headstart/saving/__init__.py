"""Fitted parts -> ``model/``, read back and proved on real photos."""

from headstart.saving.parts import Answer, Parts, Tower, Witness
from headstart.saving.proof import UnsteadyNoveltyError
from headstart.saving.writing import add_scores, save

__all__ = ["Answer", "Parts", "Tower", "UnsteadyNoveltyError", "Witness", "add_scores", "save"]
