import json
from pathlib import Path

import pytest
import torch
from tests.training import tiny

from headstart.engines.engine import Arithmetic
from headstart.training import trial
from headstart.training.cost import TRIAL_VERSION
from headstart.training.memory import peak_memory
from headstart.training.trainable import Trainable, blank_head
from headstart.training.trial import Speed, speeds

SQUARES = ((tiny.SIZE, tiny.SIZE, 3),) * 2
SHAPES = (8, 8, 16), (8, 8, 16)  #: up to "stage2", of a view and of the plain view


class Networks:
    """Makes what is timed, and counts it."""

    def __init__(self, boundary: str):
        self.boundary = boundary
        self.made: list[Arithmetic] = []
        self.last: Trainable | None = None

    def __call__(self, precision: Arithmetic) -> Trainable:
        self.made.append(precision)
        head = blank_head(tiny.WIDTH, 3)
        self.last = Trainable(tiny.traced(), self.boundary, head, fold=True, precision=precision, device="cpu")
        return self.last


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "SECONDS", 0.01)
    monkeypatch.setattr(trial, "ALONE", 0.0)  # other tests run beside this one


def test_what_was_measured_is_kept_and_read_again(tmp_path: Path) -> None:
    file, networks = tmp_path / "trial.json", Networks("stage2")
    first = speeds(("bf16", "f32"), networks, SHAPES, "bf16", 4, file)
    assert list(first) == networks.made == ["bf16", "f32"]
    assert all(it.windowed is not None and it.windowed > 0 for it in first.values())
    assert all(it.photos > 0 and it.scored > it.photos and it.memory >= 0 for it in first.values())
    assert speeds(("bf16", "f32"), networks, SHAPES, "bf16", 4, file) == first
    assert speeds(("f32",), networks, SHAPES, "bf16", 4, file) == {"f32": first["f32"]}
    assert networks.made == ["bf16", "f32"]


def test_a_trial_beside_other_work_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "ALONE", 2.0)  # no thread runs for longer than it takes
    file, networks = tmp_path / "trial.json", Networks("stage2")
    assert set(speeds(("f32",), networks, SHAPES, "bf16", 4, file)) == {"f32"}
    assert not file.exists()
    monkeypatch.setattr(trial, "ALONE", 0.0)
    speeds(("f32",), networks, SHAPES, "bf16", 4, file)
    assert file.exists()
    assert networks.made == ["f32", "f32"]


def test_a_precision_that_was_not_measured_is(tmp_path: Path) -> None:
    file, networks = tmp_path / "trial.json", Networks("stage2")
    speeds(("f32",), networks, SHAPES, "bf16", 4, file)
    assert set(speeds(("bf16", "f32"), networks, SHAPES, "bf16", 4, file)) == {"bf16", "f32"}
    assert networks.made == ["f32", "bf16", "f32"]


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "3", "null", '"x"', "{}", '{"version": 0, "f32": {"photos": 1, "scored": 1, "memory": 1}}',
     '{"version": 3, "f32": {"photos": 1}}', '{"version": 3, "f32": 3}', b"\xff\xfe\x00"],
)  # fmt: skip
def test_a_damaged_file_is_measured_again(content: str | bytes, tmp_path: Path) -> None:
    file, networks = tmp_path / "trial.json", Networks("stage2")
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = speeds(("f32",), networks, SHAPES, "bf16", 2, file)
    assert networks.made == ["f32"]
    kept = json.loads(file.read_text("utf-8"))
    assert kept["version"] == TRIAL_VERSION
    assert Speed(**kept["f32"]) == found["f32"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["trial.json"]


def test_a_trial_moves_no_weights(tmp_path: Path) -> None:
    networks = Networks("stage2")
    speeds(("f32",), networks, SHAPES, "bf16", 4, tmp_path / "trial.json")
    assert networks.last is not None
    fresh = Networks("stage2")("f32").state_dict()
    assert all(torch.equal(value, fresh[name]) for name, value in networks.last.state_dict().items())


def test_pixels_are_timed_as_bytes(tmp_path: Path) -> None:
    found = speeds(("f32",), Networks("pixels"), SQUARES, "u8", 4, tmp_path / "trial.json")
    assert found["f32"].photos > 0


def test_what_is_trained_on_and_what_is_scored_have_their_own_sizes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[bool, int]] = []
    forward = Trainable.forward

    def noted(self: Trainable, activations: torch.Tensor) -> torch.Tensor:
        seen.append((self.training, activations.shape[1]))
        return forward(self, activations)

    monkeypatch.setattr(Trainable, "forward", noted)
    speeds(("f32",), Networks("stage2"), ((6, 6, 16), (8, 8, 16)), "bf16", 4, tmp_path / "trial.json")
    assert {edge for training, edge in seen if training} == {6, 5}, "whole views, and the usual window of them"
    assert {edge for training, edge in seen if not training} == {3, 8}, "whether windows are borne, and what is scored"


def test_the_rate_is_of_the_fastest_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "SECONDS", 0.8)
    clock = iter([0.0, 0.5, 1.0, 1.25, 2.0, 4.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    calls: list[int] = []
    assert trial._rate(lambda: calls.append(1), 8) == 8 / 0.25
    assert len(calls) == 4  # the first is not timed


def test_one_long_call_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 2.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    assert trial._rate(lambda: None, 8) == 8 / 2


def test_peak_memory_is_in_bytes_and_only_grows() -> None:
    before = peak_memory()
    assert 50e6 < before < 1e12
    block = torch.ones(8 * 10**6)
    assert peak_memory() >= before
    assert len(block) == 8 * 10**6
