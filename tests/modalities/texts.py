"""Texts for tests: the package ``tinytext`` installed, and texts of two classes.

``install_texts`` registers the modality "verse", whose items are texts, in place of the built-in one, and the
networks ``tinytext:net`` (embedding and convolution with a
mask), ``tinytext:windows`` (the same, texts in parts of eight words), ``tinytext:deaf`` (no look
at the mask) and ``tinytext:attend`` (pooled by attention). Use it in a fixture of your module::

    @pytest.fixture(scope="module", autouse=True)
    def site(tmp_path_factory):
        with install_texts(tmp_path_factory.mktemp("site")) as folder:
            yield folder
"""

import csv
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import headstart
from headstart_runtime.modalities.modality import MODALITIES, REGISTRY
from tests.plugins import install_plugin, package_folder

PACKAGE = Path(__file__).with_name("tinytext")
COMMON = ["the", "a", "of", "and", "on", "in", "was", "it", "that", "there", "by", "under", "over", "again"]
WORDS = {  #: of each class, beside the common ones
    "sea": ["wave", "ship", "harbour", "tide", "sail", "gull", "anchor", "deck"],
    "wood": ["oak", "moss", "fern", "owl", "bark", "path", "mushroom", "beetle"],
}


@contextmanager
def install_texts(folder: Path) -> Iterator[Path]:
    """Install ``tinytext`` in an empty folder for the length of a ``with``; a fresh process needs it on its path."""
    shutil.copytree(PACKAGE, folder / "tinytext", ignore=shutil.ignore_patterns("__pycache__"))
    install_plugin(folder, "verse", "headstart.modalities", "tinytext.modality:MODALITY")
    install_plugin(folder, "tinytext", "headstart.providers", "tinytext.provider:PROVIDER")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(REGISTRY, "builtin", {name: place for name, place in MODALITIES.items() if name != "text"})
        with package_folder(folder, "tinytext"):
            yield folder


def draw_texts(count: int, seed: int = 0, longest: int = 30) -> list[tuple[str, str]]:
    """Return texts of 3 words and more with their classes, in turns: a third of the words tells the class."""
    chance = np.random.default_rng(seed)
    drawn = []
    for number in range(count):
        label = list(WORDS)[number % len(WORDS)]
        length = int(chance.integers(3, longest + 1))
        words = [str(chance.choice(WORDS[label] if place % 3 == 0 else COMMON)) for place in range(length)]
        drawn.append((" ".join(chance.permutation(words)), label))
    return drawn


def write_table(file: Path, texts: Sequence[tuple[str, str]]) -> Path:
    """Write texts and labels as a table."""
    with file.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("text", "label"), *texts])
    return file


def write_folder(folder: Path, texts: Sequence[tuple[str, str]]) -> Path:
    """Write texts as files, in a folder for each label."""
    for number, (text, label) in enumerate(texts):
        (folder / label).mkdir(parents=True, exist_ok=True)
        (folder / label / f"{number:03}.txt").write_text(text, "utf-8")
    return folder


def list_paths(site: Path) -> str:
    """Return the PYTHONPATH of a fresh process that has the package."""
    return f"{site}:{Path(headstart.__file__).parents[1]}"
