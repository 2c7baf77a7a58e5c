from collections.abc import Callable
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file

from headstart.backbones.catalog import resolve_origin
from headstart.backbones.graph import TracedNetwork, trace
from headstart.backbones.zoo import load_network

#: network(architecture) -> a small network's graph, with weights and statistics that the test made
Network = Callable[[str], TracedNetwork]


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def network(tmp_path: Path) -> Network:
    def make(architecture: str) -> TracedNetwork:
        if architecture.startswith("efficientnet_lite"):
            return trace(load_network(resolve_origin(architecture)))
        torch.manual_seed(0)
        body = timm.create_model(architecture, pretrained=False)
        for module in body.modules():  # statistics as after training, not the identity they start as
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 1.5)
        save_file(body.state_dict(), tmp_path / f"{architecture}.safetensors")
        return trace(load_network(resolve_origin(f"timm:{architecture}@{tmp_path / architecture}.safetensors")))

    return make
