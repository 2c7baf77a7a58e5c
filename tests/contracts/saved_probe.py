"""The first probe of a drawn dataset as a saved classifier, with items that an export of it is proved on."""

from pathlib import Path

from headstart.data.load import get_item
from headstart.data.samples import Subset
from headstart.deployment.item_proof import ProofItem
from headstart.deployment.items import OwnItems
from headstart.pipeline.model import save_checked
from headstart.pipeline.postprocess import postprocess_winner
from headstart.selection.arm import refit_model
from headstart_runtime.inference.classifier import Classifier
from tests.contracts.conftest import Contexts


def save_probe(contexts: Contexts, modality: str, task: str, folder: Path) -> tuple[Classifier, OwnItems]:
    """Save the probe of a modality and a task into a folder; return it and the samples of validation and test."""
    context = contexts.get(modality, task)
    arm = contexts.probes(modality, task)[0]
    ready = postprocess_winner(arm, refit_model(context, arm), context)
    classifier = save_checked(ready.model, context, folder / "model")
    samples = context.samples_in(Subset.VALIDATION, Subset.TEST)
    return classifier, OwnItems([ProofItem(one.name, get_item(one.source)) for one in samples], "drawn")
