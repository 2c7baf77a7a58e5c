import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from headstart import events
from headstart.training import benchmark as trial
from headstart.training import benchmark_record
from headstart.training.benchmark import FEW, benchmark_training
from headstart.training.benchmark_record import BENCHMARK_VERSION, TrainingSpeed
from headstart.training.network import TrainableTop, build_blank_head
from headstart_runtime.hardware import ComputePrecision
from tests.training import tiny

SQUARES = ((tiny.SIZE, tiny.SIZE, 3),) * 2
SHAPES = (8, 8, 16), (8, 8, 16)  #: up to "stage2", of a view and of the plain view


class Networks:
    """Makes what is timed, and counts it."""

    def __init__(self, boundary: str):
        self.boundary = boundary
        self.made: list[ComputePrecision] = []
        self.last: TrainableTop | None = None

    def __call__(self, precision: ComputePrecision) -> TrainableTop:
        self.made.append(precision)
        head = build_blank_head(tiny.WIDTH, 3)
        self.last = TrainableTop(tiny.traced(), self.boundary, head, fold=True, precision=precision, device="cpu")
        return self.last


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark_record, "SECONDS", 0.01)
    monkeypatch.setattr(trial, "ALONE", 0.0)  # other tests run beside this one
    monkeypatch.setattr(trial, "HOPELESS", 1e9)  # so tiny a network is as fast as the machine is quiet


def test_what_was_measured_is_kept_and_read_again(tmp_path: Path) -> None:
    file, networks = tmp_path / "trial.json", Networks("stage2")
    first = benchmark_training(("f32", "bf16"), networks, SHAPES, "bf16", 4, file)
    assert list(first.by_precision) == networks.made == ["f32", "bf16"]
    assert first.whole
    assert first.hopeless == ()
    assert all(it.windowed is not None and it.windowed > 0 for it in first.by_precision.values())
    assert all(it.samples > 0 and it.scored > 0 and it.memory >= 0 for it in first.by_precision.values())
    assert benchmark_training(("f32", "bf16"), networks, SHAPES, "bf16", 4, file) == first
    assert benchmark_training(("f32",), networks, SHAPES, "bf16", 4, file).by_precision == {
        "f32": first.by_precision["f32"]
    }
    assert networks.made == ["f32", "bf16"]


def test_a_trial_beside_other_work_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "ALONE", 2.0)  # no thread runs for longer than it takes
    file, networks = tmp_path / "trial.json", Networks("stage2")
    assert set(benchmark_training(("f32",), networks, SHAPES, "bf16", 4, file).by_precision) == {"f32"}
    assert not file.exists()
    monkeypatch.setattr(trial, "ALONE", 0.0)
    benchmark_training(("f32",), networks, SHAPES, "bf16", 4, file)
    assert file.exists()
    assert networks.made == ["f32", "f32"]


