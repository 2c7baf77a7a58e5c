"""Mels drawn as SVG: time from left to right, pitch upwards, the louder the darker."""

from collections.abc import Callable, Iterable, Sequence
from html import escape
from itertools import islice

import numpy as np

from headstart_runtime.arrays import Floats
from headstart_runtime.modalities.facets import SheetItem

SHADES = 8  #: steps of darkness
COLUMNS, ROWS = 80, 16  #: cells of a drawing
WIDTH, HEIGHT = 160, 64  #: of a drawing
GAP, TITLE, CAPTION = 10, 30, 16


def shade_mels(mels: Floats) -> str:
    """Return mels (frames, bands) as the inside of an SVG of ``WIDTH`` by ``HEIGHT``: a path for each shade."""
    cells = _shrink(_shrink(mels, COLUMNS).T, ROWS)  # (rows, columns)
    low, high = np.quantile(cells, 0.05), cells.max()
    shades = np.clip((cells - low) / max(high - low, 1e-6) * SHADES, 0, SHADES).astype(int)
    wide, tall = WIDTH / cells.shape[1], HEIGHT / cells.shape[0]
    paths = [f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff" stroke="#ccc"/>']
    for shade in range(1, SHADES + 1):
        runs = [
            f"M{start * wide:.1f} {HEIGHT - (row + 1) * tall:.1f}h{count * wide:.1f}v{tall:.1f}h-{count * wide:.1f}z"
            for row, line in enumerate(shades == shade)
            for start, count in _find_runs(line)
        ]
        grey = round(235 - 200 * shade / SHADES)
        if runs:
            paths.append(f'<path fill="rgb({grey},{grey},{grey})" d="{"".join(runs)}"/>')
    return "".join(paths)


def draw_clip_sheet(
    items: Iterable[SheetItem], list_views: Callable[[SheetItem], Sequence[Floats]], title: str, most: int
) -> bytes | None:
    """Return a sheet as SVG: a row for each clip, of its mels as they are predicted on and of changed views.

    Args:
        items: clips; no more are taken than there are rows.
        list_views: gives the mels of a clip's views, the plain one first.
        title: above all.
        most: rows.
    """
    rows = [(item.caption, list_views(item)) for item in islice(items, most)]
    if not rows:
        return None
    columns = max(len(views) for _, views in rows)
    drawn = [_write(GAP, TITLE - 12, title)]
    for row, (caption, views) in enumerate(rows):
        top = TITLE + row * (CAPTION + HEIGHT + GAP)
        drawn.append(_write(GAP, top + CAPTION - 5, f"{caption}: as predicted, then changed"))
        for column, mels in enumerate(views):
            place = f"translate({GAP + column * (WIDTH + GAP)} {top + CAPTION})"
            drawn.append(f'<g transform="{place}">{shade_mels(mels)}</g>')
    width, height = GAP + columns * (WIDTH + GAP), TITLE + len(rows) * (CAPTION + HEIGHT + GAP) + GAP
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif">'
    return f'{head}<rect width="100%" height="100%" fill="#fff"/>{"".join(drawn)}</svg>'.encode()


def _write(left: int, top: int, text: str) -> str:
    return f'<text x="{left}" y="{top}" font-size="12" fill="#222">{escape(text)}</text>'


def _shrink(values: Floats, most: int) -> Floats:
    """Return means of neighbours along the first axis, so that at most so many are left."""
    edges = np.linspace(0, len(values), min(most, len(values)) + 1).astype(int)[:-1]
    counts = np.diff([*edges, len(values)])
    return np.asarray(np.add.reduceat(values, edges, axis=0) / counts[:, None], np.float32)


def _find_runs(line: np.ndarray) -> list[tuple[int, int]]:
    """Return begin and length of each run of true cells."""
    changes = np.diff(line.astype(np.int8), prepend=0, append=0)
    starts, ends = np.flatnonzero(changes == 1), np.flatnonzero(changes == -1)
    return [(int(start), int(end - start)) for start, end in zip(starts, ends, strict=True)]
