"""Cases: a seed says which original is altered and how, so any of them can be made again."""

import gzip
import hashlib
import io
import json
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from fuzzing.alterations import Chance, alter, alter_json, alter_text
from fuzzing.layouts import PHOTOS, alter_record, list_altered_files, rename_photo
from fuzzing.originals import pack_tar, pack_zip

#: How many of a hundred seeds each family of inputs has.
SHARES = {
    "photos": 30,
    "tables": 12,
    "archives": 7,
    "containers": 7,
    "arrays": 7,
    "layouts": 18,
    "model": 7,
    "settings": 3,
    "run": 9,
}
#: Files of a run that are altered, for each time that another one is.
OFTEN = ("run.json", "split.json", "ledger.jsonl", "trust.json", "predictions.npz", "evaluation.json")
_FAMILIES = tuple(name for name, share in SHARES.items() for _ in range(share))


@dataclass(frozen=True)
class Case:
    """One altered input."""

    seed: int
    family: str
    original: str  #: its path below the family's folder
    content: bytes  #: as altered
    name: str = ""  #: another path that it gets; "" where it keeps its own


def make_case(seed: int, originals: Path) -> Case:
    """Return the case of a seed; ``originals`` is what ``draw_originals`` made."""
    chance = np.random.default_rng([13, seed])
    family = _FAMILIES[int(chance.integers(len(_FAMILIES)))]
    names = _list_names(originals / family, family)
    name = names[int(chance.integers(len(names)))]
    content = (originals / family / name).read_bytes()
    if family == "layouts" and Path(name).suffix.lower() in PHOTOS:
        return Case(seed, family, name, content, rename_photo(name, chance))
    return Case(seed, family, name, _choose_alteration(name, chance)(content, chance))


def _list_names(folder: Path, family: str) -> list[str]:
    if family == "layouts":
        return _list_layout_files(folder)
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    if family == "run":
        names = [name for name in names if not name.startswith("model/")] + [*OFTEN] * 2
    if family == "containers":
        return [name for name in names if not name.endswith(".png")]
    return names + ["model.json"] * 4 if family == "model" else names


@cache
def _list_layout_files(folder: Path) -> list[str]:
    return list_altered_files(folder)


def _choose_alteration(name: str, chance: Chance) -> Callable[[bytes, Chance], bytes]:
    """Return the alteration that suits a file: of its structure half of the time, else of its bytes."""
    structured = chance.random() < 0.6
    if name.endswith((".json", ".jsonl")):
        return alter_json if structured else alter_text
    if structured and ".tfrecord" in name:
        return alter_record
    if name.endswith((".csv", ".tsv", ".toml", ".md", ".txt", ".xml", ".yaml", ".names", ".data")):
        return alter_text
    if structured and name.endswith((".zip", ".npz", ".tm")):
        return _alter_zip_member
    if structured and ".tar" in name:
        return _alter_tar_member
    if structured and name.endswith(".gz"):
        return _alter_gzipped
    if structured and name.endswith(".png"):
        return _alter_png_chunk
    return alter


def _alter_name(name: str, chance: Chance) -> str:
    names = (
        f"../{name}", f"/{name}", name.replace("/", "\\"), f"{name}/", f".{name}", name.upper(), f"{name}\u00e9",
        "a" * 300 + name, name.rpartition("/")[2], f"x/{name}", f"{name}/x.png", "C:" + name, "con/" + name,
        f"__MACOSX/{name}", "",
    )  # fmt: skip
    return names[int(chance.integers(len(names)))]


def _alter_members(members: dict[str, bytes], chance: Chance) -> dict[str, bytes]:
    """Return members of which one has other bytes or another name, or is missing."""
    name = list(members)[int(chance.integers(len(members)))]
    way = chance.random()
    if way < 0.6:
        return {**members, name: alter(members[name], chance)}
    rest = {other: content for other, content in members.items() if other != name}
    return rest if way < 0.7 else {**rest, _alter_name(name, chance): members[name]}


def _alter_zip_member(content: bytes, chance: Chance) -> bytes:
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return alter(content, chance)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    return pack_zip(_alter_members(members, chance), zipfile.ZIP_DEFLATED)


def _alter_tar_member(content: bytes, chance: Chance) -> bytes:
    if not tarfile.is_tarfile(io.BytesIO(content)):
        return alter(content, chance)
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        members = {item.name: stream.read() for item in archive if (stream := archive.extractfile(item))}
    if chance.random() < 0.3:  # headers of the members
        return gzip.compress(alter(pack_tar(members, "w"), chance), mtime=0)
    return pack_tar(_alter_members(members, chance), "w")


def _alter_gzipped(content: bytes, chance: Chance) -> bytes:
    if not content.startswith(b"\x1f\x8b"):
        return alter(content, chance)
    return gzip.compress(alter(gzip.decompress(content), chance), mtime=0)


def _alter_png_chunk(content: bytes, chance: Chance) -> bytes:
    """Return a PNG with altered chunks whose checksums are right again."""
    chunks, place = [], 8
    while place < len(content):
        length = int.from_bytes(content[place : place + 4], "big")
        chunks.append((content[place + 4 : place + 8], content[place + 8 : place + 8 + length]))
        place += length + 12
    number = int(chance.integers(len(chunks)))
    chunks[number] = (chunks[number][0], alter(chunks[number][1], chance))
    return content[:8] + b"".join(
        len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big") for kind, body in chunks
    )


def copy_model(case: Case, model: Path, folder: Path) -> None:
    """Write a model folder with the altered file; of half of them ``model.json`` has the digest of what is altered."""
    shutil.copytree(model, folder)
    (folder / case.original).write_bytes(case.content)
    key = {"head.safetensors": "head_sha256", "novelty.safetensors": "novelty_sha256", "model.onnx": "graph_sha256"}
    if case.seed % 2 and case.original in key:
        record = json.loads((folder / "model.json").read_text("utf-8"))
        record[key[case.original]] = hashlib.sha256(case.content).hexdigest()
        (folder / "model.json").write_text(json.dumps(record), "utf-8")
