"""What waiting threads cost on a busy machine: heads and steps of training, with spinning threads and patient ones.

    python benchmarks/busy.py [--rows 4099] [--steps 20] [--rounds 3]

Each piece of work runs in a process of its own, alone and beside as many busy processes as there are cores, once with
the libraries' own defaults and once with what the command line sets at its entry
(``headstart.process.PASSIVE_WAITING``).
``heads`` is the logistic head with its cross-validation on drawn features of 1,280 columns, ``heads_any_thread`` the
same without the look at how many cores are idle, ``training`` are steps of a small convolutional network. ``gain`` is
how many times as fast patient threads are, the median of the rounds; the last line is one JSON object.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import measuring
from headstart.process import PASSIVE_WAITING
from headstart_runtime.hardware import count_cores

WORKS = ("heads", "heads_any_thread", "training")


def main() -> None:
    """Measures and prints."""
    given = measuring.arguments(
        __doc__ or "",
        ("--rows", {"type": int, "default": 4099}),
        ("--steps", {"type": int, "default": 20}),
        ("--rounds", {"type": int, "default": 3}),
        ("--child", {"choices": WORKS, "help": argparse.SUPPRESS}),
    )
    if given.child:
        look = given.child == "heads"
        print(json.dumps(training(given.steps) if given.child == "training" else heads(given.rows, look=look)))
        return
    taken: dict[str, list[float]] = {}
    for _ in range(given.rounds):
        for load in ("alone", "busy"):
            with others(count_cores() if load == "busy" else 0):
                for work in WORKS:
                    for way in ("spinning", "patient"):
                        taken.setdefault(f"{work}_{load}_{way}", []).append(_child(work, way, given))
    result: dict[str, object] = {name: measuring.median(values) for name, values in taken.items()}
    for work in WORKS:
        for load in ("alone", "busy"):
            pairs = zip(taken[f"{work}_{load}_spinning"], taken[f"{work}_{load}_patient"], strict=True)
            result[f"{work}_{load}_gain"] = measuring.median([spinning / patient for spinning, patient in pairs])
    measuring.finish(__file__, {"rows": given.rows, "steps": given.steps, **result}, keep=given.keep)


@contextmanager
def others(count: int) -> Iterator[None]:
    """Beside so many processes that keep a core busy each."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in busy:
            process.terminate()
            process.wait()


def _child(work: str, way: str, given: argparse.Namespace) -> float:
    """Seconds of a piece of work in a process of its own, imports not counted."""
    environment = {name: value for name, value in os.environ.items() if name not in PASSIVE_WAITING}
    environment |= PASSIVE_WAITING if way == "patient" else {}
    command = [sys.executable, __file__, "--child", work, "--rows", str(given.rows), "--steps", str(given.steps)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout.splitlines()[-1]))


def heads(rows: int, *, look: bool) -> float:
    """Seconds of the logistic head on drawn features, with or without the look at how many cores are idle."""
    import heads as drawn
    from headstart.heads import threads

    if not look:
        threads.measure_other_load = lambda seconds: 0.0
    features, labels = drawn.draw(rows, 1280, 2)
    with threads.limit_threads(features.size):
        return measuring.seconds(lambda: drawn.fit(features, labels))


def training(steps: int) -> float:
    """Seconds of steps of a small convolutional network on all cores, after one that is not timed."""
    import torch
    from torch import nn

    torch.set_num_threads(count_cores())
    torch.manual_seed(0)
    layers = [nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in ((3, 16), (16, 32), (32, 64), (64, 128))]
    network = nn.Sequential(*(part for layer in layers for part in (layer, nn.ReLU())), nn.Flatten(), nn.LazyLinear(10))
    pixels, labels = torch.rand(16, 3, 64, 64), torch.arange(16) % 10
    optimiser = torch.optim.SGD(network.parameters() if network(pixels) is not None else [], lr=0.01)

    def step() -> None:
        optimiser.zero_grad()
        nn.functional.cross_entropy(network(pixels), labels).backward()
        optimiser.step()

    step()
    began = time.perf_counter()
    for _ in range(steps):
        step()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
