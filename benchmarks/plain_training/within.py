"""A fine-tune as people write it in PyTorch and timm, within a time: a process of its own, all of it counted.

    python benchmarks/plain_training/within.py TASK.json

AdamW on all weights, random resized crops and flips, a DataLoader with a worker per core, BatchNorm updated, the faster
of float32 and bf16 autocast. The rate warms up and falls along a cosine over the time that there is, the last weights
count. The task names ``seconds``, ``began`` (the clock when the process was started), ``seed``, ``backbone``,
``classes`` and ``train`` and ``test``, lists of paths with their labels. The last line is one JSON object.
"""

import json
import math
import sys
import time
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from headstart.backbones.catalog import resolve_origin
from headstart.backbones.zoo import load_network

RATE, WARMUP, BATCH, SCORED = 1e-3, 0.05, 32, 64
WORKERS = 2
SPARE = 1.5  #: seconds kept for what nobody times


class Photos(Dataset[Any]):
    """Photos with labels as a DataLoader takes them."""

    def __init__(self, rows: list[list[Any]], transform: Any):
        self._rows, self._transform = rows, transform

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        path, label = self._rows[index]
        return self._transform(Image.open(path).convert("RGB")), label


def train(task: dict[str, Any]) -> dict[str, Any]:
    """Train until the time is up but for the test, and return its scores."""
    torch.manual_seed(task["seed"])
    ends = task["began"] + task["seconds"]
    loaded = load_network(resolve_origin(task["backbone"]))
    size, mean, std = loaded.spec.size, loaded.spec.mean, loaded.spec.std
    last = [transforms.ToTensor(), transforms.Normalize(mean, std)]
    changed = transforms.Compose([transforms.RandomResizedCrop(size), transforms.RandomHorizontalFlip(), *last])
    same = transforms.Compose([transforms.Resize(round(size / 0.875)), transforms.CenterCrop(size), *last])
    network = loaded.network.body.requires_grad_(requires_grad=True)
    network.reset_classifier(len(task["classes"]))
    network.to(memory_format=torch.channels_last)
    bf16 = is_faster_in_bf16(network, size, 4)
    began = time.time()
    _answer(network, Photos(task["test"][:SCORED], same))
    reserve = (time.time() - began) * max(1.0, len(task["test"]) / SCORED) + SPARE
    photos = Photos(task["train"], changed)
    loader = DataLoader(photos, min(BATCH, len(photos)), shuffle=True, num_workers=WORKERS, drop_last=True)
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=0.01)
    start, steps = time.time(), 0
    whole = max(1e-9, ends - reserve - start)
    while time.time() < ends - reserve:
        network.train()
        for pixels, labels in loader:
            share = (time.time() - start) / whole
            if share >= 1:
                break
            rate = RATE * min(1.0, share / WARMUP) * (1 + math.cos(math.pi * share)) / 2
            for group in optimiser.param_groups:
                group["lr"] = rate
            optimiser.zero_grad()
            with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                logits = network(pixels.to(memory_format=torch.channels_last))
            functional.cross_entropy(logits.float(), labels).backward()
            optimiser.step()
            steps += 1
    logits = _answer(network, Photos(task["test"], same))
    labels = torch.tensor([label for _, label in task["test"]])
    return {
        "accuracy": float((logits.argmax(1) == labels).double().mean()),
        "log_loss": float(functional.cross_entropy(logits, labels)),
        "steps": steps,
        "epochs": round(steps / len(loader), 2),
        "bf16": bf16,
    }


def is_faster_in_bf16(network: nn.Module, size: int, batch: int) -> bool:
    """A timed trial of both, two steps each after one to warm up; weights are put back."""
    state = {name: value.clone() for name, value in network.state_dict().items()}
    pixels = torch.rand(batch, 3, size, size).to(memory_format=torch.channels_last)
    taken: dict[bool, float] = {}
    network.train()
    for bf16 in (False, True):
        for turn in range(3):
            began = time.perf_counter()
            with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                network(pixels).float().sum().backward()
            if turn:
                taken[bf16] = min(taken.get(bf16, math.inf), time.perf_counter() - began)
    network.zero_grad(set_to_none=True)
    network.load_state_dict(state)
    return taken[True] < taken[False]


def _answer(network: nn.Module, photos: Photos) -> torch.Tensor:
    network.eval()
    with torch.inference_mode():
        loader = DataLoader(photos, SCORED, num_workers=WORKERS)
        return torch.cat([network(pixels.to(memory_format=torch.channels_last)) for pixels, _ in loader]).float()


if __name__ == "__main__":
    print(json.dumps(train(json.loads(Path(sys.argv[1]).read_text("utf-8")))))
