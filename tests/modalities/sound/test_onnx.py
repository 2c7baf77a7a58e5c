"""Windows and mels inside the graph, held to those of the host."""

from dataclasses import replace

import numpy as np
import pytest
from onnx import TensorProto, helper

from headstart.modalities.graph_builder import GraphBuilder
from headstart_runtime.libraries import start_onnxruntime
from headstart_runtime.modalities.checks import collate_parts
from headstart_runtime.modalities.modality import get_modality
from headstart_runtime.modalities.sound.onnx import WAVEFORM, SoundPreprocessing
from headstart_runtime.modalities.sound.spec import LENGTH, MASK, MELS, WINDOWS, SoundSpec
from headstart_runtime.modalities.sound.speech_spec import SPEECH_SPEC

MODALITY = get_modality("sound")
SPEC = replace(SPEECH_SPEC, window=8000, hop=5000)
OTHER = replace(
    SPEC,
    margin=0,
    mels=replace(
        SPEECH_SPEC.mels, scale="htk", is_normalized=False, power=1, log="natural", floor=1e-3, range=0, amplitude=1.0
    ),
)
TOLD = replace(SPEC, mels=None, margin=0, normalized=True, least=400)
KALDI = replace(
    OTHER,
    mels=replace(OTHER.mels, low=20, high=8000, bands=48, power=2, floor=1e-7, factor=0.1, offset=0.4, kaldi=True),
)
SPECS = {"speech": SPEC, "other": OTHER, "waveform": replace(SPEC, mels=None, margin=0), "told": TOLD, "kaldi": KALDI}


def build(spec: SoundSpec) -> object:
    """Return a session of the graph from a clip to the tensors of a network."""
    builder = GraphBuilder()
    found = SoundPreprocessing().add(builder, spec, "input0/")
    outputs = [builder.node("Identity", [node], name) for name, node in found.items()]
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        builder.nodes,
        "g",
        [info(WAVEFORM, TensorProto.FLOAT, ["samples"])],
        [info(name, TensorProto.INT64 if name == LENGTH else TensorProto.FLOAT, None) for name in outputs],
        builder.constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    return start_onnxruntime(model.SerializeToString())


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_the_graph_has_what_the_host_makes(spec: SoundSpec) -> None:
    session, chance = build(spec), np.random.default_rng(0)
    tolerances = {MELS: 2e-3, WINDOWS: 2e-5 if spec.normalized else 0}
    names = [output.name for output in session.get_outputs()]  # type: ignore[attr-defined]
    for count in (1, 3000, 8000, 8001, 20_500):
        clip = chance.normal(0, 0.1, count).astype(np.float32)
        host = collate_parts(MODALITY, MODALITY.make_parts(clip, spec), spec)
        graph = dict(zip(names, session.run(names, {WAVEFORM: clip}), strict=True))  # type: ignore[attr-defined]
        assert len(host[names[0]]) == {1: 1, 3000: 1, 8000: 1, 8001: 2, 20_500: 4}[count]
        assert set(graph) == set(host)
        for name, tensor in host.items():
            np.testing.assert_allclose(graph[name], tensor, atol=tolerances.get(name, 0), err_msg=name)
        if MELS in host:
            assert np.abs(graph[MELS] - host[MELS]).mean() < 1e-5
        assert SoundPreprocessing().describe_difference([graph], [host]) == ""


def test_a_difference_names_its_step() -> None:
    host = {MELS: np.zeros((1, 4, 2), np.float32), MASK: np.ones((1, 4), np.float32)}
    said = SoundPreprocessing().describe_difference([{**host, MELS: host[MELS] + 1}], [host])
    assert said == "the mels differ, by 1 on average (step: windows and mels)"
    plain = {WINDOWS: np.zeros((1, 4), np.float32)}
    assert SoundPreprocessing().describe_difference([plain], [plain]) == ""


def test_records_of_before_are_as_they_were() -> None:
    """New fields stand in a record only where they say something, so fingerprints of other networks stay."""
    record = SPEECH_SPEC.to_json()
    assert not {"normalized", "least"} & set(record)
    assert "kaldi" not in record["mels"]
    for spec in (SPEECH_SPEC, TOLD, KALDI):
        assert SoundSpec.from_json(spec.to_json()) == spec
    assert TOLD.to_json()["least"] == 400
