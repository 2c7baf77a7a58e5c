"""Networks of 32 pixels and some ten thousand weights that are registered, loaded and converted like any backbone.

They are for tests that need a network, not one in particular: a pass over 42 photos takes milliseconds. There is
one for each way to build a network: ``FAMILIES``. A name is ``timm:headstart_small@FILE``; the weights are drawn by the
tests, so features are those of random convolutions. ``python -m tests.small_network WORDS`` is the command line in a
process that knows them.
"""

import sys
from pathlib import Path
from typing import Any

import timm
import torch
from safetensors.torch import save_file
from timm.models import build_model_with_cfg, generate_default_cfgs, register_model
from timm.models._efficientnet_builder import decode_arch_def
from timm.models.convnext import ConvNeXt
from timm.models.efficientnet import EfficientNet
from timm.models.resnet import BasicBlock, ResNet
from timm.models.vision_transformer import VisionTransformer
from torch import nn

SIZE = 32
LARGER = 48  #: of the ConvNeXt, so that two networks may differ in it
ARCHITECTURE = "headstart_small"  #: the one that the fixture ``small`` has
WIDTH = 64  #: of its last features
FAMILIES = {
    "EfficientNet": ARCHITECTURE,
    "ResNet": "headstart_small_resnet",
    "ConvNeXt": "headstart_small_convnext",
    "ViT": "headstart_small_vit",
}


def _described(first: str, classifier: str, pool: int | None, size: int = SIZE) -> dict[str, Any]:
    """What timm wants to know of an architecture."""
    edges = {"input_size": (3, size, size), "pool_size": (pool, pool) if pool else None, "crop_pct": 1.0}
    colours = {"interpolation": "bilinear", "mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)}
    return {**edges, **colours, "num_classes": 1000, "first_conv": first, "classifier": classifier}


default_cfgs = generate_default_cfgs(
    {
        FAMILIES["EfficientNet"]: _described("conv_stem", "classifier", 4),
        FAMILIES["ResNet"]: _described("conv1", "fc", 2),
        FAMILIES["ConvNeXt"]: _described("stem.0", "head.fc", 3, LARGER),
        FAMILIES["ViT"]: _described("patch_embed.proj", "head", None),
    }
)


@register_model
def headstart_small(pretrained: bool = False, **options: Any) -> EfficientNet:
    """Stages of 16, 8 and 4 pixels: depthwise and pointwise convolutions, BatchNorm, ReLU6, as EfficientNet-Lite."""
    stages = decode_arch_def([["ds_r1_k3_s1_e1_c12"], ["ir_r1_k3_s2_e3_c16"], ["ir_r1_k5_s2_e3_c24"]])
    given = {"block_args": stages, "num_classes": 1000, "stem_size": 12, "num_features": WIDTH, **options}
    return build_model_with_cfg(
        EfficientNet, ARCHITECTURE, pretrained, norm_layer=nn.BatchNorm2d, act_layer=nn.ReLU6, **given
    )


@register_model
def headstart_small_resnet(pretrained: bool = False, **options: Any) -> ResNet:
    """Plain convolutions with BatchNorm and shortcuts."""
    shape = {"block": BasicBlock, "layers": (1, 1, 1, 1), "channels": (8, 12, 16, 24), "stem_width": 8}
    given = {**shape, "stem_type": "", "num_classes": 1000, **options}
    return build_model_with_cfg(ResNet, "headstart_small_resnet", pretrained, **given)


@register_model
def headstart_small_convnext(pretrained: bool = False, **options: Any) -> ConvNeXt:
    """Depthwise 7 x 7, LayerNorm over channels, a perceptron at each place; no BatchNorm; of 48 pixels."""
    shape = {"depths": (1, 1, 1, 1), "dims": (8, 12, 16, 24), "patch_size": 2, "ls_init_value": 1.0}
    given = {**shape, "num_classes": 1000, **options}
    return build_model_with_cfg(ConvNeXt, "headstart_small_convnext", pretrained, **given)


@register_model
def headstart_small_vit(pretrained: bool = False, **options: Any) -> VisionTransformer:
    """Patches of 8 x 8, a class token, eight blocks of attention."""
    shape = {"img_size": SIZE, "patch_size": 8, "embed_dim": 24, "depth": 8, "num_heads": 2}
    return build_model_with_cfg(
        VisionTransformer, "headstart_small_vit", pretrained, **{**shape, "num_classes": 1000, **options}
    )


def write_weights(file: Path, architecture: str = ARCHITECTURE) -> Path:
    """Random weights, drawn by a fixed seed; statistics as of grainy pictures, not the identity they start as."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        body = timm.create_model(architecture, pretrained=False)
        for module in body.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = None  # the mean over what it sees
        coarse = nn.functional.interpolate(torch.rand(256, 3, 8, 8) * 2 - 1, SIZE)
        with torch.no_grad():
            body.train()(coarse + 0.1 * torch.randn(256, 3, SIZE, SIZE))
        save_file(body.state_dict(), file)
    return file


def name_of(weights: Path, architecture: str = ARCHITECTURE) -> str:
    """What the catalogue calls it."""
    return f"timm:{architecture}@{weights}"


if __name__ == "__main__":
    from headstart.cli.main import main

    sys.exit(main())
