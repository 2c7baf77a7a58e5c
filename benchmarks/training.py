"""How fast the part above a late boundary trains, against the whole network in plain PyTorch.

Rates are of steps of 32 photos (--batch), forward, backward and AdamW, on made-up inputs, so nothing but training is
timed. The peak is that of PyTorch's own bf16 matrix product on this machine; the share of it counts the arithmetic
that the layers need (FLOPs of a forward pass by PyTorch's counter, times three).

    python benchmarks/training.py [--unfreeze stage5] [--seconds 2] [--rounds 5] [--batch 32]

JSON: ``rate_ratio`` ours at --unfreeze / plain; ``share_of_peak`` of ours.
"""

import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from headstart.backbones.catalog import resolve_origin
from headstart.backbones.graph import trace
from headstart.backbones.zoo import load_network
from headstart.training.network import TrainableTop, build_blank_head
from headstart_runtime.hardware import ComputePrecision, count_cores
from measuring import arguments, finish, median

CLASSES = 6
BACKBONE = "efficientnet_lite0"


def rate(step: Callable[[], object], seconds: float, batch: int) -> float:
    """Photos a second over some seconds."""
    step()
    count, began = 0, time.perf_counter()
    while (took := time.perf_counter() - began) < seconds:
        step()
        count += 1
    return count * batch / took


def step_of(network: nn.Module, inputs: Tensor, *, bf16: bool = False) -> Callable[[], object]:
    """A step of training."""
    network.train()
    optimiser = torch.optim.AdamW(network.parameters(), 1e-6, fused=True)
    labels = torch.zeros(len(inputs), dtype=torch.int64)

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            logits = network(inputs)
        functional.cross_entropy(logits.float(), labels).backward()
        optimiser.step()

    return step


def peak() -> float:
    """Operations a second of a large bf16 matrix product."""
    size = 2048
    a, b = (torch.randn(size, size).bfloat16() for _ in range(2))
    a @ b
    best = 0.0
    for _ in range(20):
        began = time.perf_counter()
        a @ b
        best = max(best, 2 * size**3 / (time.perf_counter() - began))
    return best


def main() -> None:
    given = arguments(
        __doc__ or "",
        ("--unfreeze", {"default": "stage5"}),
        ("--seconds", {"type": float, "default": 2.0, "help": "of each rate"}),
        ("--rounds", {"type": int, "default": 5}),
        ("--batch", {"type": int, "default": 32}),
    )
    torch.set_num_threads(count_cores())
    torch.manual_seed(0)
    loaded = load_network(resolve_origin(BACKBONE))
    traced = trace(loaded)
    boundary = traced.boundary_below(given.unfreeze)
    whole = load_network(resolve_origin(BACKBONE)).network.body.requires_grad_(requires_grad=True)
    whole.reset_classifier(CLASSES)
    whole.to(memory_format=torch.channels_last)
    size = loaded.spec.size
    pixels = torch.rand(given.batch, 3, size, size).to(memory_format=torch.channels_last)
    activations = torch.rand(given.batch, *traced.shape_at(boundary)).bfloat16()

    def top(precision: ComputePrecision) -> TrainableTop:
        head = build_blank_head(loaded.layers[-1].width, CLASSES)
        return TrainableTop(traced, boundary, head, fold=True, precision=precision, device="cpu")

    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        top("f32").top(activations[:1].float())
    needed = 3 * counter.get_total_flops()
    steps = {
        "plain_f32": step_of(whole, pixels),
        "plain_bf16": step_of(whole, pixels, bf16=True),
        "top_f32": step_of(top("f32"), activations),
        "top_bf16": step_of(top("bf16"), activations),
    }
    rounds = [
        {name: rate(step, given.seconds, given.batch) for name, step in steps.items()} for _ in range(given.rounds)
    ]
    for line in rounds:
        print("  ".join(f"{name} {value:.1f}/s" for name, value in line.items()))
    best = [max(it["top_f32"], it["top_bf16"]) for it in rounds]
    ratios = [own / max(it["plain_f32"], it["plain_bf16"]) for own, it in zip(best, rounds, strict=True)]
    summit = peak()
    finish(
        __file__,
        {
            "unfreeze": given.unfreeze,
            "rate_ratio": median(ratios),
            **{name: median([it[name] for it in rounds]) for name in steps},
            "gflop_per_photo": needed / 1e9,
            "peak_gflops": summit / 1e9,
            "share_of_peak": median(best) * needed / summit,
        },
        keep=given.keep,
    )


if __name__ == "__main__":
    main()
