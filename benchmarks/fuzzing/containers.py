"""Containers of labelled photos other than tables and archives: annotations beside photos, shards, HDF5, MATLAB's."""

import io
import json
from collections.abc import Mapping

import numpy as np

from fuzzing.photos import draw_pixels_of_class

SIZE = 28  #: pixels of an edge of a photo in an array


def draw_containers(photos: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return files by their paths; those below one folder are one set, and the file in a folder ``one`` is read alone.

    Args:
        photos: bytes by "class/name".
    """
    names = sorted({name.split("/")[0] for name in photos})
    flat = {name.replace("/", "-"): content for name, content in photos.items()}
    coco = {
        "images": [{"id": n, "file_name": name, "width": 45, "height": 37} for n, name in enumerate(flat)],
        "annotations": [
            {"id": n, "image_id": n, "category_id": names.index(name.split("/")[0]) + 1, "bbox": [1, 1, 9, 9]}
            for n, name in enumerate(photos)
        ],
        "categories": [{"id": n + 1, "name": name} for n, name in enumerate(names)],
    }
    drawn = {f"coco/images/{name}": content for name, content in flat.items()}
    drawn["coco/annotations.json"] = json.dumps(coco).encode()
    return drawn | {"one/shard-000000.tar": _draw_shard(photos, names)} | _draw_array_files()


def _draw_shard(photos: Mapping[str, bytes], names: list[str]) -> bytes:
    from fuzzing.originals import pack_tar

    members: dict[str, bytes] = {}
    for number, (name, content) in enumerate(photos.items()):
        members[f"{number:05d}.png"] = content
        members[f"{number:05d}.cls"] = str(names.index(name.split("/")[0])).encode()
    return pack_tar(members, "w")


def _draw_array_files() -> dict[str, bytes]:
    """Return the files that the libraries which are installed write."""
    labels = np.arange(9) % 3
    images = np.stack([draw_pixels_of_class(int(label), n)[:SIZE, :SIZE] for n, label in enumerate(labels)])
    drawn = {}
    try:
        import h5py

        sink = io.BytesIO()
        with h5py.File(sink, "w") as file:
            file["x"], file["y"] = images, labels
        drawn["one/set.h5"] = sink.getvalue()
    except ImportError:
        pass
    try:
        from scipy import io as matlab

        sink = io.BytesIO()
        matlab.savemat(sink, {"X": images, "y": labels})
        drawn["one/set.mat"] = sink.getvalue()
    except ImportError:
        pass
    return drawn
