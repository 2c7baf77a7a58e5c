"""Exports of every modality and task: each format gives the saved classifier's answers, or is refused in a line."""

from pathlib import Path

from headstart.data.load import get_item
from headstart.data.samples import Subset
from headstart.deployment.formats import REGISTRY, ExportJob
from headstart.deployment.item_proof import ProofItem
from headstart.deployment.items import OwnItems
from headstart.deployment.write import write_export
from headstart.pipeline.model import save_checked
from headstart.pipeline.postprocess import postprocess_winner
from headstart.selection.arm import refit_model
from headstart_runtime.exported.golden import check_golden
from tests.contracts.conftest import Contexts
from tests.contracts.drawn_items import ITEMS
from tests.contracts.drawn_tasks import DRAWN
from tests.contracts.pairwise import parametrize_product

FORMATS = ("onnx", "openvino")


@parametrize_product("modality,task,form", list(ITEMS), list(DRAWN), FORMATS)
def test_an_export_answers_as_the_saved_classifier(
    modality: str, task: str, form: str, contexts: Contexts, tmp_path: Path
) -> None:
    context = contexts.get(modality, task)
    arm = contexts.probes(modality, task)[0]
    ready = postprocess_winner(arm, refit_model(context, arm), context)
    classifier = save_checked(ready.model, context, tmp_path / "model")
    samples = context.samples_in(Subset.VALIDATION, Subset.TEST)
    own = OwnItems([ProofItem(one.name, get_item(one.source)) for one in samples], "drawn")
    kind = REGISTRY.get(form)
    made = write_export(ExportJob(classifier), kind, tmp_path / "made", own)
    assert made.proof.held_out is not None
    assert made.proof.held_out.items == len(samples)
    assert made.proof.held_out.differing <= 1
    assert (made.proof.drawn is None) == (modality == "vector")
    assert check_golden(kind.start(made.folder), made.folder) == []
