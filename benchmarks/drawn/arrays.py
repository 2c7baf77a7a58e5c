"""Arrays in files: NumPy's, MATLAB's, HDF5, CIFAR's pickles, pixels in the cells of a table."""

from pathlib import Path

import numpy as np

from drawn.desk import Desk, Photo, add_layout, draw_photos, mix

DIGITS = ("0", "1", "2")


def stack(photos: list[Photo]) -> tuple[np.ndarray, np.ndarray]:
    """Return the pixels (N, H, W[, 3]) and the labels (N,) as numbers."""
    return np.stack([photo.pixels for photo in photos]), np.array([int(photo.label) for photo in photos])


@add_layout("`images.npz`: `images`, `labels`", "the two arrays")
def npz_images_labels(desk: Desk) -> Path:
    photos = mix(draw_photos(DIGITS))
    images, labels = stack(photos)
    for photo in photos:
        desk.claim(photo.pixels, photo.label)
    np.savez(desk.root / "images.npz", images=images, labels=labels)
    return desk.root / "images.npz"


@add_layout(
    "`pneumoniamnist.npz`: `train_images`, `train_labels` (N, 1), `val_...`, `test_...` (MedMNIST)", "three parts"
)
def medmnist(desk: Desk) -> Path:
    arrays = {}
    for seed, (part, each) in enumerate({"train": 8, "val": 4, "test": 4}.items()):
        photos = mix(draw_photos(("0", "1"), each, seed=seed, edge=28, grey=True))
        arrays[f"{part}_images"], labels = stack(photos)
        arrays[f"{part}_labels"] = labels[:, None].astype(np.uint8)
        for photo in photos:
            desk.claim(photo.pixels, photo.label, "validation" if part == "val" else part)
    np.savez_compressed(desk.root / "pneumoniamnist.npz", **arrays)
    return desk.root / "pneumoniamnist.npz"


@add_layout("`images.npy` and `labels.npy` in a folder", "the two arrays")
def npy_pair(desk: Desk) -> Path:
    photos = mix(draw_photos(DIGITS))
    images, labels = stack(photos)
    for photo in photos:
        desk.claim(photo.pixels, photo.label)
    np.save(desk.root / "images.npy", images)
    np.save(desk.root / "labels.npy", labels)
    return desk.root
