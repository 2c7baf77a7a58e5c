"""Fine alignment of small grey pictures: one is shifted, scaled and mirrored as fits the other best.

The inner part of one picture is looked for in the other: first in windows of a grid (``coarse_align``), then, here,
between its points by Gauss-Newton steps (Lucas & Kanade, 1981, IJCAI; forward-additive, without rotation). What is
compared is *detail*: a picture without its smooth part, which light and backdrop alone make, and without its gain,
which exposure makes. The measure is the normalised correlation of details, with a floor under their energy, so that
flat pictures, whose details are noise, agree in nothing.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from headstart_runtime.arrays import Bools, Floats, Ints

INNER = 0.74  #: edge of the part that is looked for, as a share of the picture's
FINE = 16  #: points along an edge at which windows are compared
DEGREE = 3  #: of the polynomial in x and y that is taken away as smooth
FLOOR = 0.002  #: half a grey level: the noise that scaling and JPEG leave in the details of a small picture
STEPS = 5
FARTHEST_SHIFT, LEAST_SCALE, MOST_SCALE = 0.15, 0.75, 1.33


@dataclass(frozen=True, slots=True)
class Alignment:
    """Place of the second picture of each of M pairs in the first."""

    detail: Floats  #: (M,) correlation of details, -1..1
    place: Floats  #: (M, 3) of the window in the first: scale, shift right, shift down
    mirrored: Bools  #: (M,) whether the second was mirrored left to right

    def take(self, rows: Ints) -> "Alignment":
        """Return the alignments of some pairs, by their rows."""
        return Alignment(self.detail[rows], self.place[rows], self.mirrored[rows])


def align_finely(grey: Floats, pairs: Ints, start: Alignment) -> Alignment:
    """Return the best place of each pair that steps from the start come upon; never worse than the start.

    Args:
        grey: (N, G, G).
        pairs: (M, 2) indices into it.
        start: M places.
    """
    wanted = grey[pairs[:, 1]]
    wanted[start.mirrored] = wanted[start.mirrored][:, :, ::-1]
    pictures, place = grey[pairs[:, 0]], start.place.copy()
    whole = np.tile(np.array([1, 0, 0], np.float32), (len(pairs), 1))
    template = normalise_details(extract_details(sample_windows(wanted, whole, FINE)))
    best, best_place = np.full(len(pairs), -1, np.float32), place.copy()
    for step in range(STEPS + 1):
        window = sample_windows(pictures, place, FINE)
        details = extract_details(window)
        agree = (normalise_details(details) * template).sum(axis=1)
        better = agree > best
        best[better], best_place[better] = agree[better], place[better]
        if step < STEPS:
            place = _step(place, window, details, template * np.maximum(agree, 0)[:, None])
    return Alignment(best, best_place, start.mirrored)


def sample_windows(pictures: Floats, place: Floats, points: int) -> Floats:
    """Return windows of pictures, sampled bilinearly.

    Args:
        pictures: (M, G, G) or (M, G, G, channels).
        place: (M, 3) as in ``Alignment``; beyond the edge the picture goes on as it ends.
        points: along an edge of the window.

    Returns:
        (M, points, points) or (M, points, points, channels).
    """
    edge = pictures.shape[1]
    across = _weigh_cells(place[:, 0], place[:, 1], points, edge)
    down = _weigh_cells(place[:, 0], place[:, 2], points, edge)
    lines = (down @ pictures.reshape(len(pictures), edge, -1)).reshape(-1, points, *pictures.shape[2:])
    return np.asarray(lines @ across.swapaxes(1, 2) if pictures.ndim == 3 else across[:, None] @ lines, np.float32)


def _weigh_cells(scale: Floats, shift: Floats, points: int, edge: int) -> Floats:
    """Return weights (M, points, edge) of the cells along an edge, for points between their middles."""
    exact = (np.float32(0.5) + shift[:, None] + _place_points(points) * scale[:, None]) * edge - np.float32(0.5)
    exact = np.clip(exact, 0, edge - 1).astype(np.float32)
    away = np.abs(exact[:, :, None] - np.arange(edge, dtype=np.float32))
    return np.maximum(np.float32(1) - away, np.float32(0))


def _place_points(points: int) -> Floats:
    """Return offsets (points,) of a window's points from its centre, as shares of the picture's edge."""
    return (((np.arange(points) + 0.5) / points - 0.5) * INNER).astype(np.float32)


def _step(place: Floats, window: Floats, details: Floats, wanted: Floats) -> Floats:
    """Return the places after a Gauss-Newton step towards the wanted details, at the window's own contrast."""
    spacing = (INNER / FINE) * place[:, 0, None, None]
    down, across = (slope / spacing for slope in np.gradient(window, axis=(1, 2)))
    offsets = _place_points(FINE)
    slopes = np.stack([across * offsets + down * offsets[:, None], across, down], axis=1)
    slopes = extract_details(slopes.reshape(-1, FINE, FINE)).reshape(len(place), 3, -1)
    energy = np.sqrt((details**2).sum(axis=1))
    residual = wanted * energy[:, None] - details
    curvature = slopes @ slopes.transpose(0, 2, 1)
    curvature += np.eye(3, dtype=np.float32) * (1e-3 * np.trace(curvature, axis1=1, axis2=2)[:, None, None] + 1e-6)
    step = np.linalg.solve(curvature, slopes @ residual[:, :, None])[:, :, 0]
    moved: Floats = (place + np.clip(step, -0.05, 0.05)).astype(np.float32)
    moved[:, 0] = np.clip(moved[:, 0], LEAST_SCALE, MOST_SCALE)
    moved[:, 1:] = np.clip(moved[:, 1:], -FARTHEST_SHIFT, FARTHEST_SHIFT)
    return moved


def extract_details(windows: Floats, degree: int = DEGREE) -> Floats:
    """Return windows (M, points, points) without their smooth part, (M, points**2).

    The smooth part is a polynomial of that degree in x and y.
    """
    flat = windows.reshape(len(windows), -1)
    smooth = _make_polynomials(windows.shape[1], degree)
    return np.asarray(flat - (flat @ smooth) @ smooth.T, np.float32)


def normalise_details(details: Floats) -> Floats:
    """Return details divided by the root of their energy and the floor's."""
    energy = np.einsum("...k,...k->...", details, details)[..., None]
    return np.asarray(details / np.sqrt(energy + FLOOR**2 * details.shape[-1]), np.float32)


@cache
def _make_polynomials(points: int, degree: int) -> Floats:
    """Return orthonormal polynomials over a window, (points**2, terms)."""
    line = np.linspace(-1, 1, points)
    terms = [
        np.outer(line**down, line**across).ravel() for down in range(degree + 1) for across in range(degree + 1 - down)
    ]
    basis, _ = np.linalg.qr(np.array(terms).T)
    return basis.astype(np.float32)
