"""Every family of backbones can be explained, and as PyTorch's own gradients say it must be."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch

from headstart.backbones.convert import load_backbone
from headstart.engines.openvino import OpenVinoEngine
from headstart.saving import EnsembleMember, FeatureBranch, FittedModel, ParityExample, write_model
from headstart.tasks.classification.targets import make_class_space
from headstart_runtime.explanation import choose_map as choose_map_module
from headstart_runtime.explanation import maps as maps_module
from headstart_runtime.explanation.explainer import Explainer
from headstart_runtime.inference.postprocess import parse_heads
from headstart_runtime.modalities.image.spec import ImageSpec
from tests.saving.drawn import draw_head
from tests.selection.made import random_weights

NAMES = ("ant", "bee", "cat")
HIRESCAM, ATTENTION = "hirescam", "attention x gradient"
QUICK = [
    ("resnet10t", HIRESCAM),
    ("mobilenetv2_035", HIRESCAM),
    ("tf_mobilenetv3_small_minimal_100", HIRESCAM),
    ("test_efficientnet", HIRESCAM),
    ("convnext_atto", HIRESCAM),
    ("test_vit", ATTENTION),
    ("test_vit2", HIRESCAM),  # the mean of its tokens
    ("test_vit3", HIRESCAM),  # pooled by attention
]
LARGE = [("vgg11", HIRESCAM), ("inception_v3", HIRESCAM), ("legacy_xception", HIRESCAM)]
SLOW = [
    ("densenet121", HIRESCAM),
    ("vit_tiny_patch16_224", ATTENTION),
    ("deit_tiny_patch16_224", ATTENTION),
    ("swin_tiny_patch4_window7_224", HIRESCAM),
]


def saved(architecture: str, folder: Path, layers: str = "final") -> Explainer:
    """A classifier on random weights with a drawn head."""
    file = random_weights(architecture, folder / "weights.safetensors")
    backbone = load_backbone(f"timm:{architecture}@{file}", folder / "networks")
    names = tuple(it.name for it in backbone.layers) if layers == "all" else (layers,)
    square = draw(backbone.spec)
    rows = OpenVinoEngine(backbone, "f32", streams=1).forward({"pixels": square[None]})
    row = np.concatenate([rows[name][0] for name in names])
    head = draw_head(len(row), 3, scale=3 / np.sqrt(np.square(row).mean()))
    parts = FittedModel(
        make_class_space(NAMES), (FeatureBranch(backbone, "openvino", "f32", names),), (EnsembleMember((0,), head),)
    )
    write_model(parts, folder / "model", [ParityExample(partial(np.asarray, square), (row,))])
    return Explainer(folder / "model")


def draw(spec: ImageSpec) -> np.ndarray:
    """Noise of two scales, light in one corner."""
    chance = np.random.default_rng(2)
    noise = chance.integers(0, 120, (spec.size, spec.size, 3))
    noise[: spec.size // 2, : spec.size // 3] += chance.integers(0, 130, (1, 1, 3))
    return noise.astype(np.uint8)


def by_pytorch(architecture: str, weights: Path, square: np.ndarray, spec: ImageSpec, gradient: Any) -> Any:
    """Gradient times activation, summed over channels, of a head's gradient by the features; (h, w), no offset."""
    from safetensors.torch import load_file

    body = timm.create_model(architecture, pretrained=False).eval()
    body.load_state_dict(load_file(weights))
    pixels = torch.tensor(square[None]).permute(0, 3, 1, 2) / 255
    mean, std = (torch.tensor(it).view(1, 3, 1, 1) for it in (spec.mean, spec.std))
    kept: list[torch.Tensor] = []
    if hasattr(body, "blocks") and getattr(body, "global_pool", None) == "token":
        last = body.blocks[-1].attn
        last.fused_attn = False
        last.attn_drop.register_forward_hook(lambda module, given, out: (out.retain_grad(), kept.append(out))[0])
        pixels.requires_grad_()
        final = body.forward_head(body.forward_features((pixels - mean) / std), pre_logits=True)
    else:
        kept.append(body.forward_features((pixels - mean) / std).detach().requires_grad_())
        final = body.forward_head(kept[0], pre_logits=True)
    (final.flatten() @ torch.tensor(gradient)).backward()
    part = (kept[0] * kept[0].grad)[0].detach().numpy()
    if part.ndim == 3 and kept and part.shape[-1] == part.shape[-2] and hasattr(body, "num_prefix_tokens"):
        row = part.sum(axis=0)[0]  # heads summed; what the class token takes
        row = row[body.num_prefix_tokens :]
        return row.reshape(int(len(row) ** 0.5), -1)
    if part.ndim == 2:
        rows = part[getattr(body, "num_prefix_tokens", 0) :].sum(axis=1)
        return rows.reshape(int(len(rows) ** 0.5), -1)
    return part.sum(axis=0 if part.shape[1] == part.shape[2] else 2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("architecture", "method"),
    [
        *QUICK,
        *(pytest.param(*it, marks=pytest.mark.slow) for it in SLOW),
        *(pytest.param(*it, marks=pytest.mark.large) for it in LARGE),
    ],
)
def test_places_get_what_gradients_give_them(
    architecture: str, method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maps_module, "MOST_COSTLY", 10_000)
    made = saved(architecture, tmp_path)
    assert made.method == method
    spec = made.record.branches[0].spec
    square = draw(spec)
    heat = made.explain(square, "bee")
    values = made._compute(made.modality.open(square))
    (((weight, _),),) = parse_heads((made.folder / "head.safetensors").read_bytes(), 1)
    gradient = weight[:, 1] - weight.mean(axis=1)
    wanted = by_pytorch(architecture, tmp_path / "weights.safetensors", square, spec, gradient)
    places = made._attribute(values, 1)
    assert places.shape == wanted.shape
    wanted = wanted * wanted.size
    if method == HIRESCAM:  # what no place is responsible for is spread over all
        places, wanted = places - places.mean(), wanted - wanted.mean()
    assert np.ptp(wanted) > 0
    # VGG's last layers switch some of their many ReLU within the step, most of all with random weights.
    share = 0.06 if architecture == "vgg11" else 0.03
    np.testing.assert_allclose(places, wanted, atol=share * np.abs(wanted).max())
    assert heat.values.shape == wanted.shape
    assert heat.values.min() >= 0
    assert heat.values.max() in (0, 1)


