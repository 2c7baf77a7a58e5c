"""Networks on a GPU: how their values lie in its memory, and the one thread that computes there.

cuDNN prepares each convolution for each shape of batch and each thread anew. For depthwise convolutions in
channels-last order that takes seconds for each shape: on an H100 (cuDNN 9.19) 2 to 6 s for the forward pass of
EfficientNet-Lite0 and 6 to 15 s for a training step, where PyTorch's own kernels, which it takes for the plain order,
are ready after 0.1 s and run at three quarters of the speed forward, at the same in training.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

#: Parts that a GPU computes at a time: more make it no faster, and threads that decode would wait for each other.
GPU_BATCH = 64

N = TypeVar("N", bound=nn.Module)
R = TypeVar("R")


def place_network(network: N, device: torch.device) -> N:
    """Return a network after moving it to a device, in the order of memory that is fast there."""
    depthwise = [module for module in network.modules() if is_depthwise(module)] if device.type == "cuda" else []
    for convolution in depthwise:
        convolution.register_forward_pre_hook(_make_contiguous)
    order = torch.contiguous_format if depthwise else torch.channels_last
    return network.to(device, memory_format=order)


def is_depthwise(module: nn.Module) -> bool:
    """Return whether a module is a convolution of each channel by itself."""
    return isinstance(module, nn.Conv2d) and module.groups == module.in_channels > 1


def _make_contiguous(_module: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...] | None:
    values: Tensor = inputs[0]
    # Elsewhere, and where a network is traced for export, values stay as they are.
    return (values.contiguous(), *inputs[1:]) if values.is_cuda else None


def run_on_device(device: torch.device, work: Callable[[], R]) -> R:
    """Return what work gives; on CUDA one thread does the work of all that ask, so convolutions are prepared once."""
    return _device_thread().submit(work).result() if device.type == "cuda" else work()


@cache
def _device_thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "gpu")
