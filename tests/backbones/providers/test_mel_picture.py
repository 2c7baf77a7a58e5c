"""Mels as pictures for a network of photos: the graph draws what NumPy draws."""

import numpy as np
import pytest

from headstart.backbones.catalog import resolve_origin
from headstart.backbones.providers.mel_picture import draw_picture
from headstart.backbones.zoo import build_network, load_network
from headstart_runtime.errors import BackboneError
from headstart_runtime.libraries import start_onnxruntime
from headstart_runtime.modalities.sound.spec import MASK, MELS


def test_the_graph_gives_the_features_of_the_drawn_mels() -> None:
    built = build_network(resolve_origin("mel:efficientnet_lite0"))
    session = start_onnxruntime(built.graph.SerializeToString())
    names = [layer.name for layer in built.layers]
    found = session.run(names, dict(built.reference.batch))
    for name, rows in zip(names, found, strict=True):
        wanted = built.reference.rows[name]
        cosine = (rows * wanted).sum() / np.linalg.norm(rows) / np.linalg.norm(wanted)
        assert cosine > 0.999, name
    shorter = {MELS: built.reference.batch[MELS][:1, :50], MASK: np.ones((1, 50), np.float32)}
    assert session.run(names, shorter)[-1].shape == (1, built.layers[-1].width)


def test_time_runs_to_the_right_and_pitch_upwards() -> None:
    mels = np.full((1, 20, 64), -90, np.float32)
    mels[0, 15:, 60:] = 0
    drawn = draw_picture(mels, 40)[0, :, :, 0]
    assert drawn[:2, 35:].min() > 200
    assert drawn[5:].max() == 0
    assert drawn[:, :25].max() == 0


def test_other_names_are_refused() -> None:
    with pytest.raises(BackboneError, match=r"cannot look at mels; did you mean 'efficientnet_lite\d'"):
        resolve_origin("mel:efficientnet_lite9")
    with pytest.raises(BackboneError, match="cannot be trained"):
        load_network(resolve_origin("mel:efficientnet_lite0"))
