"""Items of every modality that all tasks have something to ask of: photos, texts, clips, vectors of another package.

Each item has some of three traits and a level: which colours of a photo are bright and how light it is, which words a
text has and how often one more, which tones sound and how loud, where a vector of two numbers lies.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from headstart_runtime.tasks.task import Task
from tests.modalities.sound.clips import RATE, encode
from tests.modalities.texts import COMMON
from tests.plugins import install_plugin, package_folder

PHOTO_SIZE = 48  #: pixels
DARK, BRIGHT = 50, 200  #: mean level of a colour
TRAIT_WORDS = ("ship", "oak", "moss")
LEVEL_WORD = "wave"
TONES = (300, 800, 1900)  #: Hz
PLACES = np.array([[1.0, 2.0], [1.0, 1.0], [1.0, -3.0]])  #: that each trait adds to a vector

Traits = NDArray[np.bool_]


@dataclass(frozen=True)
class DrawnItem:
    """An item as a row of a table has it."""

    cell: str
    level: float  #: 0..25.5


@dataclass(frozen=True)
class DrawnModality:
    """The items of a modality, and the small networks that read them."""

    draw: Callable[[Path, int, Traits], DrawnItem]  #: the item of a number, its file in a folder if it has one
    networks: tuple[str, ...]  #: by name; "" is the network of the fixture ``small``, the first is the one used most
    column: str = "path"  #: of the table
    broken: Any = b"no item"  #: content of an item that cannot be read
    views: Mapping[str, Any] = field(default_factory=dict)  #: settings by which training items are changed
    change: str = "*"  #: one of these changes as ``Task.invariances`` has it, which a task may leave out with a note


def draw_photo(folder: Path, number: int, traits: Traits) -> DrawnItem:
    chance = np.random.default_rng(number)
    means = np.where(traits, BRIGHT, DARK) + chance.integers(-25, 26, 3)
    pixels = np.clip(chance.normal(means, 12, (PHOTO_SIZE, PHOTO_SIZE, 3)), 0, 255).astype(np.uint8)
    if not (file := folder / f"{number:02d}.png").exists():
        Image.fromarray(pixels).save(file)
    return DrawnItem(file.name, pixels.mean() / 10)


def draw_text(folder: Path, number: int, traits: Traits) -> DrawnItem:
    chance = np.random.default_rng(number)
    often = int(chance.integers(0, 9))
    words = [word for word, one in zip(TRAIT_WORDS, traits, strict=True) for _ in range(3 * one)]
    words += [LEVEL_WORD] * often + [str(word) for word in chance.choice(COMMON, 24 - often - len(words))]
    return DrawnItem(" ".join(chance.permutation(words)), 5 + 2 * often + float(chance.normal(0, 0.1)))


def draw_clip(folder: Path, number: int, traits: Traits) -> DrawnItem:
    chance = np.random.default_rng(number)
    time = np.arange(int(chance.uniform(0.3, 0.5) * RATE)) / RATE
    loud = chance.uniform(0.02, 0.2)
    tones = [np.sin(2 * np.pi * hertz * chance.uniform(0.95, 1.05) * time) for hertz in TONES]
    heard = sum(tone for tone, one in zip(tones, traits, strict=True) if one)
    if not (file := folder / f"{number:02d}.wav").exists():
        file.write_bytes(encode((loud * heard + chance.normal(0, 0.003, len(time))).astype(np.float32)))
    return DrawnItem(file.name, 20 + 10 * float(np.log10(loud)) + float(chance.normal(0, 0.1)))


def draw_vector(folder: Path, number: int, traits: Traits) -> DrawnItem:
    chance = np.random.default_rng(number)
    vector = traits.astype(np.float64) @ PLACES + chance.normal(0, 0.15, 2)
    (file := folder / f"{number:02d}.vec").write_text(f"{vector[0]:.4f} {vector[1]:.4f}")
    return DrawnItem(file.name, 8 + 2 * vector[0] + vector[1])


#: Of each modality of this package, and of one of another package.
ITEMS: dict[str, DrawnModality] = {
    "image": DrawnModality(
        draw_photo, ("", "headstart_small_resnet"), views={"augmentation": "standard"}, change="crop"
    ),
    "text": DrawnModality(draw_text, ("tinybert:net", "tinybert:short"), column="text", broken=b""),
    "sound": DrawnModality(
        draw_clip, ("tinysound:net", "tinysound:wide"), views={"clip_changes": "standard"}, change="crop"
    ),
    "vector": DrawnModality(draw_vector, ("plane:net", "plane:wide"), views={"jitter": 0.05}),
}


@contextmanager
def install_drawn(folder: Path) -> Iterator[None]:
    """Install small networks for texts and clips, vectors and the task ``amount`` for the length of a ``with``."""
    packages = Path(__file__).parents[1] / "modalities"
    for name in ("tinybert", "tinysound"):
        shutil.copytree(packages / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        install_plugin(folder, name, "headstart.providers", f"{name}.provider:PROVIDER")
    shutil.copy(packages / "vector_package.py", folder / "vectors.py")
    install_plugin(folder, "vector", "headstart.modalities", "vectors:MODALITY")
    install_plugin(folder, "plane", "headstart.providers", "vectors:PROVIDER")
    install_plugin(folder, "amount", "headstart.tasks", "tests.tasks.amount:TRAINED")
    with package_folder(folder, "tinybert", "tinysound", "vectors"):
        yield


def leaves_out(modality: str, task: Task) -> bool:
    """Whether views of a modality's items are changed less for a task than its preset says, which a note tells."""
    change = ITEMS[modality].change
    return change != "*" and not task.invariances & {change, "*"}
