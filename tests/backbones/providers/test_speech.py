"""The speech embedding: its graph and its PyTorch module give what TensorFlow Lite gives."""

from pathlib import Path

import numpy as np
import pytest
import torch

from headstart.backbones.catalog import resolve_origin
from headstart.backbones.graph import list_carried, trace
from headstart.backbones.loaded import BuiltNetwork
from headstart.backbones.providers import speech
from headstart.backbones.providers.speech_graph import LAYERS
from headstart.backbones.zoo import build_network, load_network
from headstart_runtime.errors import BackboneError
from headstart_runtime.libraries import start_onnxruntime
from tests.fixtures.make_speech_rows import embed, pool_clip
from tests.fixtures.tflite_library import has_tflite


@pytest.fixture(scope="module")
def built() -> BuiltNetwork:
    return build_network(resolve_origin("speech-embedding"))


def test_the_graph_gives_the_rows_that_were_kept(built: BuiltNetwork) -> None:
    session = start_onnxruntime(built.graph.SerializeToString())
    found = session.run([layer.name for layer in LAYERS], dict(built.reference.batch))
    for layer, rows in zip(built.layers, found, strict=True):
        assert rows.shape == (2, layer.width)
        np.testing.assert_allclose(rows, built.reference.rows[layer.name], atol=1e-4, err_msg=layer.name)


@pytest.mark.skipif(not has_tflite(), reason="its library is not in the wheel for this machine")
def test_the_rows_that_were_kept_are_those_of_tensorflow_lite(built: BuiltNetwork) -> None:
    mels, mask = speech.draw_mels()
    pooled, final = pool_clip(embed(mels[1][: int(mask[1].sum())]))
    np.testing.assert_allclose(built.reference.rows["pooled"][1], pooled, atol=1e-4)
    np.testing.assert_allclose(built.reference.rows["final"][1], final, atol=1e-4)


def test_the_module_gives_the_same_and_can_be_cut(built: BuiltNetwork) -> None:
    loaded = load_network(resolve_origin("speech_embedding"))
    with torch.inference_mode():
        found = loaded.network(*(torch.from_numpy(one) for one in built.reference.batch.values()))
    for layer, rows in zip(LAYERS, found, strict=True):
        np.testing.assert_allclose(rows.numpy(), built.reference.rows[layer.name], atol=1e-4, err_msg=layer.name)
    assert loaded.parameters == speech.PARAMETERS
    traced = trace(loaded)
    assert [part.name for part in traced.sections] == [layer.name for layer in LAYERS]
    assert [one.name for one in list_carried(traced, "stage3")] == ["mask"]


def test_another_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / speech.FILE
    file.write_bytes(b"changed")
    monkeypatch.setattr(speech, "find_speech_file", lambda: file)
    with pytest.raises(BackboneError, match=r"SHA-256 .* wanted c0aea21eb84a"):
        resolve_origin("speech_embedding")


def test_without_the_wheel_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech, "find_speech_file", lambda: None)
    monkeypatch.setattr("headstart_runtime.extras.find_spec", lambda name: None)
    with pytest.raises(BackboneError, match=r"pyopen-wakeword.*headstart\[sound\]"):
        resolve_origin("speech_embedding")
    assert [one.is_local for one in speech.SpeechProvider().search("speech*")] == [False]
