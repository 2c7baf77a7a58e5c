"""Choice of the way in which the answers of a saved model are explained: as its kind of data can be."""

from pathlib import Path

from headstart_runtime.explanation.answer_explainer import AnswerExplainer
from headstart_runtime.explanation.explainer import Explainer
from headstart_runtime.explanation.removal import RemovalExplainer
from headstart_runtime.inference import model_format
from headstart_runtime.modalities.explanation_facet import RemovalFacet


def open_explainer(folder: Path) -> AnswerExplainer:
    """Return the explainer of a saved model.

    Raises:
        UserError: its task has no explanations.
        ClassifierError: it cannot be read, its kind of data has no explanation, or a network has no map of places.
    """
    record = model_format.read_model(model_format.find_model(Path(folder)))
    by_removal = isinstance(record.modality.explanation, RemovalFacet)
    return RemovalExplainer(folder) if by_removal else Explainer(folder)
