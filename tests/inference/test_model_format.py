import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load_file, save_file

from headstart.backbones.backbone import Backbone
from headstart.backbones.convert import load_backbone
from headstart.saving import add_scores, write_model
from headstart_runtime.errors import ClassifierError
from headstart_runtime.inference import model_format
from headstart_runtime.inference.classifier import BATCH_FROM, Classifier, load
from headstart_runtime.inference.engine_agreement import EngineAgreement, EngineScore
from headstart_runtime.inference.model_format import largest_spec
from headstart_runtime.modalities.image.spec import ImageSpec
from headstart_runtime.tasks.classification.calibration import Calibration
from headstart_runtime.tasks.classification.conformal import ConformalPredictor
from headstart_runtime.tasks.classification.postprocessor import ClassPostprocessor
from headstart_runtime.whole_files import hash_file
from tests.conftest import Warm
from tests.saving.drawn import draw_novelty, draw_photos, parity_examples, single


@pytest.fixture(scope="session")
def lite0(warm: Warm) -> Backbone:
    return load_backbone("efficientnet_lite0", warm.store / "networks")


@pytest.fixture(scope="module")
def guarded(lite0: Backbone, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder of everything: calibration, prediction sets, novelty; never to be written to."""
    folder = tmp_path_factory.mktemp("guarded") / "model"
    sets = ConformalPredictor("lac", 0.9, 0.9)
    novelty = draw_novelty(single(lite0, 3))
    return exported(
        lite0, folder, postprocessor=ClassPostprocessor(Calibration("temperature", 2.0), sets), novelty=novelty
    ).folder


@pytest.fixture
def model(guarded: Path, tmp_path: Path) -> Path:
    shutil.copytree(guarded, tmp_path / "model")
    return tmp_path / "model"


MISSING = object()


def rewrite(model: Path, **changes: Any) -> None:
    """Change fields of model.json; ``MISSING`` removes one."""
    record = {**json.loads((model / model_format.RECORD).read_text()), **changes}
    kept = {key: value for key, value in record.items() if value is not MISSING}
    (model / model_format.RECORD).write_text(json.dumps(kept))


def rewrite_postprocessor(model: Path, **changes: Any) -> None:
    """Change fields of the postprocessor in model.json; ``MISSING`` removes one."""
    record = {**json.loads((model / model_format.RECORD).read_text())["postprocessor"], **changes}
    rewrite(model, postprocessor={key: value for key, value in record.items() if value is not MISSING})


def exported(backbone: Backbone, folder: Path, **more: Any) -> Classifier:
    """A classifier of one branch and one head, and what is added."""
    parts = replace(single(backbone, 3), **more)
    return write_model(parts, folder, parity_examples(parts))


def test_how_engines_agree_is_kept(model: Path) -> None:
    scores = {"onnxruntime": EngineScore(0.9, 0.25), "openvino": EngineScore(0.875, 0.3)}
    agreement = EngineAgreement("openvino", 40, scores, 0.975, 0.01)
    scored = add_scores(load(model), {"test": {}}, agreement)
    assert load(model).record.engines == scored.record.engines == agreement
    assert add_scores(scored, {"given": {}}).record.engines == agreement


def test_what_is_written_is_read(lite0: Backbone, tmp_path: Path) -> None:
    record = exported(
        lite0,
        tmp_path / "model",
        postprocessor=ClassPostprocessor(Calibration("temperature", 1.5), ConformalPredictor("lac", 0.9, 0.25)),
    ).record
    assert model_format.ModelRecord.from_json(json.loads(json.dumps(record.to_json()))) == record
    written = json.loads((tmp_path / "model" / model_format.RECORD).read_text())
    assert written["schema_version"] == model_format.SCHEMA_VERSION == 1
    assert written["postprocessor"]["calibration"]["kind"] == "temperature"
    assert (record.layer, record.head, record.combine) == ("final", "drawn", "mean")
    assert record.spec == record.branches[0].spec
    calibration, conformal = record.postprocessor.calibration, record.postprocessor.conformal
    assert (calibration.scale, conformal, record.novelty) == (1.5, ConformalPredictor("lac", 0.9, 0.25), None)
    assert written["space"] == {"task": "classification", "names": list(record.classes), "facts": {}}


def _no_record(model: Path) -> None:
    (model / model_format.RECORD).unlink()


def _not_json(model: Path) -> None:
    (model / model_format.RECORD).write_text("{")


def _no_object(model: Path) -> None:
    (model / model_format.RECORD).write_text("[1]")


def _other_schema(model: Path) -> None:
    rewrite(model, schema_version=7)


def _incomplete(model: Path) -> None:
    rewrite(model, space=MISSING)


def _mixed(model: Path) -> None:
    rewrite(model, layer="final")


def _other_types(model: Path) -> None:
    rewrite(model, branches=["final"])


def _no_such_branch(model: Path) -> None:
    rewrite(model, members=[{"branches": [0, 1], "head": "lda", "weight": 1.0}])


def _no_member(model: Path) -> None:
    rewrite(model, members=[])


def _no_calibration(model: Path) -> None:
    rewrite_postprocessor(model, calibration=MISSING)


def _odd_calibration(model: Path) -> None:
    rewrite_postprocessor(
        model, calibration={"kind": "temperature", "scale": -1.0, "mix": 0.0, "knots": [], "values": []}
    )


def _odd_sets(model: Path) -> None:
    rewrite_postprocessor(model, conformal={"kind": "largest", "coverage": 0.9, "threshold": 0.5})


def _novelty_of_no_branch(model: Path) -> None:
    rewrite(model, novelty={**json.loads((model / model_format.RECORD).read_text())["novelty"], "branches": [1]})


def _novelty_without_digest(model: Path) -> None:
    rewrite(model, novelty_sha256=None)


def _damaged_novelty(model: Path) -> None:
    file = model / model_format.NOVELTY_ARRAYS
    file.write_bytes(file.read_bytes()[:-1] + b"!")


def _no_novelty(model: Path) -> None:
    (model / model_format.NOVELTY_ARRAYS).unlink()


def _damaged_graph(model: Path) -> None:
    (model / model_format.GRAPH).write_bytes((model / model_format.GRAPH).read_bytes()[:-1] + b"!")


def _no_head(model: Path) -> None:
    (model / model_format.HEAD).unlink()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_no_record, "not a saved classifier: no model.json in it"),
        (_not_json, "cannot be read"),
        (_no_object, "is no record of a classifier"),
        (_other_schema, "schema version 7, this headstart reads 1; open it with the headstart that wrote it"),
        (_incomplete, "incomplete: missing or unknown: space"),
        (_mixed, "incomplete: missing or unknown: layer"),
        (_other_types, "incomplete: a field is of another type"),
        (_no_such_branch, "incomplete: a field is of another type"),
        (_no_member, "incomplete: a field is of another type"),
        (_no_calibration, "incomplete: a field is of another type"),
        (_odd_calibration, "incomplete: a field is of another type"),
        (_odd_sets, "incomplete: a field is of another type"),
        (_novelty_of_no_branch, "incomplete: a field is of another type"),
        (_novelty_without_digest, "incomplete: a field is of another type"),
        (_damaged_novelty, r"novelty\.safetensors' is not the file that was saved"),
        (_no_novelty, r"novelty\.safetensors' cannot be read: No such file .*; copy the whole model folder"),
        (_damaged_graph, "is not the file that was saved"),
        (_no_head, "copy the whole model folder"),
    ],
)
def test_a_damaged_folder_gets_a_clear_error(model: Path, damage: Callable[[Path], None], message: str) -> None:
    damage(model)
    with pytest.raises(ClassifierError, match=message):
        load(model)


@pytest.mark.parametrize(
    "changes",
    [
        {"scores": {"test": "a text"}},
        *[{"head_sha256": 3}, {"graph_sha256": None}, {"novelty_sha256": True}, {"combine": 1}, {"novelty": [1]}],
        *[{"scores": []}, {"headstart": None}, {"parity": {}}, {"space": {"task": [], "names": [], "facts": {}}}],
    ],
)
def test_a_field_of_another_type_is_not_looked_at_later(model: Path, changes: dict[str, Any]) -> None:
    rewrite(model, **changes)
    with pytest.raises(ClassifierError, match=r"incomplete: a field is of another type|cannot be used"):
        load(model)


def test_a_record_that_is_nested_without_end(model: Path) -> None:
    (model / model_format.RECORD).write_text("[" * 100_000)
    with pytest.raises(ClassifierError, match=r"not JSON \(nested too deeply\); copy the whole model folder again"):
        load(model)


def test_arrays_of_another_novelty_get_a_clear_error(model: Path) -> None:
    """Of a right digest, so that they are met first where many photos are asked about."""
    arrays = load_file(model / model_format.NOVELTY_ARRAYS)
    save_file({name: array for name, array in arrays.items() if name != "centre"}, model / model_format.NOVELTY_ARRAYS)
    rewrite(model, novelty_sha256=hash_file(model / model_format.NOVELTY_ARRAYS))
    with pytest.raises(ClassifierError, match=r"safetensors' does not belong to model\.json: .*; copy the whole"):
        load(model).predict(draw_photos() * (BATCH_FROM // 4))


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ClassifierError, match="no such folder"):
        load(tmp_path / "nowhere")


def test_the_least_shrinking_of_specs() -> None:
    def spec(size: int, permille: int) -> ImageSpec:
        return ImageSpec(size, permille, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))

    small, large, close = spec(224, 875), spec(299, 1000), spec(224, 700)
    assert largest_spec([small, large]) == largest_spec([large, small]) == large
    assert largest_spec([small, close, large]) == close  # of a narrow crop more pixels are wanted


def test_a_name_that_is_too_long_is_no_folder() -> None:
    with pytest.raises(ClassifierError, match="is not a saved classifier: no such folder"):
        model_format.find_model(Path(300 * "a"))
