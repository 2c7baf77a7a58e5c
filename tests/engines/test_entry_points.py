"""An engine of another package is one file and one entry point."""

import json
from pathlib import Path

import pytest

from headstart.backbones.backbone import Backbone
from headstart.backbones.convert import load_backbone
from headstart.engines.choose import ENGINES, choose_engine, rank_engines
from headstart.engines.parity import ParitySamples
from headstart.settings import FitSettings
from headstart_runtime.errors import EngineError, SettingError
from headstart_runtime.hardware import Hardware
from tests.conftest import Warm
from tests.plugins import install_plugin

ENGINE = '''
from headstart.engines.parity import EngineChoice
from headstart_runtime.libraries import import_onnxruntime


class OrtEngine:
    """ONNX Runtime, one call at a time."""

    name, precision, batch, streams = "meadow", "f32", 4, 1

    def __init__(self, backbone):
        self.names = [layer.name for layer in backbone.layers]
        self.session = import_onnxruntime().InferenceSession(str(backbone.graph), providers=["CPUExecutionProvider"])

    def forward(self, batch):
        return dict(zip(self.names, self.session.run(self.names, dict(batch))))

    def subgraph(self, write, tensors, outputs, precision):
        return None


class Factory:
    name, title = "meadow", "Meadow"

    def rank(self, backbone, hardware):
        return 5.0 if hardware.cores else None

    def start(self, backbone, samples, precision, listener):
        return EngineChoice(OrtEngine(backbone), ())


FACTORY = Factory()
'''


@pytest.fixture
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site"
    install_plugin(package, "meadow", "headstart.engines", "meadow_engine:FACTORY")
    (package / "meadow_engine.py").write_text(ENGINE)
    monkeypatch.syspath_prepend(str(package))


@pytest.mark.usefixtures("_installed")
def test_an_engine_of_another_package_may_be_asked_for_by_name() -> None:
    assert FitSettings.load(engine="meadow").engine == "meadow"
    with pytest.raises(SettingError, match="unknown engine 'meado'; did you mean 'meadow'"):
        FitSettings.load(engine="meado")


@pytest.mark.usefixtures("_installed")
def test_an_engine_of_another_package_is_chosen_and_fitted_with(small: Warm, tmp_path: Path) -> None:
    store = small.new_store(tmp_path / "store")
    backbone = load_backbone(small.name, store / "networks")
    assert [factory.name for factory in rank_engines(backbone, Hardware(2))] == ["meadow", "openvino", "pytorch"]
    run = small.fit(arms="linear-probe", out=tmp_path / "run", store=store)
    record = json.loads((tmp_path / "run" / "run.json").read_text("utf-8"))
    assert record["engine"] == {"name": "meadow", "precision": "f32"}
    photo = next((small.photos / run.classes[0]).iterdir())
    assert run.classifier.predict(photo).label in run.classes


def test_where_there_is_a_gpu_pytorch_comes_first(small: Warm) -> None:
    backbone: Backbone = load_backbone(small.name, small.store / "networks")
    first, *_ = rank_engines(backbone, Hardware(8, "cuda"))
    assert first is ENGINES["pytorch"]


def test_an_engine_that_is_not_installed_is_named(small: Warm) -> None:
    backbone = load_backbone(small.name, small.store / "networks")
    with pytest.raises(EngineError, match="no engine 'openvine' is installed; did you mean 'openvino'"):
        choose_engine(backbone, ParitySamples("none", lambda: pytest.fail("no check is due")), engine="openvine")
