from collections.abc import Callable
from pathlib import Path

import pytest
import timm
import torch

#: weights(architecture, classes=1000) -> a .safetensors file of weights that the test made
Weights = Callable[..., Path]


@pytest.fixture
def weights(tmp_path: Path) -> Weights:
    from safetensors.torch import save_file

    def make(architecture: str, *, classes: int = 1000) -> Path:
        torch.manual_seed(0)
        file = tmp_path / f"{architecture}.safetensors"
        save_file(timm.create_model(architecture, pretrained=False, num_classes=classes).state_dict(), file)
        return file

    return make
