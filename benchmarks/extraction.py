"""How close extraction comes to what decoding and computing allow, and how it compares with plain ways of doing it.

    python benchmarks/extraction.py PHOTOS [--backbone NAME] [--rounds 5] [--no-pytorch]

Measured round by round in one run, on the same photos, with as many threads as cores: decoding alone, Pillow's plain
open-resize-crop, the forward pass alone, and headstart's whole pass from files to rows in an empty store. The roof is
1 / (1/decode + 1/forward): both share the cores. Once, a plain PyTorch float32 loop: a DataLoader with two workers,
timm's own transforms and network. The last line is JSON; ratios are medians over the rounds.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

import measuring
from headstart.backbones.backbone import Backbone
from headstart.backbones.convert import load_backbone
from headstart.data.load import load_item
from headstart.data.read import read_source
from headstart.data.samples import Sample
from headstart.data.sources import FileSource
from headstart.engines.choose import choose_engine
from headstart.engines.engine import Engine
from headstart.extraction.extract import extract
from headstart.pipeline.backbones import parity_samples
from headstart.settings import locate_store
from headstart.storage.store import Store
from headstart_runtime.hardware import count_cores
from headstart_runtime.modalities.image.decode import crop_resize


def main() -> None:
    """Runs the benchmark."""
    options = measuring.arguments(
        __doc__ or "",
        ("photos", {"type": Path}),
        ("--backbone", {"default": "efficientnet_lite0"}),
        ("--precision", {"default": "auto"}),
        ("--rounds", {"type": int, "default": 5}),
        ("--no-pytorch", {"action": "store_true"}),
    )
    samples = list({sample.digest: sample for sample in read_source(options.photos).samples}.values())
    backbone = load_backbone(options.backbone, locate_store() / "networks")
    engine = choose_engine(
        backbone, parity_samples(samples, backbone), precision=options.precision, listener=print
    ).engine
    count = len(samples)
    rounds: dict[str, list[float]] = {"decode": [], "plain_decode": [], "forward": [], "headstart": []}
    works: dict[str, Callable[[], object]] = {
        "plain_decode": lambda: _pooled(lambda sample: _plain(sample, backbone), samples),
        "decode": lambda: _pooled(lambda sample: _decoded(sample, backbone), samples),
        "forward": lambda: _forward(engine, backbone, count),
        "headstart": lambda: _whole(samples, backbone, engine),
    }
    for name, work in works.items():
        print(f"warming up: {name} {count / measuring.seconds(work):.0f} photos/s")
    for number in range(options.rounds):
        for name, work in works.items():
            rounds[name].append(count / measuring.seconds(work))
        print(f"round {number + 1}: " + ", ".join(f"{name} {rates[-1]:.0f}/s" for name, rates in rounds.items()))
    roofs = [
        1 / (1 / decode + 1 / forward) for decode, forward in zip(rounds["decode"], rounds["forward"], strict=True)
    ]
    result: dict[str, object] = {
        "photos": count,
        "backbone": backbone.name,
        "precision": engine.precision,
        **{f"{name}_per_second": measuring.median(rates) for name, rates in rounds.items()},
        "roof_per_second": measuring.median(roofs),
        "ratio_to_roof": _ratio(rounds["headstart"], roofs),
        "times_plain_decode": _ratio(rounds["decode"], rounds["plain_decode"]),
    }
    if not options.no_pytorch:
        plain = count / _plain_pytorch(samples, backbone)
        again = count / measuring.seconds(works["headstart"])
        print(f"plain PyTorch {plain:.0f}/s, headstart right after it {again:.0f}/s")
        result |= {"plain_pytorch_per_second": plain, "times_plain_pytorch": again / plain}
    measuring.finish(__file__, result, keep=options.keep)


def _ratio(over: Sequence[float], under: Sequence[float]) -> float:
    return measuring.median([a / b for a, b in zip(over, under, strict=True)])


def _pooled(work: Callable[[Sample], object], samples: Sequence[Sample]) -> None:
    with ThreadPoolExecutor(count_cores()) as pool:
        for _ in pool.map(work, samples):
            pass


def _decoded(sample: Sample, backbone: Backbone) -> object:
    return crop_resize(load_item(sample.source, backbone.spec).value, backbone.spec)


def _plain(sample: Sample, backbone: Backbone) -> object:
    """The usual way: open, resize the shorter edge, crop the centre."""
    assert isinstance(sample.source, FileSource)
    size = backbone.spec.size
    shorter = round(size * 1000 / backbone.spec.crop_permille)
    image = Image.open(sample.source.path).convert("RGB")
    scale = shorter / min(image.size)
    width, height = round(image.width * scale), round(image.height * scale)
    left, top = (width - size) // 2, (height - size) // 2
    resized = image.resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(resized.crop((left, top, left + size, top + size)))


def _forward(engine: Engine, backbone: Backbone, count: int) -> None:
    size = backbone.spec.size
    pixels = np.random.default_rng(0).integers(0, 256, (engine.batch, size, size, 3), dtype=np.uint8)
    batch = {"pixels": pixels}
    with ThreadPoolExecutor(engine.streams) as pool:
        for _ in pool.map(lambda _: engine.forward(batch), range(-(-count // engine.batch))):
            pass


def _whole(samples: Sequence[Sample], backbone: Backbone, engine: Engine) -> None:
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder)) as store:
        done = extract(samples, backbone, engine, store)
        assert done.computed == len(samples)


def _plain_pytorch(samples: Sequence[Sample], backbone: Backbone) -> float:
    """Seconds of a plain loop over all photos, once it is warm."""
    import torch
    from timm.data import create_transform, resolve_model_data_config

    from headstart.backbones.catalog import resolve_origin
    from headstart.backbones.zoo import load_network

    body = load_network(resolve_origin(backbone.name)).network.body
    config = resolve_model_data_config(body)
    transform = create_transform(**config, is_training=False)
    paths = [sample.source.path for sample in samples if isinstance(sample.source, FileSource)]

    class Photos(torch.utils.data.Dataset):
        def __len__(self) -> int:
            return len(paths)

        def __getitem__(self, index: int) -> torch.Tensor:
            return transform(Image.open(paths[index]).convert("RGB"))

    loader = torch.utils.data.DataLoader(Photos(), batch_size=32, num_workers=2)
    with torch.inference_mode():
        body.forward_head(body.forward_features(torch.zeros(32, *config["input_size"])), pre_logits=True)
        began = time.perf_counter()
        for batch in loader:
            body.forward_head(body.forward_features(batch), pre_logits=True).numpy()
        return time.perf_counter() - began


if __name__ == "__main__":
    main()
