"""How much memory a piece of work takes, whatever was measured before it."""

import mmap
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from headstart.training import memory
from headstart.training.memory import (
    MemoryMeter,
    available_device_memory,
    available_memory,
    peak_memory,
    resident_memory,
)

MB = 10**6


def held(size: int) -> mmap.mmap:
    """So many bytes that really are in memory, and are given back when it is closed."""
    block = mmap.mmap(-1, size)
    for start in range(0, size, mmap.PAGESIZE):
        block[start] = 1
    return block


@pytest.fixture(params=["mark", "samples"])
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "samples":
        monkeypatch.setattr(memory, "_set_back", lambda: False)
        monkeypatch.setattr(memory, "_high_water", memory.resident_memory)


@pytest.mark.usefixtures("_way")
def test_a_smaller_piece_of_work_after_a_larger_one_is_measured() -> None:
    with MemoryMeter() as large:
        block = held(48 * MB)
    block.close()
    with MemoryMeter() as small:
        block = held(16 * MB)
    block.close()
    assert 46 * MB < large.grown < 80 * MB
    assert 14 * MB < small.grown < 40 * MB


def test_what_was_given_back_before_the_end_counts() -> None:
    if not memory._set_back():
        pytest.skip("this system has no mark to set back")
    with MemoryMeter() as meter:
        held(40 * MB).close()
        assert meter.grown > 38 * MB
    assert meter.grown > 38 * MB
    assert peak_memory() >= resident_memory() > 20 * MB


def test_one_inside_another_takes_nothing_from_it() -> None:
    with MemoryMeter() as outer:
        held(40 * MB).close()
        with MemoryMeter() as inner:
            held(10 * MB).close()
    assert inner.grown < 30 * MB < 38 * MB < outer.grown


def test_a_meter_inside_another_leaves_it_its_peak_on_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch keeps one mark too, which each meter sets back."""

    class Device:
        now = peak = 10

        def use(self, size: int) -> None:
            self.now, self.peak = size, max(self.peak, size)

        def reset_peak_memory_stats(self) -> None:
            self.peak = self.now

        def memory_allocated(self) -> int:
            return self.now

        def max_memory_allocated(self) -> int:
            return self.peak

    device = Device()
    monkeypatch.setattr(memory, "_torch_on_gpu", lambda: SimpleNamespace(cuda=device))
    with MemoryMeter() as outer:
        device.use(70)
        device.use(20)
        with MemoryMeter() as inner:
            device.use(25)
    assert (inner.device_grown, outer.device_grown) == (5, 60)


def test_the_peak_of_the_process_outlives_a_mark_that_was_set_back() -> None:
    block = held(40 * MB)
    with MemoryMeter():
        before = peak_memory()
        block.close()
    with MemoryMeter():
        pass
    assert peak_memory() >= before


def test_samples_end_with_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_set_back", lambda: False)
    with MemoryMeter() as meter:
        assert any(thread.name == "memory" for thread in threading.enumerate())
    assert not any(thread.name == "memory" for thread in threading.enumerate())
    assert meter.grown < 50 * MB


def test_a_system_without_proc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(memory, "STATUS", tmp_path / "status")
    monkeypatch.setattr(memory, "CLEAR", tmp_path / "none" / "clear_refs")
    monkeypatch.setattr(memory, "_macos_resident", lambda: 7)
    with MemoryMeter() as meter:
        pass
    assert (resident_memory(), meter.grown) == (7, 0)
    assert peak_memory() > 20 * MB
    assert available_memory() > 0
    assert available_device_memory() > 0
