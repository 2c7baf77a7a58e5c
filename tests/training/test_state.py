"""What PyTorch has once for the process is afterwards what it was."""

from contextlib import ExitStack
from pathlib import Path

import pytest
import torch

from headstart.backbones.catalog import resolve_origin
from headstart.backbones.zoo import build_untrained, load_network
from headstart.training import state
from headstart.training.loop import Trainer
from headstart.training.state import isolate_random_state, use_all_cores
from tests.selection.made import random_weights
from tests.training.test_rate_finder import Rows, Small, plan


def test_threads_are_given_back_also_by_two_that_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "count_cores", lambda: 2)
    torch.set_num_threads(1)
    first, second = ExitStack(), ExitStack()
    first.enter_context(use_all_cores())
    assert torch.get_num_threads() == 2
    second.enter_context(use_all_cores())
    first.close()
    assert torch.get_num_threads() == 2
    second.close()
    assert torch.get_num_threads() == 1


def test_random_numbers_go_on_as_if_nothing_had_happened() -> None:
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    with isolate_random_state(torch.device("cpu")):
        torch.manual_seed(7)
        torch.rand(10)
    assert torch.equal(torch.rand(3), wanted)


def test_a_training_leaves_random_numbers_alone() -> None:
    """It seeds them in each epoch, for dropout."""
    network, train, held_out = Small(), Rows(), Rows(seed=1)
    before = torch.get_rng_state()
    Trainer(network, train, held_out, plan()).run()  # type: ignore[arg-type]
    assert torch.equal(torch.get_rng_state(), before)


def test_loading_a_network_draws_weights_and_leaves_no_trace(tmp_path: Path) -> None:
    file = random_weights("test_efficientnet", tmp_path / "weights.safetensors")
    origin = resolve_origin(f"timm:test_efficientnet@{file}")
    before = torch.get_rng_state()
    load_network(origin)
    build_untrained(origin, 3)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_default_dtype() is torch.float32
    assert not torch.are_deterministic_algorithms_enabled()
