"""Masks, overlays and the like beside items under other names, one for each item: ``1.jpg`` and ``1_label.png``.

Where the names do not say so, as ``1.jpg`` and ``1.png``, a few files are decoded: masks have very few values.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from headstart.data.readers.folders.companion_maps import COVERED, FEWEST
from headstart_runtime.errors import UserError
from headstart_runtime.modalities.modality import Modality

FEW_VALUES = 8  #: of a mask at most; its item has more
LOOK_AT = 5  #: pairs that are decoded
EDGE = 256  #: rows and columns of a decoded item that are looked at, about
MASK, OVERLAY = "mask", "drawn-on copy"
PLURALS = {MASK: "masks", OVERLAY: "drawn-on copies", "depth map": "depth maps"}

_MASKS = "mask masks label labels labelids gtfine roi target binary bw lesion trimap segmented".split()  # noqa: SIM905
_COPIES = "annotated annotation annot anno overlay heatmap gradcam contour contours".split()  # noqa: SIM905
_WORDS = {**dict.fromkeys(_MASKS, MASK), **dict.fromkeys(_COPIES, OVERLAY)}
_TAIL = re.compile(rf"(.+?)((?:[\s._\-(]+(?:{'|'.join(_WORDS)})\)?)+)", re.IGNORECASE)
_GLUED = re.compile(r"(.*\d)(masks?)", re.IGNORECASE)
_LAST = re.compile(r"(.+?)([\s._\-(]+[^\s._\-()]+\)?)")


def find_paired_files(files: Sequence[Path], modality: Modality) -> dict[str, tuple[str, str]]:
    """Return map -> (kind, item that it belongs to) among the files of one folder.

    Nothing where not nearly each item has a map and each map an item.

    Args:
        files: the items of the folder.
        modality: of the items, by which a few are decoded where names say nothing.
    """
    stems: dict[str, list[Path]] = defaultdict(list)
    for file in files:
        stems[file.stem.lower()].append(file)
    found = _find_by_words(files, stems)
    if found:
        return found
    for pairs in _pair_files(files, stems):
        if _have_few_values(pairs, modality):
            return {one.name: (MASK, whole.name) for one, whole in pairs.items()}
    return {}


def _find_by_words(files: Sequence[Path], stems: Mapping[str, Sequence[Path]]) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    called = 0
    for file in files:
        match = _TAIL.fullmatch(file.stem) or _GLUED.fullmatch(file.stem)
        called += match is not None
        if match and (wholes := stems.get(match[1].lower())):
            word = re.findall(r"[a-z]+", match[2].lower())[-1]
            found[file.name] = (_WORDS[word], wholes[0].name)
    return found if _cover(len({whole for _, whole in found.values()}), len(files) - called, called, len(found)) else {}


def _pair_files(files: Sequence[Path], stems: Mapping[str, Sequence[Path]]) -> list[dict[Path, Path]]:
    """Return pairs of map -> item whose names differ in the same ending, one for nearly each item."""
    by_tail: dict[tuple[str, str], dict[Path, Path]] = defaultdict(dict)
    count: dict[tuple[str, str], int] = defaultdict(int)
    for file in files:
        ending = file.suffix.lower()
        count["", ending] += 1
        others = [it for it in stems[file.stem.lower()] if it.suffix.lower() != ending]
        if others:
            by_tail["", ending][file] = others[0]
        if match := _LAST.fullmatch(file.stem):
            tail = match[2].lower()
            count[tail, ending] += 1
            if wholes := stems.get(match[1].lower()):
                by_tail[tail, ending][file] = wholes[0]
    return [
        pairs
        for key, pairs in by_tail.items()
        if _cover(len(set(pairs.values())), len(files) - count[key], count[key], len(pairs))
    ]


def _cover(covered: int, items: int, maps: int, found: int) -> bool:
    """Return whether nearly each item has a map and nearly each map an item."""
    return items >= FEWEST and covered >= COVERED * items and found >= COVERED * maps


def _have_few_values(pairs: Mapping[Path, Path], modality: Modality) -> bool:
    """Return whether maps have very few values and their items more; a few of each are decoded."""
    some = list(pairs)[:: max(1, len(pairs) // LOOK_AT)][:LOOK_AT]
    counts = [(_count_values(one, modality), _count_values(pairs[one], modality)) for one in some]
    return all(0 < few <= FEW_VALUES < many for few, many in counts) and any(few > 1 for few, _ in counts)


def _count_values(path: Path, modality: Modality) -> int:
    """Return how many values or colours a decoded item has, as far as some rows and columns tell; 0 for others."""
    with suppress(OSError, UserError):
        value = modality.decode(path.read_bytes(), modality.default_spec).value
        if isinstance(value, np.ndarray) and value.dtype == np.uint8 and value.ndim in (2, 3):
            steps = tuple(slice(None, None, max(1, edge // EDGE)) for edge in value.shape[:2])
            cells = value[steps].astype(np.int64)
            codes = cells if cells.ndim == 2 else cells @ (256 ** np.arange(cells.shape[2], dtype=np.int64))
            return len(np.unique(codes))
    return 0
