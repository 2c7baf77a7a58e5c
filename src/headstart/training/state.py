"""PyTorch's state that there is once for the whole process, changed for a training and given back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from headstart.process import Override
from headstart_runtime.hardware import count_cores


def _all_cores() -> Callable[[], object]:
    before = torch.get_num_threads()
    torch.set_num_threads(count_cores())
    return lambda: torch.set_num_threads(before)


use_all_cores = Override(_all_cores)  #: a context in which PyTorch computes on all cores that this process may use


@contextmanager
def isolate_random_state(device: torch.device) -> Iterator[None]:
    """Inside, PyTorch's random numbers may be seeded; afterwards they go on as if nothing had happened.

    Args:
        device: where numbers are drawn, beside the CPU.
    """
    devices = [torch.cuda.current_device() if device.index is None else device.index] if device.type == "cuda" else []
    apple = torch.mps.get_rng_state() if device.type == "mps" else None
    with torch.random.fork_rng(devices=devices):
        try:
            yield
        finally:
            if apple is not None:
                torch.mps.set_rng_state(apple)
