"""Whether memory grows with the number of photos.

    python benchmarks/memory.py PHOTOS [--few 2000] [--many 20000]

Extracts the given photos again and again under other names and with a byte added, so that each is new to the store,
in a process of its own for each number, and compares the peaks of resident memory. ``growth`` is many over few, less
one; less than 0.15 is wanted. The last line is JSON.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import measuring
from headstart_runtime.modalities.image.decode import SUFFIXES


def main() -> None:
    """Runs the benchmark, or one extraction of it where it has called itself."""
    options = measuring.arguments(
        __doc__ or "",
        ("photos", {"type": Path}),
        ("--few", {"type": int, "default": 2000}),
        ("--many", {"type": int, "default": 20000}),
        ("--alone", {"action": "store_true"}),
    )
    if options.alone:
        print(json.dumps(_extract(options.photos)))
        return
    files = [file for file in sorted(options.photos.rglob("*")) if file.suffix.lower() in SUFFIXES]
    peaks = {}
    with tempfile.TemporaryDirectory() as folder:
        for count in (options.few, options.many):
            _copies(files, Path(folder) / "photos", count)
            # Twice: the first converts the network, which takes PyTorch and its memory, and proves its engine.
            for _ in range(2):
                peaks[count] = _alone(Path(folder))
            print(f"{count} photos: {peaks[count]}")
            shutil.rmtree(Path(folder) / "photos")
    few, many = peaks[options.few]["peak_bytes"], peaks[options.many]["peak_bytes"]
    result = {
        "few": options.few,
        "many": options.many,
        "few_peak_bytes": few,
        "many_peak_bytes": many,
        "growth": many / few - 1,
    }
    measuring.finish(__file__, result, keep=options.keep)


def _alone(folder: Path) -> dict[str, float]:
    """One extraction in a process of its own; the store keeps the converted network alone."""
    command = [sys.executable, __file__, str(folder / "photos"), "--alone"]
    environment = {**os.environ, "HEADSTART_STORE": str(folder / "store")}
    printed = subprocess.run(command, check=True, env=environment, capture_output=True, text=True).stdout
    _forget_rows(folder / "store")
    return json.loads(printed.splitlines()[-1])


def _copies(files: list[Path], folder: Path, count: int) -> None:
    """``count`` photos in two class folders, each with a tail that makes its bytes its own; decoders ignore it."""
    for number in range(count):
        file = files[number % len(files)]
        copy = folder / f"class{number % 2}" / f"{number}{file.suffix}"
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes() + number.to_bytes(4, "big"))


def _forget_rows(store: Path) -> None:
    """Removes the rows and keeps the converted network."""
    for entry in store.iterdir():
        if entry.name != "networks":
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def _extract(photos: Path) -> dict[str, float]:
    """One extraction, and this process's peak of resident memory."""
    from headstart.backbones.convert import load_backbone
    from headstart.data.read import read_source
    from headstart.engines.choose import choose_engine
    from headstart.extraction.extract import extract
    from headstart.pipeline.backbones import parity_samples
    from headstart.settings import locate_store
    from headstart.storage.store import Store

    with Store(locate_store()) as store:
        samples = read_source(photos).samples
        backbone = load_backbone("efficientnet_lite0", locate_store() / "networks")
        engine = choose_engine(backbone, parity_samples(samples, backbone)).engine
        done = extract(samples, backbone, engine, store)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {"computed": done.computed, "per_second": round(done.computed / done.seconds, 1), "peak_bytes": peak}


if __name__ == "__main__":
    main()