def test_a_precision_that_was_not_measured_is(tmp_path: Path) -> None:
    file, networks = tmp_path / "trial.json", Networks("stage2")
    benchmark_training(("f32",), networks, SHAPES, "bf16", 4, file)
    assert set(benchmark_training(("f32", "bf16"), networks, SHAPES, "bf16", 4, file).by_precision) == {"f32", "bf16"}
    assert networks.made == ["f32", "f32", "bf16"]


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "3", "null", '"x"', "{}", '{"version": 0, "f32": {"samples": 1, "scored": 1, "memory": 1}}',
     '{"version": 4, "f32": {"samples": 1}}', '{"version": 4, "f32": 3}', '{"version": 4, "f32": null}',
     b"\xff\xfe\x00"],
)  # fmt: skip
def test_a_damaged_file_is_measured_again(content: str | bytes, tmp_path: Path) -> None:
    file, networks = tmp_path / "trial.json", Networks("stage2")
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = benchmark_training(("f32",), networks, SHAPES, "bf16", 2, file)
    assert networks.made == ["f32"]
    kept = json.loads(file.read_text("utf-8"))
    assert kept["version"] == BENCHMARK_VERSION
    assert TrainingSpeed(**kept["f32"]) == found.by_precision["f32"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["trial.json"]


def test_what_an_older_version_measured_of_memory_is_not_believed(tmp_path: Path) -> None:
    """It was a difference of high-water marks: 0 after anything larger, which lets through what does not fit."""
    file, networks = tmp_path / "trial.json", Networks("stage2")
    older = {"samples": 1.0, "windowed": 1.0, "scored": 1.0, "memory": 0}
    file.write_text(json.dumps({"version": 3, "f32": older, "bf16": older}))
    found = benchmark_training(("f32",), networks, SHAPES, "bf16", 2, file)
    assert networks.made == ["f32"]
    assert found.by_precision["f32"].samples != 1.0


# --- with little time ------------------------------------------------------------------------------------------------


class Clock:
    """A clock that moves when a network is run, by so many seconds a photo."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **seconds: float):
        self.now, self.shown = 0.0, dict[str, list[int]]()
        forward = TrainableTop.forward

        def timed(network: TrainableTop, activations: torch.Tensor) -> torch.Tensor:
            if len(activations) != 2:  # that is the question whether windows are borne
                self.now += seconds[network.precision] * len(activations)
                if network.training:
                    self.shown.setdefault(network.precision, []).append(len(activations))
            return forward(network, activations)

        monkeypatch.setattr(TrainableTop, "forward", timed)
        monkeypatch.setattr(trial, "time", SimpleNamespace(perf_counter=lambda: self.now, thread_time=lambda: self.now))


def test_a_precision_that_is_far_slower_is_given_up_after_a_few_photos(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a processor that only imitates bf16: a depthwise convolution takes twelve times as long there."""
    monkeypatch.setattr(trial, "HOPELESS", 3.0)
    clock, file, networks = Clock(monkeypatch, f32=0.1, bf16=1.2), tmp_path / "trial.json", Networks("stage2")
    found = benchmark_training(("f32", "bf16"), networks, SHAPES, "bf16", 32, file)
    assert clock.shown["bf16"] == [FEW, FEW]
    assert (found.hopeless, found.fastest, found.whole) == (("bf16",), "f32", True)
    assert found.by_precision["f32"].samples == pytest.approx(10)
    assert benchmark_training(("f32", "bf16"), networks, SHAPES, "bf16", 32, file) == found
    assert networks.made == ["f32", "bf16"], "what was given up is kept too"


@pytest.mark.parametrize(("allowed", "calls"), [(3.0, [4, 4]), (0.1, [4]), (7.0, [4, 4]), (8.0, [4, 4, 32, 32])])
def test_a_trial_takes_no_more_than_it_is_allowed(
    allowed: float, calls: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tenth of a second a photo: 0.4 s for a few, 3.2 s for a batch. The first few photos are timed in any case."""
    clock, file = Clock(monkeypatch, f32=0.1, bf16=0.1), tmp_path / "trial.json"
    found = benchmark_training(("f32", "bf16"), Networks("stage2"), SHAPES, "bf16", 32, file, allowed=allowed)
    assert clock.shown["f32"][:4] == calls[: len(clock.shown["f32"])]
    assert clock.now <= max(allowed, 0.4)
    assert found.by_precision["f32"].samples <= found.by_precision["f32"].windowed == pytest.approx(10)
    assert not found.whole
    assert not file.exists(), "what was cut short is not kept"


def test_memory_of_a_whole_batch_is_reckoned_from_a_few_photos() -> None:
    timing = trial._Timing(Networks("stage2")("f32"), SHAPES, "bf16", 32, trial.Allowance())
    timing._step(timing.inputs[:4])
    fixed = 12 * sum(it.numel() for it in timing.network.parameters())
    assert timing.scale_to_batch(fixed + 1000) == fixed + 8000
    assert timing.scale_to_batch(fixed - 1) == fixed - 1


def test_what_only_imitates_a_precision_and_fails_is_no_choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forward = TrainableTop.forward

    def failing(network: TrainableTop, activations: torch.Tensor) -> torch.Tensor:
        if network.precision == "bf16" and network.training:
            raise RuntimeError("could not create a primitive")
        return forward(network, activations)

    monkeypatch.setattr(TrainableTop, "forward", failing)
    found = benchmark_training(("f32", "bf16"), Networks("stage2"), SHAPES, "bf16", 4, tmp_path / "trial.json")
    assert (list(found.by_precision), found.hopeless) == (["f32"], ("bf16",))
    with pytest.raises(RuntimeError, match="could not create"):
        benchmark_training(("bf16",), Networks("stage2"), SHAPES, "bf16", 4, tmp_path / "other.json")


def test_a_dearer_training_by_arithmetic() -> None:
    cheap = trial.BenchmarkResult(
        {"f32": TrainingSpeed(10.0, 20.0, 40.0, 1000, 500), "bf16": TrainingSpeed(5.0, None, 8.0, 10)}
    )
    dear = cheap.scale_cost(2.0)
    assert dear.by_precision == {
        "f32": TrainingSpeed(5.0, 10.0, 20.0, 2000, 1000),
        "bf16": TrainingSpeed(2.5, None, 4.0, 20),
    }
    assert not dear.whole


def test_it_is_said_how_far_it_is(tmp_path: Path) -> None:
    heard: list[events.Event] = []
    benchmark_training(
        ("f32", "bf16"), Networks("stage2"), SHAPES, "bf16", 4, tmp_path / "t.json", listener=heard.append
    )
    assert heard == [events.Progress("time training", done, 2, "precisions") for done in (0, 1, 2)]


def test_a_trial_moves_no_weights(tmp_path: Path) -> None:
    networks = Networks("stage2")
    benchmark_training(("f32",), networks, SHAPES, "bf16", 4, tmp_path / "trial.json")
    assert networks.last is not None
    fresh = Networks("stage2")("f32").state_dict()
    assert all(torch.equal(value, fresh[name]) for name, value in networks.last.state_dict().items())


def test_pixels_are_timed_as_bytes(tmp_path: Path) -> None:
    found = benchmark_training(("f32",), Networks("input"), SQUARES, "u8", 4, tmp_path / "trial.json")
    assert found.by_precision["f32"].samples > 0


def test_what_is_trained_on_and_what_is_scored_have_their_own_sizes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[bool, int]] = []
    forward = TrainableTop.forward

    def noted(self: TrainableTop, activations: torch.Tensor) -> torch.Tensor:
        seen.append((self.training, activations.shape[1]))
        return forward(self, activations)

    monkeypatch.setattr(TrainableTop, "forward", noted)
    benchmark_training(("f32",), Networks("stage2"), ((6, 6, 16), (8, 8, 16)), "bf16", 4, tmp_path / "trial.json")
    assert {edge for training, edge in seen if training} == {6, 5}, "whole views, and the usual window of them"
    assert {edge for training, edge in seen if not training} == {3, 8}, "whether windows are borne, and what is scored"


def test_the_rate_is_of_the_fastest_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark_record, "SECONDS", 0.8)
    clock = iter([0.0, 7.0, 7.0, 7.5, 8.0, 8.25, 9.0, 11.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    calls: list[int] = []
    monkeypatch.setattr(trial.Allowance, "allows", lambda self, seconds: True)
    assert trial._time_rate(lambda: calls.append(1), 8, trial.Allowance(began=0.0)) == 8 / 0.25
    assert len(calls) == 4  # the first is not timed


def test_one_long_call_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 9.0, 9.0, 11.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    monkeypatch.setattr(trial.Allowance, "allows", lambda self, seconds: True)
    assert trial._time_rate(lambda: None, 8, trial.Allowance(began=0.0)) == 8 / 2
