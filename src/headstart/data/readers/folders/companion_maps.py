"""Masks and depth maps that lie beside items, one for each, as names tell: ``rgb/1.png`` and ``depth/1.png``."""

import re
from collections.abc import Sequence

from headstart.data.readers.folders.folder_names import list_places
from headstart.data.readers.folders.folder_tree import FolderNode
from headstart.data.readers.words import split_words
from headstart_runtime.modalities.item import SourceHints

FEWEST = 3  #: items of a folder, each with its map
COVERED = 0.9  #: share of the items that have to have a map
MOST_OF_A_FOLDER = 0.6  #: share of the files in a folder that may be maps: each has an item beside it

_MASKS = frozenset("mask masks maskcrop seg segm segmentation segmentations groundtruth gt".split())  # noqa: SIM905
_DEPTHS = frozenset("depth depths depthmap depthmaps depthcrop disparity disparities".split())  # noqa: SIM905
_WHOLES = frozenset("rgb color colour crop".split())  # noqa: SIM905 (of the item beside a map)
_MAP_WORD = re.compile(rf"(?<![a-z])(?:{'|'.join(sorted(_MASKS | _DEPTHS))})(?![a-z])", re.IGNORECASE)


def find_mapped_folder(folder: FolderNode, others: Sequence[FolderNode], hints: SourceHints) -> FolderNode | None:
    """Return the folder of items whose masks or depth maps a folder has; None for any other folder.

    One is called by a map, the other a place for items or by their colours, and each item has a map that is called
    alike but for these words.
    """
    words = set(split_words(folder.name))
    if not words & (_MASKS | _DEPTHS):
        return None
    wholes = list_places(hints) | _WHOLES
    for other in others:
        beside = set(split_words(other.name))
        if other is folder or not beside & wholes or beside & (_MASKS | _DEPTHS) or other.items < FEWEST:
            continue
        maps, items = (_list_keys(node, words | beside) for node in (folder, other))
        if len(maps) == folder.items and maps <= items and len(maps) >= COVERED * other.items:
            return other
    return None


def find_depth_maps(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return map -> (kind, item that it belongs to) among the files of one folder: ``1_rgb.png``, ``1_depth.png``.

    Nothing where a map has no item, or where there are more maps than items. A mask wants an item with a word of its
    own, as ``rgb``: ``man_1.jpg`` and ``man_mask_1.jpg`` may be two classes.
    """
    called = [name for name in names if _MAP_WORD.search(name)]
    if not called or len(called) > MOST_OF_A_FOLDER * len(names):
        return {}
    coloured: dict[tuple[str, ...], str] = {}  # those with a word of theirs, without it
    bare: dict[tuple[str, ...], str] = {}
    for name in set(names) - set(called):
        words = _split_stem(name)
        own = tuple(word for word in words if word not in _WHOLES)
        (coloured if own != words else bare)[own] = name
    found: dict[str, tuple[str, str]] = {}
    for name in called:
        words = _split_stem(name)
        own = tuple(word for word in words if word not in _MASKS | _DEPTHS)
        is_depth = not set(words) <= set(own) | _MASKS
        whole = coloured.get(own) or (bare.get(own) if is_depth else None)
        if own and whole:
            found[name] = ("depth map" if is_depth else "mask", whole)
    return found if len(found) >= COVERED * len(called) and 3 * len(found) >= len(names) else {}


def _split_stem(name: str) -> tuple[str, ...]:
    stem = name.rpartition(".")[0] or name
    return tuple(word for word in re.split(r"[\s._\-()]+", stem.lower()) if word)


def _list_keys(folder: FolderNode, words: set[str]) -> set[tuple[str, ...]]:
    """Return what the paths of the items under a folder consist of, without some words."""
    keys = set()
    for file in folder.all_files():
        if file.is_item:
            under = "/".join(file.name.split("/")[len(folder.steps) :]).lower().rpartition(".")[0]
            keys.add(tuple(it for it in re.findall(r"[^\W\d_]+|\d+|/", under) if it not in words))
    return keys
