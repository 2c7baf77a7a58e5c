"""Exports of every modality and task: each format gives the saved classifier's answers, or is refused in a line."""

from pathlib import Path

from headstart.deployment.formats import REGISTRY, ExportJob
from headstart.deployment.write import write_export
from headstart_runtime.exported.golden import check_golden
from tests.contracts.conftest import Contexts
from tests.contracts.drawn_items import ITEMS
from tests.contracts.drawn_tasks import DRAWN
from tests.contracts.pairwise import parametrize_product
from tests.contracts.saved_probe import save_probe

FORMATS = ("onnx", "openvino")


@parametrize_product("modality,task,form", list(ITEMS), list(DRAWN), FORMATS)
def test_an_export_answers_as_the_saved_classifier(
    modality: str, task: str, form: str, contexts: Contexts, tmp_path: Path
) -> None:
    classifier, own = save_probe(contexts, modality, task, tmp_path)
    kind = REGISTRY.get(form)
    made = write_export(ExportJob(classifier), kind, tmp_path / "made", own)
    assert made.proof.held_out is not None
    assert made.proof.held_out.items == len(own.items)
    assert made.proof.held_out.differing <= 1
    assert (made.proof.drawn is None) == (modality == "vector")
    assert check_golden(kind.start(made.folder), made.folder) == []
