"""The inputs that are altered: photos, tables, archives, arrays, settings, a run and its model, drawn into a folder."""

import gzip
import io
import json
import os
import shutil
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fuzzing.containers import draw_containers
from fuzzing.layouts import draw_layouts
from fuzzing.photos import draw_photos, draw_pixels_of_class

ROOT = Path(__file__).resolve().parents[2]
CLASSES = ("ants", "bees", "cicadas")
EACH = 3  #: photos of a class in a table or an archive
RUN = "run"


def draw_originals(folder: Path) -> Path:
    """Write everything that is altered into a folder, a folder for each family of inputs, and return it."""
    _write(folder / "photos", draw_photos())
    photos = {
        f"{name}/{name[0]}{number}.png": _draw_png(label, number)
        for label, name in enumerate(CLASSES)
        for number in range(EACH)
    }
    _write(folder / "good", photos)
    _write(folder / "tables", _draw_tables(photos))
    _write(folder / "archives", _draw_archives(photos))
    _write(folder / "containers", draw_containers(photos))
    _write(folder / "arrays", _draw_arrays())
    draw_layouts(folder / "layouts")
    _fit_run(folder)
    shutil.copytree(folder / RUN / "model", folder / "model")
    _write(folder / "settings", _draw_settings(folder / RUN))
    return folder


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def _draw_png(label: int, number: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(draw_pixels_of_class(label, 7 * number + label)).save(file, format="PNG")
    return file.getvalue()


def _draw_tables(photos: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return tables beside which the photos lie in ``good``."""
    rows = [(f"good/{name}", name.split("/")[0], f"g{number % 4}") for number, name in enumerate(photos)]
    plain = ["path,label", *(f"{path},{label}" for path, label, _ in rows)]
    quoted = ["filename;class;subset;patient", *(f'"{path}";"{label}";train;{group}' for path, label, group in rows)]
    tabs = ["image\tlabel\tnotes", *(f'{path}\tgr\u00fcn {label}\t"said ""so""\nand on"' for path, label, _ in rows)]
    split = [
        "id,path,category,split",
        *(f"{n},{row[0]},{row[1]},{('train', 'val', 'test')[n % 3]}" for n, row in enumerate(rows)),
    ]
    tables = {
        "plain.csv": "\n".join(plain).encode(),
        "quoted.csv": ("\r\n".join(quoted) + "\r\n").encode(),
        "tabs.tsv": "\n".join(tabs).encode("cp1252"),
        "split.csv": b"\xef\xbb\xbf" + "\n".join(split).encode(),
    }
    return tables | _draw_parquet(rows, photos)


def _draw_parquet(rows: list[tuple[str, str, str]], photos: Mapping[str, bytes]) -> dict[str, bytes]:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        return {}
    numbers = pa.array([CLASSES.index(label) for _, label, _ in rows], pa.int64())
    hub = {
        "info": {"features": {"label": {"names": list(CLASSES), "_type": "ClassLabel"}, "image": {"_type": "Image"}}}
    }
    photo = [{"bytes": content, "path": name} for name, content in photos.items()]
    metadata = {b"huggingface": json.dumps(hub).encode()}
    tables = {
        "plain.parquet": pa.table({"path": [row[0] for row in rows], "label": [row[1] for row in rows]}),
        "hub.parquet": pa.table({"image": photo, "label": numbers}).replace_schema_metadata(metadata),
    }
    written = {}
    for name, table in tables.items():
        sink = io.BytesIO()
        parquet.write_table(table, sink, compression="none" if name == "plain.parquet" else "snappy")
        written[name] = sink.getvalue()
    return written


def _draw_archives(photos: Mapping[str, bytes]) -> dict[str, bytes]:
    archives = {
        "stored.zip": pack_zip(photos, zipfile.ZIP_STORED),
        "deflated.zip": pack_zip(photos, zipfile.ZIP_DEFLATED),
    }
    table = "file,label\n" + "".join(f"{name},{name.split('/')[0]}\n" for name in photos)
    archives["table.zip"] = pack_zip({**photos, "labels.csv": table.encode()}, zipfile.ZIP_DEFLATED)
    names = {"plain.tar": "w", "packed.tar.gz": "w:gz", "packed.tar.bz2": "w:bz2", "packed.tar.xz": "w:xz"}
    return archives | {name: pack_tar(photos, mode) for name, mode in names.items()}


def pack_zip(files: Mapping[str, bytes], method: int) -> bytes:
    """Return a ZIP archive of some files."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return sink.getvalue()


def pack_tar(files: Mapping[str, bytes], mode: str) -> bytes:
    """Return a tar archive of some files; ``mode`` is that of ``tarfile.open``."""
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return sink.getvalue()


def _draw_arrays() -> dict[str, bytes]:
    """Return .npz files, and in ``idx/`` and ``idx-gz/`` the four IDX files of a set."""
    labels = np.arange(12) % 3
    images = np.stack([draw_pixels_of_class(int(label), number)[:28, :28] for number, label in enumerate(labels)])
    sets: dict[str, dict[str, Any]] = {
        "plain.npz": {"images": images, "labels": labels},
        "names.npz": {"x": images[..., 0], "y": np.array(CLASSES)[labels]},
        "keras.npz": {"x_train": images[:9], "y_train": labels[:9], "x_test": images[9:], "y_test": labels[9:]},
    }
    drawn = {}
    for number, (name, arrays) in enumerate(sets.items()):
        sink = io.BytesIO()
        (np.savez if number else np.savez_compressed)(sink, **arrays)
        drawn[name] = sink.getvalue()
    for stem, part in (("train", slice(0, 9)), ("t10k", slice(9, 12))):
        grey = images[part, :, :, 0]
        values = bytes([0, 0, 8, 3]) + np.array(grey.shape, ">u4").tobytes() + grey.tobytes()
        classes = bytes([0, 0, 8, 1]) + np.array([len(grey)], ">u4").tobytes() + labels[part].astype(np.uint8).tobytes()
        for kind, content in (("images-idx3-ubyte", values), ("labels-idx1-ubyte", classes)):
            drawn[f"idx/{stem}-{kind}"] = content
            drawn[f"idx-gz/{stem}-{kind}.gz"] = gzip.compress(content, mtime=0)
    return drawn


def _draw_settings(run: Path) -> dict[str, bytes]:
    flat = b'backbone = "efficientnet_lite0"\nstrategy = "frozen"\nhead = "logistic"\nbudget = "10m"\nseed = 3\n'
    nested = b'[train]\nunfreeze = "auto"\nbatch = 16\n\n[heads]\nc_low = 0.001\nc_high = 100.0\n'
    return {"flat.toml": flat, "nested.toml": nested, "run.toml": (run / "settings.toml").read_bytes()}


def _fit_run(folder: Path) -> None:
    """Fit a small network of the tests on drawn photos; what nobody reads again is left out."""
    sys.path.insert(0, str(ROOT))
    from tests import small_network
    from tests.conftest import draw_photos as draw_textures

    import headstart

    os.environ["HEADSTART_STORE"] = str(folder / "store")
    weights = small_network.write_weights(folder / "small.safetensors")
    photos = draw_textures(folder / "fitted", classes=CLASSES, each=10)
    headstart.fit(photos, backbone=small_network.name_of(weights), out=folder / RUN, report=False, progress=False)
