"""An export for Docker of every modality and task: the service in it gives the saved classifier's answers."""

from pathlib import Path

import pytest

from headstart.deployment.formats import REGISTRY, ExportJob
from headstart.deployment.write import write_export
from headstart_runtime.errors import SettingError
from tests.contracts.conftest import Contexts
from tests.contracts.drawn_items import ITEMS
from tests.contracts.drawn_tasks import DRAWN
from tests.contracts.saved_probe import save_probe

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("task", list(DRAWN))
@pytest.mark.parametrize("modality", list(ITEMS))
def test_the_service_answers_as_the_saved_classifier(
    modality: str, task: str, contexts: Contexts, tmp_path: Path
) -> None:
    classifier, own = save_probe(contexts, modality, task, tmp_path)
    if modality == "vector" or task == "amount":  # of packages that the container does not have
        with pytest.raises(SettingError, match="the container has headstart-runtime alone"):
            write_export(ExportJob(classifier), REGISTRY.get("docker"), tmp_path / "made", own)
        return
    made = write_export(ExportJob(classifier), REGISTRY.get("docker"), tmp_path / "made", own)
    assert made.proof.held_out is not None
    assert made.proof.held_out.items == len(own.items)
    assert made.proof.held_out.differing <= 1
    extra = {"text": "tokenizers==", "sound": "soundfile=="}.get(modality, "numpy==")
    assert extra in (made.folder / "requirements.txt").read_text()
