"""Fitted parts -> ``model/``, read back and proved on real photos."""

from headstart.export.model import Answer, Parts, Tower, Witness
from headstart.export.parity import UnsteadyNoveltyError
from headstart.export.write import add_scores, save

__all__ = ["Answer", "Parts", "Tower", "UnsteadyNoveltyError", "Witness", "add_scores", "save"]
