"""Every engine runs a small member of every family of networks, with weights that the test made."""

from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file

from headstart.backbones.convert import load_backbone
from headstart.engines.openvino import OpenVinoEngine
from headstart.engines.parity import LEAST_COSINE, check_parity
from headstart.engines.pytorch import PyTorchEngine

FAMILIES = (
    "resnet10t",
    "mobilenetv2_035",
    pytest.param("convnext_atto", marks=pytest.mark.slow),
    pytest.param("vit_tiny_patch16_224", marks=pytest.mark.slow),  # a smaller one of its kind is the last
    "test_vit",
)


@pytest.mark.parametrize("architecture", FAMILIES)
def test_openvino_gives_pytorchs_features(architecture: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    body = timm.create_model(architecture, pretrained=False)
    for module in body.modules():  # statistics as after training, not the identity they start as
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    save_file(body.state_dict(), tmp_path / "weights.safetensors")
    backbone = load_backbone(f"timm:{architecture}@{tmp_path / 'weights.safetensors'}", tmp_path / "networks")
    size = backbone.spec.size
    photos = {"pixels": np.random.default_rng(0).integers(0, 256, (4, size, size, 3), dtype=np.uint8)}
    reference = PyTorchEngine(backbone, "f32", device="cpu")
    expected = reference.forward(photos)
    assert {layer.name: layer.width for layer in backbone.layers} == {k: v.shape[1] for k, v in expected.items()}
    engine = OpenVinoEngine(backbone, "f32")
    got = engine.forward(photos)
    for layer, rows in expected.items():
        assert got[layer].dtype == rows.dtype == np.float32
        np.testing.assert_allclose(got[layer], rows, rtol=1e-2, atol=1e-3 * max(1, np.abs(rows).max()))
    assert check_parity(engine, reference, photos).row_cosine >= LEAST_COSINE
