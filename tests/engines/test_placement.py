"""Networks on a GPU: what is prepared where, and that rows are those of the processor."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn

from headstart.engines.placement import is_depthwise, place_network, run_on_device

CPU = torch.device("cpu")


def network() -> nn.Sequential:
    """A plain convolution, a depthwise one and one of groups of two channels."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.Conv2d(8, 8, 1, groups=4)
    ).eval()


def test_depthwise_convolutions_are_known_from_others() -> None:
    assert [is_depthwise(module) for module in network()] == [False, True, False]
    assert not is_depthwise(nn.Conv2d(1, 8, 3)), "one channel is not one of many"
    assert not is_depthwise(nn.Linear(3, 3))


def test_on_a_processor_networks_lie_channels_last() -> None:
    placed = place_network(network(), CPU)
    assert placed[0].weight.is_contiguous(memory_format=torch.channels_last)
    assert not any(module._forward_pre_hooks for module in placed)


def test_one_thread_works_for_all_that_ask_a_gpu() -> None:
    cuda = torch.device("cuda")
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(run_on_device, cuda, threading.get_ident) for _ in range(16)]
        threads = {one.result() for one in asked}
    assert len(threads) == 1
    assert threading.get_ident() not in threads
    assert run_on_device(CPU, threading.get_ident) == threading.get_ident()


def test_an_error_on_the_device_is_raised_where_it_was_asked_for() -> None:
    with pytest.raises(ZeroDivisionError):
        run_on_device(torch.device("cuda"), lambda: 1 // 0)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_on_a_gpu_the_values_are_the_same_and_a_depthwise_one_sees_the_plain_order() -> None:
    seen: list[bool] = []
    device, values = torch.device("cuda"), torch.randn(4, 3, 16, 16)
    with torch.inference_mode():
        wanted = network()(values)
        placed = place_network(network(), device)
        placed[1].register_forward_hook(lambda _module, inputs, _output: seen.append(inputs[0].is_contiguous()))
        got = placed(values.to(device).contiguous(memory_format=torch.channels_last)).cpu()
    assert seen == [True]
    torch.testing.assert_close(got, wanted, atol=2e-3, rtol=2e-3)