@pytest.mark.parametrize(
    "architecture", ["mobilenetv2_035", pytest.param("convnext_atto", marks=pytest.mark.slow), "test_vit"]
)
def test_all_layers_joined(architecture: str, tmp_path: Path) -> None:
    made = saved(architecture, tmp_path, "all")
    heat = made.explain(draw(made.record.branches[0].spec))
    assert heat.method.startswith("hirescam")
    assert heat.values.max() == 1
    assert np.ptp(heat.values) > 0.1


def test_places_are_measured_in_groups_under_attention(tmp_path: Path) -> None:
    """Ten by ten of them, two by two: 25 answers instead of 100."""
    made = saved("test_vit3", tmp_path)
    values = made.explain(draw(made.record.branches[0].spec)).values
    assert values.shape == (10, 10)
    blocks = values.reshape(5, 2, 5, 2)
    np.testing.assert_allclose(blocks, np.broadcast_to(blocks[:, :1, :, :1], blocks.shape), atol=1e-6)
    assert len(np.unique(values.round(5))) > 5


def test_rollout_where_the_last_block_is_of_another_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By hand: half of each token stays where it is, half comes as attention, averaged over heads, says."""
    monkeypatch.setattr(choose_map_module, "_read_last_block", lambda *_: None)
    made = saved("test_vit", tmp_path)
    assert made.method == "rollout"
    square = draw(made.record.branches[0].spec)
    values = made._compute(made.modality.open(square)).whole
    blocks = [values[name][0].astype(float).mean(axis=0) for name in made._branches[0][0].map.tensors]
    assert len(blocks) == 6
    flow = np.eye(len(blocks[0]))
    for block in blocks:
        flow = (0.5 * block + 0.5 * np.eye(len(block))) @ flow
    label = NAMES[int(values["probabilities"].argmax())]
    heat = made.explain(square, label).values.ravel()
    np.testing.assert_allclose(heat, flow[0, 1:] / flow[0, 1:].max(), rtol=1e-3)
