"""A network of 32 pixels and a few thousand weights that is registered, loaded and converted like any backbone.

It is for tests that need a network, not one network in particular: a pass over 42 photos takes milliseconds. Its name
is ``timm:headstart_small@FILE``; the weights are drawn by the tests, so its features are those of random convolutions.
``python -m tests.small_network WORDS`` is the command line in a process that knows it.
"""

import sys
from pathlib import Path
from typing import Any

import timm
import torch
from safetensors.torch import save_file
from timm.models import build_model_with_cfg, generate_default_cfgs, register_model
from timm.models._efficientnet_builder import decode_arch_def
from timm.models.efficientnet import EfficientNet
from torch import nn

ARCHITECTURE = "headstart_small"
SIZE = 32
WIDTH = 64  #: of its last features
default_cfgs = generate_default_cfgs(
    {
        ARCHITECTURE: {
            "input_size": (3, SIZE, SIZE),
            "pool_size": (4, 4),
            "num_classes": 10,
            "crop_pct": 1.0,
            "interpolation": "bilinear",
            "mean": (0.5, 0.5, 0.5),
            "std": (0.5, 0.5, 0.5),
            "first_conv": "conv_stem",
            "classifier": "classifier",
        }
    }
)


@register_model
def headstart_small(pretrained: bool = False, **options: Any) -> EfficientNet:
    """Stages of 16, 8 and 4 pixels: depthwise and pointwise convolutions, BatchNorm, ReLU6, as EfficientNet-Lite."""
    stages = decode_arch_def([["ds_r1_k3_s1_e1_c12"], ["ir_r1_k3_s2_e3_c16"], ["ir_r1_k5_s2_e3_c24"]])
    return build_model_with_cfg(
        EfficientNet,
        ARCHITECTURE,
        pretrained,
        **{"block_args": stages, "num_classes": 10, "stem_size": 12, "num_features": WIDTH, **options},
        norm_layer=nn.BatchNorm2d,
        act_layer=nn.ReLU6,
    )


def write_weights(file: Path) -> Path:
    """Random weights, drawn by a fixed seed; statistics as of grainy pictures, not the identity they start as."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        body = timm.create_model(ARCHITECTURE, pretrained=False)
        for module in body.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = None  # the mean over what it sees
        coarse = nn.functional.interpolate(torch.rand(256, 3, 8, 8) * 2 - 1, SIZE)
        with torch.no_grad():
            body.train()(coarse + 0.1 * torch.randn(256, 3, SIZE, SIZE))
        save_file(body.state_dict(), file)
    return file


def name_of(weights: Path) -> str:
    """What the catalogue calls it."""
    return f"timm:{ARCHITECTURE}@{weights}"


if __name__ == "__main__":
    from headstart.cli.main import main

    sys.exit(main())
