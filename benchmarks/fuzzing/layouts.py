"""The layouts of ``benchmarks/drawn`` as inputs: one file of one is altered, or gets another name."""

import gzip
import importlib.util
import json
from collections.abc import Callable
from pathlib import Path

from drawn.catalog import LAYOUTS
from drawn.desk import Desk
from drawn.tfrecords import encode_records
from fuzzing.alterations import Chance, alter

SOURCES = "sources.json"  #: for each layout what is read, a path from the folder of all
PHOTOS = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm"})
MOST_FILES = 8  #: of a layout that are altered, spread over all; other seeds alter the same ones otherwise
RENAMED = 3  #: times that a layout of photos alone is taken, to get a file another name


def draw_layouts(folder: Path) -> None:
    """Draw every layout into a folder of its name, as far as what writes it is installed."""
    sources = {}
    for name, layout in LAYOUTS.items():
        if not layout.module or importlib.util.find_spec(layout.module):
            (folder / name).mkdir(parents=True)
            sources[name] = layout.draw(Desk(folder / name)).relative_to(folder).as_posix()
    (folder / SOURCES).write_text(json.dumps(sources), "utf-8")


def list_altered_files(folder: Path) -> list[str]:
    """Return the files that are altered, of each layout some: those that are no photos, or else photos."""
    names = []
    for layout in sorted(json.loads((folder / SOURCES).read_text("utf-8"))):
        files = sorted(path.relative_to(folder).as_posix() for path in (folder / layout).rglob("*") if path.is_file())
        others = [name for name in files if Path(name).suffix.lower() not in PHOTOS]
        names += _spread(others, MOST_FILES) if others else _spread(files, RENAMED)
    return names


def _spread(names: list[str], most: int) -> list[str]:
    return names[:: max(1, -(-len(names) // most))]


def rename_photo(name: str, chance: Chance) -> str:
    """Return another path for a file of a layout, below the layout's folder."""
    root, _, rest = name.partition("/")
    folder, _, last = rest.rpartition("/")
    stem, _, ending = last.rpartition(".")
    names = (
        f"{folder}/{stem}", f"{folder}/{stem}.txt", f"{folder}/{stem}.{ending.upper()}", f"{folder}/.{last}", last,
        f"x/{rest}", f"{folder}/x/y/{last}", f"{folder}/{stem} \u00e9\u4e2d.{ending}", f"{folder}/e\u0301.{ending}",
        f"{folder}/{'n' * 200}.{ending}", f"{folder}/{stem}.{ending}/{last}", f"test/{last}",
        f"{folder}/a\nb,;\".{ending}", f"__MACOSX/{last}", f"{folder}/Thumbs.db", f"{folder}/labels.csv",
        f"{folder}/{stem}.npz",
    )  # fmt: skip
    return f"{root}/{names[int(chance.integers(len(names)))].lstrip('/')}"


def alter_record(content: bytes, chance: Chance) -> bytes:
    """Return TFRecords of which one holds other bytes, missing or twice, under checksums that are right again."""
    if content.startswith(b"\x1f\x8b"):
        return gzip.compress(alter_record(gzip.decompress(content), chance), mtime=0)
    records, place = [], 0
    while place + 12 <= len(content):
        length = int.from_bytes(content[place : place + 8], "little")
        records.append(content[place + 12 : place + 12 + length])
        place += length + 16
    number = int(chance.integers(len(records)))
    ways: tuple[Callable[[bytes], list[bytes]], ...] = (
        lambda record: [alter(record, chance)],
        lambda record: [alter(record[:200], chance) + record[200:]],
        lambda record: [record[:-200] + alter(record[-200:], chance)],
        lambda record: [],
        lambda record: [record, record],
    )
    altered = ways[int(chance.integers(len(ways)))](records[number])
    return encode_records([*records[:number], *altered, *records[number + 1 :]])
