"""YAMNet from a file of the user's own, here a small one that the test draws; held to TensorFlow Lite."""

from pathlib import Path

import numpy as np
import pytest

from headstart.backbones.catalog import resolve_origin
from headstart.backbones.convert import load_backbone
from headstart.backbones.providers.tflite.model import read_tflite
from headstart.backbones.providers.yamnet import YAMNET_MELS, YAMNET_SPEC
from headstart.backbones.zoo import build_network, load_network
from headstart_runtime.errors import BackboneError
from headstart_runtime.libraries import start_onnxruntime
from headstart_runtime.modalities.sound.mels import compute_mels
from headstart_runtime.modalities.sound.spec import MASK, MELS
from tests.backbones.providers.tflite_file import ModelWriter, Table, draw_yamnet
from tests.fixtures.tflite_library import has_tflite, run_tflite


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "yamnet.tflite"
    made.write_bytes(draw_yamnet())
    return made


@pytest.mark.skipif(not has_tflite(), reason="its library is not in the wheel for this machine")
def test_it_gives_what_tensorflow_lite_gives(file: Path) -> None:
    built = build_network(resolve_origin(f"yamnet@{file}"))
    assert [(layer.name, layer.width) for layer in built.layers] == [("stage1", 4), ("final", 8)]
    assert built.parameters == 40 + 40 + 40 + 27
    patches = np.random.default_rng(1).normal(0, 1, (3, 96, 64)).astype(np.float32)
    session = start_onnxruntime(built.graph.SerializeToString())
    (rows,) = session.run(["final"], {MELS: patches, MASK: np.ones((3, 96), np.float32)})
    expected = [run_tflite(file, patch[None, :, :, None]) for patch in patches]
    np.testing.assert_allclose(rows, expected, atol=1e-5)


def test_it_is_converted_and_read_again(file: Path, tmp_path: Path) -> None:
    made = load_backbone(f"yamnet@{file}", tmp_path / "networks")
    assert made.spec == YAMNET_SPEC
    assert load_backbone(f"yamnet@{file}", tmp_path / "networks").fingerprint == made.fingerprint
    assert YAMNET_SPEC.frames == 96


def test_its_mels_are_the_published_ones() -> None:
    """As TensorFlow's models have them: frames of 25 ms each 10 ms, magnitudes, log of the energy and .001."""
    wave = np.random.default_rng(0).normal(0, 0.1, 2000).astype(np.float32)
    frames = np.stack([wave[start : start + 400] for start in range(56, 2000 - 456, 160)])
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    spectra = np.abs(np.fft.rfft(frames * window, 512))
    edges = 1127 * np.log(1 + np.array([125.0, 7500.0]) / 700)
    bands = np.linspace(*edges, 66)
    at = 1127 * np.log(1 + np.linspace(0, 8000, 257) / 700)[:, None]
    up, down = (at - bands[:-2]) / np.diff(bands)[:-1], (bands[2:] - at) / np.diff(bands)[1:]
    weights = np.maximum(0, np.minimum(up, down))
    weights[0] = 0
    expected = np.log(spectra @ weights + 0.001)
    found = compute_mels(wave[None], YAMNET_MELS, 16000)[0]
    np.testing.assert_allclose(found[: len(expected)], expected, atol=1e-5)


def test_files_that_are_none_are_refused(file: Path, tmp_path: Path) -> None:
    for name, said in (
        ("yamnet", r"wanted yamnet@FILE\.tflite"),
        (f"yamnet@{tmp_path / 'other.tflite'}", "is not there"),
    ):
        with pytest.raises(BackboneError, match=said):
            resolve_origin(name)
    for content in (b"", b"nothing", draw_yamnet()[:900], draw_yamnet()[:40]):
        file.write_bytes(content)
        with pytest.raises(BackboneError, match="TensorFlow Lite model"):
            build_network(resolve_origin(f"yamnet@{file}"))
    with pytest.raises(BackboneError, match="cannot be trained"):
        load_network(resolve_origin(f"yamnet@{file}"))
    writer = ModelWriter()
    one, other = writer.tensor("one", (1, 4)), writer.tensor("other", (1, 4))
    writer.operator(14, [one], [other], 0, Table())
    file.write_bytes(writer.write([one], [other]))
    with pytest.raises(BackboneError, match="not YAMNet: it has no convolution"):
        build_network(resolve_origin(f"yamnet@{file}"))


def test_damaged_files_raise_nothing_else() -> None:
    content, chance = draw_yamnet(), np.random.default_rng(0)
    for _ in range(150):
        changed = bytearray(content)
        for place in chance.integers(0, 2000, 4):
            changed[place] = int(chance.integers(0, 256))
        try:
            read_tflite(bytes(changed))
        except BackboneError as error:
            assert "TensorFlow Lite" in str(error)  # noqa: PT017
