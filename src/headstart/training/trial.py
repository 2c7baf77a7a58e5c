"""A timed trial: how fast a network trains at each precision, and how much memory a step takes."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from headstart.data.writing import replace_text
from headstart.engines.engine import Arithmetic
from headstart.training.augment_presets import CROPPED
from headstart.training.cost import TRIAL_VERSION
from headstart.training.memory import peak_memory
from headstart.training.trainable import Trainable
from headstart.training.trunk import Kind
from headstart.training.windows import bears, windows_of

SECONDS = 0.8  #: that a precision is timed for at least, after a call that is not; one long call is enough
ALONE = 0.8  #: share of the time that this thread has to have run for a trial to be kept: other work would be in it


@dataclass(frozen=True, slots=True)
class Speed:
    """Of training at one precision."""

    photos: float  #: per second, forward, backward and step, on whole views
    windowed: float | None  #: likewise, on windows of the usual size; None where the network does not bear them
    scored: float  #: per second, forward only, on the plain view
    memory: int  #: bytes by which the process grew


def speeds(
    choices: Sequence[Arithmetic],
    network: Callable[[Arithmetic], Trainable],
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
    kind: Kind,
    batch: int,
    file: Path,
) -> dict[Arithmetic, Speed]:
    """The speed at each precision, on activations of a kind; kept in a file, so that what was chosen stays chosen.

    ``shapes`` are of one photo's activations: of the views that are trained on, and of the plain view.

    It is not kept when other work took the processor meanwhile: one such trial had bf16 down at a sixteenth of its
    speed, and every later training would have gone without it.
    """
    try:
        kept = json.loads(file.read_text("utf-8"))
        if kept.pop("version") == TRIAL_VERSION and set(choices) <= kept.keys():
            return {choice: Speed(**kept[choice]) for choice in choices}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    began, ran = time.perf_counter(), time.thread_time()
    measured = {choice: _measured(network(choice), shapes, kind, batch) for choice in choices}
    if time.thread_time() - ran < ALONE * (time.perf_counter() - began):
        return measured
    replace_text(
        file, json.dumps({"version": TRIAL_VERSION, **{key: asdict(value) for key, value in measured.items()}})
    )
    return measured


def _measured(network: Trainable, shapes: tuple[tuple[int, ...], tuple[int, ...]], kind: Kind, batch: int) -> Speed:
    before = peak_memory()
    inputs, plain = (_drawn((batch, *shape), kind) for shape in shapes)
    windows = windows_of(shapes[0], CROPPED)
    labels = torch.zeros(batch, dtype=torch.int64, device=network.device)
    optimiser = torch.optim.AdamW(network.parameters(), lr=0.0)

    def step(shown: Tensor) -> None:
        optimiser.zero_grad(set_to_none=True)
        functional.cross_entropy(network(shown.to(network.device)), labels).backward()
        optimiser.step()

    network.eval()
    small, usual = windows.edges[-1], windows.usual
    borne = not windows.whole and bears(network, inputs[:2, :small, :small])
    network.train()
    trained = _rate(lambda: step(inputs), batch)
    windowed = _rate(lambda: step(inputs[:, :usual, :usual]), batch) if borne else None
    network.eval()
    with torch.inference_mode():
        scored = _rate(lambda: network(plain.to(network.device)), batch)
    return Speed(trained, windowed, scored, max(0, peak_memory() - before))


def _drawn(shape: tuple[int, ...], kind: Kind) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    if kind == "u8":
        return torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)
    return torch.rand(shape, generator=generator).to(torch.bfloat16)


def _rate(work: Callable[[], object], batch: int) -> float:
    """Photos a second, from the fastest of a few calls: what disturbs a machine only makes it slower."""
    work()
    taken: list[float] = []
    while sum(taken) < SECONDS:
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return batch / min(taken)
