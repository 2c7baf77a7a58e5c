"""Partial fine-tuning from a cached boundary against plain PyTorch fine-tuning of the whole network.

Both start from the same pretrained weights, see the same training photos, and are judged on the same test photos.
Plain: AdamW, cosine, random resized crop and flip, a DataLoader with a worker per core, BatchNorm updated, the faster
of float32 and bf16 autocast. Ours: everything that ``headstart fit --strategy partial-finetune`` does is counted, from
reading the photos to the judged classifier, in a store that knows the network and no photo. An epoch of ours costs a
fraction, so there are more of them; it is not trained once more on validation photos, which the other does not see.

JSON: ``time_ratio`` ours / plain; ``accuracy_difference`` ours - plain on test, ``interval`` of it (95 %, paired).
"""

import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

import headstart
from headstart.backbones.catalog import resolve_origin
from headstart.backbones.convert import load_backbone
from headstart.backbones.zoo import load_network
from headstart.data.groups import encode_groups
from headstart.data.read import read_source
from headstart.data.samples import Sample, Samples, Subset
from headstart.data.sources import FileSource
from headstart.data.split import Split
from headstart.evaluation.paired import accuracy_interval, paired_exact_test
from measuring import arguments, finish
from plain_training.within import is_faster_in_bf16

RATE = 1e-3
BACKBONE = "efficientnet_lite0"


@dataclass(frozen=True)
class Result:
    """One way to fine-tune."""

    right: NDArray[np.bool_]  #: test photos
    seconds: float
    curve: list[tuple[float, float]]  #: seconds since the start, validation accuracy


class Photos(Dataset[Any]):
    """Samples as a DataLoader takes them."""

    def __init__(self, samples: list[Sample], transform: Any):
        self._samples, self._transform = samples, transform

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        source = self._samples[index].source
        assert isinstance(source, FileSource)
        return self._transform(Image.open(source.path).convert("RGB")), self._samples[index].target


def plain(parts: dict[Subset, list[Sample]], classes: int, epochs: int, batch: int, seed: int) -> Result:
    """A textbook loop."""
    torch.manual_seed(seed)
    loaded = load_network(resolve_origin(BACKBONE))
    size, mean, std = loaded.spec.size, loaded.spec.mean, loaded.spec.std
    finish_ = [transforms.ToTensor(), transforms.Normalize(mean, std)]
    changed = transforms.Compose([transforms.RandomResizedCrop(size), transforms.RandomHorizontalFlip(), *finish_])
    same = transforms.Compose([transforms.Resize(round(size / 0.875)), transforms.CenterCrop(size), *finish_])
    network = loaded.network.body.requires_grad_(requires_grad=True)
    network.reset_classifier(classes)
    network.to(memory_format=torch.channels_last)
    bf16 = is_faster_in_bf16(network, size, batch)
    began = time.perf_counter()
    train = DataLoader(Photos(parts[Subset.TRAIN], changed), batch, shuffle=True, num_workers=2, drop_last=True)
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs * len(train))
    curve = []
    for epoch in range(epochs):
        network.train()
        for pixels, labels in train:
            optimiser.zero_grad()
            with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                logits = network(pixels.to(memory_format=torch.channels_last))
            functional.cross_entropy(logits.float(), labels).backward()
            optimiser.step()
            schedule.step()
        right = _right(network, DataLoader(Photos(parts[Subset.VALIDATION], same), 64, num_workers=2))
        curve.append((time.perf_counter() - began, float(right.mean())))
        print(
            f"plain {'bf16' if bf16 else 'f32'} epoch {epoch + 1}: {curve[-1][0]:.0f} s, validation {curve[-1][1]:.3f}"
        )
    right = _right(network, DataLoader(Photos(parts[Subset.TEST], same), 64, num_workers=2))
    return Result(right, time.perf_counter() - began, curve)


def _right(network: nn.Module, loader: DataLoader[Any]) -> NDArray[np.bool_]:
    network.eval()
    with torch.inference_mode():
        answers = [network(pixels).argmax(1) == labels for pixels, labels in loader]
    return torch.cat(answers).numpy()


def ours(source: Path, epochs: int, unfreeze: str, seed: int, folder: Path) -> tuple[Result, headstart.Run]:
    """The whole job."""
    store = folder / "store"
    load_backbone(BACKBONE, store / "networks")
    began = time.perf_counter()
    settings = {"strategy": "partial-finetune", "epochs": epochs, "unfreeze": unfreeze, "seed": seed, "refit": "never"}
    run = headstart.fit(source, store=store, out=folder / "run", **settings)
    took = time.perf_counter() - began
    arm = run.record["arms"][0]
    start = took - sum(epoch["seconds"] for epoch in arm["curves"]) - run.seconds["save"] - run.seconds["test"]
    curve = list(_summed(start, arm["curves"]))
    for at, accuracy in curve:
        print(f"ours: {at:.0f} s, validation {accuracy:.3f}")
    return Result(np.zeros(0, bool), took, curve), run


def _summed(start: float, epochs: list[dict[str, Any]]) -> Iterator[tuple[float, float]]:
    at = start
    for epoch in epochs:
        at += epoch["seconds"]
        yield at, epoch["validation_score"]


def _parts(samples: Samples, split: Split) -> dict[Subset, list[Sample]]:
    return {part: split.samples_in(samples, part) for part in Subset}


def main() -> None:
    given = arguments(
        __doc__ or "",
        ("photos", {"type": Path, "nargs": "?", "default": Path("../shared/data/trash")}),
        ("--epochs", {"type": int, "default": 10, "help": "of the plain loop"}),
        ("--own-epochs", {"type": int, "default": 20}),
        ("--unfreeze", {"default": "stage4"}),
        ("--batch", {"type": int, "default": 32, "help": "photos in a step of the plain loop"}),
        ("--seed", {"type": int, "default": 0}),
    )
    folder = Path(tempfile.mkdtemp(prefix="finetuning-"))
    try:
        own, run = ours(given.photos, given.own_epochs, given.unfreeze, given.seed, folder)
        parts = _parts(read_source(given.photos), Split.load(run.folder / "split.json"))
        test = parts[Subset.TEST]
        answers = run.classifier.predict([sample.source.path for sample in test])  # type: ignore[union-attr]
        names = [run.classes[sample.target] for sample in test]
        right = np.array([answer.label == name for answer, name in zip(answers, names, strict=True)])
        other = plain(parts, len(run.classes), given.epochs, given.batch, given.seed)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    groups = encode_groups(test)
    interval = accuracy_interval(right, other.right, groups)
    finish(
        __file__,
        {
            "time_ratio": own.seconds / other.seconds,
            "seconds_ours": own.seconds,
            "seconds_plain": other.seconds,
            "accuracy_ours": float(right.mean()),
            "accuracy_plain": float(other.right.mean()),
            "accuracy_difference": float(right.mean() - other.right.mean()),
            "interval": [round(interval.low, 4), round(interval.high, 4)],
            "mcnemar_p": paired_exact_test(right, other.right, groups),
            "test_photos": len(test),
            "epochs_ours": given.own_epochs,
            "epochs_plain": given.epochs,
            "unfreeze": given.unfreeze,
            "curve_ours": [[round(at, 1), round(score, 4)] for at, score in own.curve],
            "curve_plain": [[round(at, 1), round(score, 4)] for at, score in other.curve],
        },
        keep=given.keep,
    )


if __name__ == "__main__":
    main()
