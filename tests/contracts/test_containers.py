"""An export for Docker of every modality and task: the service in it gives the saved classifier's answers."""

from pathlib import Path

import pytest

from headstart.data.load import get_item
from headstart.data.samples import Subset
from headstart.deployment.formats import REGISTRY, ExportJob
from headstart.deployment.item_proof import ProofItem
from headstart.deployment.items import OwnItems
from headstart.deployment.write import write_export
from headstart.pipeline.model import save_checked
from headstart.pipeline.postprocess import postprocess_winner
from headstart.selection.arm import refit_model
from headstart_runtime.errors import SettingError
from tests.contracts.conftest import Contexts
from tests.contracts.drawn_items import ITEMS
from tests.contracts.drawn_tasks import DRAWN

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("task", list(DRAWN))
@pytest.mark.parametrize("modality", list(ITEMS))
def test_the_service_answers_as_the_saved_classifier(
    modality: str, task: str, contexts: Contexts, tmp_path: Path
) -> None:
    context = contexts.get(modality, task)
    arm = contexts.probes(modality, task)[0]
    ready = postprocess_winner(arm, refit_model(context, arm), context)
    classifier = save_checked(ready.model, context, tmp_path / "model")
    samples = context.samples_in(Subset.VALIDATION, Subset.TEST)
    own = OwnItems([ProofItem(one.name, get_item(one.source)) for one in samples], "drawn")
    if modality == "vector" or task == "amount":  # of packages that the container does not have
        with pytest.raises(SettingError, match="the container has headstart-runtime alone"):
            write_export(ExportJob(classifier), REGISTRY.get("docker"), tmp_path / "made", own)
        return
    made = write_export(ExportJob(classifier), REGISTRY.get("docker"), tmp_path / "made", own)
    assert made.proof.held_out is not None
    assert made.proof.held_out.items == len(samples)
    assert made.proof.held_out.differing <= 1
    extra = {"text": "tokenizers==", "sound": "soundfile=="}.get(modality, "numpy==")
    assert extra in (made.folder / "requirements.txt").read_text()
