"""Contracts of texts, clips and calibration that an export breaks: the proof refuses each and names the step."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from headstart.data.load import get_item
from headstart.data.samples import Subset
from headstart.deployment.formats import REGISTRY, ExportJob
from headstart.deployment.item_proof import ProofItem
from headstart.deployment.items import OwnItems
from headstart.deployment.proof import ProofError
from headstart.deployment.write import write_export
from headstart.pipeline.model import save_checked
from headstart.pipeline.postprocess import postprocess_winner
from headstart.selection.arm import refit_model
from headstart_runtime.inference.classifier import Classifier
from headstart_runtime.tasks.classification.calibration import NONE, Calibration
from headstart_runtime.whole_files import hash_file
from tests.contracts.conftest import Contexts
from tests.deployment.conftest import Break
from tests.deployment.conftest import break_format as break_format

FORMATS = ("onnx", "openvino")


def save(contexts: Contexts, modality: str, folder: Path, calibration: Calibration | None = None) -> Classifier:
    context = contexts.get(modality, "classification")
    arm = contexts.probes(modality, "classification")[0]
    model = postprocess_winner(arm, refit_model(context, arm), context).model
    if calibration is not None:
        model = replace(model, postprocessor=replace(model.postprocessor, calibration=calibration, conformal=None))
    return save_checked(model, context, folder)


def refuse(contexts: Contexts, modality: str, classifier: Classifier, form: str, out: Path) -> str:
    """Return the step that the proof names."""
    samples = contexts.get(modality, "classification").samples_in(Subset.TEST)
    own = OwnItems([ProofItem(one.name, get_item(one.source)) for one in samples], "drawn")
    with pytest.raises(ProofError, match="so nothing is written") as refused:
        write_export(ExportJob(classifier), REGISTRY.get(form), out, own)
    assert "\n" not in str(refused.value)
    assert not out.exists()
    return refused.value.step


def edit_manifest(change: Callable[[dict[str, Any]], None]) -> Break:
    def damage(folder: Path) -> None:
        facts = json.loads((folder / "manifest.json").read_text())
        change(facts)
        (folder / "manifest.json").write_text(json.dumps(facts))

    return damage


def change_rate(facts: dict[str, Any]) -> None:
    for branch in facts["model"]["branches"]:
        branch["spec"]["rate"] //= 2


def exchange_words(folder: Path) -> None:
    """Give the words of the tokenizer to each other's numbers; its SHA-256 in the spec is that of the new file."""
    file = folder / "tokenizer.json"
    before, tokenizer = hash_file(file), json.loads(file.read_text())
    vocabulary = tokenizer["model"]["vocab"]
    words = [word for word in vocabulary if word.isalpha()]
    numbers = [vocabulary[word] for word in words]
    vocabulary.update(zip(words, [*numbers[1:], numbers[0]], strict=True))
    file.write_text(json.dumps(tokenizer))
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace(before, hash_file(file)))


@pytest.mark.parametrize("form", FORMATS)
def test_another_rate_of_samples_is_a_matter_of_resampling(
    form: str, contexts: Contexts, tmp_path: Path, break_format: Callable[[str, Break], None]
) -> None:
    break_format(form, edit_manifest(change_rate))
    classifier = save(contexts, "sound", tmp_path / "model")
    assert refuse(contexts, "sound", classifier, form, tmp_path / "made") == "resampling"


@pytest.mark.parametrize("form", FORMATS)
def test_another_vocabulary_is_a_matter_of_tokens(
    form: str, contexts: Contexts, tmp_path: Path, break_format: Callable[[str, Break], None]
) -> None:
    break_format(form, exchange_words)
    classifier = save(contexts, "text", tmp_path / "model")
    assert refuse(contexts, "text", classifier, form, tmp_path / "made") == "tokens"


@pytest.mark.parametrize("form", FORMATS)
def test_a_temperature_that_is_left_out_is_a_matter_of_postprocessing(
    form: str, contexts: Contexts, tmp_path: Path, break_format: Callable[[str, Break], None]
) -> None:
    warm = save(contexts, "image", tmp_path / "warm", Calibration("temperature", scale=0.5))
    plain = save(contexts, "image", tmp_path / "plain", NONE)
    kind, other = REGISTRY.get(form), tmp_path / "other"
    other.mkdir()
    kind.write(ExportJob(plain), other)
    break_format(form, lambda folder: shutil.copytree(other, folder, dirs_exist_ok=True) and None)
    assert refuse(contexts, "image", warm, form, tmp_path / "made") == "postprocessing"
