"""Small drawn photos, the place where a layout lays them, and the truth of what it laid there."""

import hashlib
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]
EDGE = 32  #: pixels
EACH = 10  #: photos of a class


@dataclass(frozen=True, slots=True)
class Photo:
    """A drawn photo of a class."""

    label: str
    number: int  #: within its class, from 0 on
    pixels: Pixels  #: (H, W, 3) or (H, W)

    def encode(self, suffix: str = ".jpg") -> bytes:
        """Return the bytes of a file with this ending."""
        out = io.BytesIO()
        kind = Image.registered_extensions()[suffix.lower()]
        Image.fromarray(self.pixels).save(out, kind, **({"quality": 92} if kind == "JPEG" else {}))
        return out.getvalue()


@dataclass(frozen=True, slots=True)
class Claim:
    """The truth of one photo: its class, the subset that it was laid into, its group."""

    label: str
    subset: str = ""  #: train, validation or test, as it has to be used; "" where a split is made
    group: str = ""


@dataclass
class Desk:
    """An empty folder in which a layout is drawn, and the truth, which is noted while drawing."""

    root: Path
    claims: dict[str, Claim] = field(default_factory=dict)  #: by ``fingerprint``
    left_out: dict[str, str] = field(default_factory=dict)  #: end of a name -> a word that the reason has to have
    said: list[str] = field(default_factory=list)  #: words that a note or a reason has to have
    mentioned: list[str] = field(default_factory=list)  #: what was found to decide by, which is to be said too

    def write(self, name: str, content: bytes | str) -> Path:
        """Write a file under the root; it says nothing of the truth."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    def write_json(self, name: str, content: Any) -> Path:
        """Write a JSON file under the root."""
        return self.write(name, json.dumps(content, indent=1))

    def claim(self, content: bytes | Pixels, label: str, subset: str = "", group: str = "") -> None:
        """Note the truth of a photo that lies somewhere, as bytes of a file or as pixels."""
        self.claims[fingerprint(content)] = Claim(label, subset, group)

    def lay(self, name: str, photo: Photo, subset: str = "", group: str = "", *, label: str = "") -> bytes:
        """Write a photo's file under the root, note its truth and return its bytes."""
        suffix = Path(name).suffix
        known = suffix.lower() in Image.registered_extensions()
        content = photo.encode(suffix if known else ".jpg")
        self.write(name, content)
        self.claim(content, label or photo.label, subset, group)
        return content

    def lay_classes(self, pattern: str, classes: Sequence[str], each: int = EACH, **drawn: Any) -> list[Photo]:
        """Draw so many photos of each class and lay each under its own name; return them.

        Args:
            pattern: of a name, with ``{label}`` and ``{number}``.
            classes: names of the classes.
            each: photos of a class.
            **drawn: of ``draw_photos``.
        """
        photos = draw_photos(classes, each, **drawn)
        for photo in photos:
            self.lay(pattern.format(label=photo.label, number=photo.number), photo)
        return photos

    def lay_parts(
        self, pattern: str, parts: Mapping[str, tuple[int, str]], classes: Sequence[str], **drawn: Any
    ) -> None:
        """Draw photos of each class and lay them into parts, the first of each class into the first part.

        Args:
            pattern: of a name, with ``{part}``, ``{label}`` and ``{number}``.
            parts: name -> photos of each class, and the subset as which they have to be used.
            classes: names of the classes.
            **drawn: of ``draw_photos``.
        """
        counts = {part: count for part, (count, _) in parts.items()}
        for photo in draw_photos(classes, sum(counts.values()), **drawn):
            part = split_by_number(photo, counts)
            name = pattern.format(part=part, label=photo.label, number=photo.number)
            self.lay(name, photo, parts[part][1])

    def lay_rows(self, pattern: str, classes: Sequence[str], *, cell: str = "") -> list[tuple[str, str]]:
        """Draw photos of each class, lay them in an order in which classes alternate; return rows of a table of them.

        Args:
            pattern: of a name, with ``{place}``, that in the order from 0 on.
            classes: names of the classes.
            cell: pattern of what stands in the table; "" for the name itself. Beside it stands the label.
        """
        rows = []
        for place, photo in enumerate(mix(draw_photos(classes))):
            self.lay(pattern.format(place=place), photo)
            rows.append(((cell or pattern).format(place=place), photo.label))
        return rows

    def leave_photos(
        self, pattern: str, classes: Sequence[str], each: int = EACH, word: str = "", **drawn: Any
    ) -> None:
        """Draw so many photos of each class and write them so that none may become a sample.

        Args:
            pattern: of a name, with ``{label}`` and ``{number}``.
            classes: names of the classes.
            each: photos of a class.
            word: that the ledger has to say of them.
            **drawn: of ``draw_photos``.
        """
        for photo in draw_photos(classes, each, **drawn):
            name = pattern.format(label=photo.label, number=photo.number)
            self.leave(name, photo.encode(Path(name).suffix), word)

    def leave(self, name: str, content: bytes | str, word: str = "") -> None:
        """Write a file that must not become a sample, and the word that the ledger has to say of it."""
        self.write(name, content)
        self.left_out[name] = word

    def say(self, *words: str) -> None:
        """Note words that have to be said of this source."""
        self.said += words

    def mention(self, *words: str) -> None:
        """Note what is decided by, such as a column's name: it ought to stand in a note or among the decisions."""
        self.mentioned += words


def fingerprint(content: bytes | NDArray[Any]) -> str:
    """Return what tells a photo: the digest of a file's bytes, or of its pixels whatever axes of length 1 they have."""
    if isinstance(content, bytes):
        return hashlib.blake2b(content, digest_size=16).hexdigest()
    pixels = np.squeeze(np.asarray(content))
    if pixels.dtype.kind == "f" and pixels.max(initial=0) <= 1:
        pixels = np.rint(pixels * 255)
    if pixels.ndim == 3 and np.array_equal(pixels[..., :1].repeat(pixels.shape[-1], -1), pixels):
        pixels = pixels[..., 0]  # grey as three equal channels is grey
    body = np.ascontiguousarray(pixels.astype(np.uint8)).tobytes()
    return hashlib.blake2b(repr(pixels.shape).encode() + body, digest_size=16).hexdigest()


def draw_pixels(kind: int, seed: int, edge: int = EDGE, *, grey: bool = False) -> Pixels:
    """Return a texture that classes of this number alone have, in any colours and place, under noise."""
    chance = np.random.default_rng([kind, seed])
    y, x = np.mgrid[:edge, :edge].astype(np.float32)
    step = float(chance.integers(5, 9))
    x, y = x + chance.integers(30), y + chance.integers(30)
    shapes: tuple[Callable[[], NDArray[Any]], ...] = (
        lambda: (x // step + y // step) % 2,
        lambda: ((x % (2 * step) - step) ** 2 + (y % (2 * step) - step) ** 2 < (0.7 * step) ** 2) * 1.0,
        lambda: (x + 0.4 * y) // (step / 2) % 2,
        lambda: y // (step / 2) % 2,
    )
    dark, light = chance.integers(0, 100, 3), chance.integers(150, 256, 3)
    turned = np.rot90(shapes[kind % 4]()) if kind >= 4 else shapes[kind % 4]()
    pixels = dark + turned[:, :, None] * (light - dark) + chance.normal(0, 12, (edge, edge, 3))
    pixels = np.clip(pixels, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(pixels[..., 0]) if grey else pixels


def draw_photos(
    classes: Sequence[str], each: int = EACH, *, seed: int = 0, edge: int = EDGE, grey: bool = False
) -> list[Photo]:
    """Return so many photos of each class; another seed, other photos."""
    return [
        Photo(label, number, draw_pixels(kind, 1000 * seed + number, edge, grey=grey))
        for kind, label in enumerate(classes)
        for number in range(each)
    ]


def mix(photos: Sequence[Photo]) -> list[Photo]:
    """Return photos in an order in which classes alternate, as the rows of most published tables do."""
    return sorted(photos, key=lambda photo: (photo.number, photo.label))


@dataclass(frozen=True, slots=True)
class Layout:
    """A way in which labelled photos are published or kept."""

    name: str
    subject: str  #: folders, tables, arrays, containers, oddities
    draw: Callable[[Desk], Path]  #: lays it and returns what a newcomer would point at
    seen: str  #: what it looks like, for the documents
    read: str  #: what is read of it
    flags: str  #: the flags that are needed; "" for none
    refused: tuple[str, ...]  #: words of the message, where it cannot be read but has to be explained
    module: str  #: that drawing needs; "" for none


LAYOUTS: dict[str, Layout] = {}
SETS = "--task multilabel"  #: reads all labels of a photo where that is not sure


def add_layout(
    seen: str, read: str, *, flags: str = "", refused: tuple[str, ...] = (), module: str = ""
) -> Callable[[Callable[[Desk], Path]], Callable[[Desk], Path]]:
    """Return a decorator that adds a function to the layouts under its name.

    Args:
        seen: what it looks like, for a person.
        read: what is read of it.
        flags: that are needed, as a person types them; "" where the bare source is read.
        refused: words of the message, where photos like these cannot be classified.
        module: a library without which it cannot be drawn.
    """

    def add(draw: Callable[[Desk], Path]) -> Callable[[Desk], Path]:
        subject = draw.__module__.rpartition(".")[2]
        name = draw.__name__
        if name in LAYOUTS:
            raise ValueError(f"two layouts are called {name}")
        LAYOUTS[name] = Layout(name, subject, draw, seen, read, flags, refused, module)
        return draw

    return add


def join_labels(labels: Iterable[str]) -> str:
    """Return several labels of one photo as they are told: each once, in their order, with semicolons between."""
    return ";".join(sorted(set(labels)))


def rows_to_csv(rows: Iterator[Sequence[object]] | Sequence[Sequence[object]], separator: str = ",") -> str:
    """Return rows as lines of a table."""
    return "".join(separator.join(map(str, row)) + "\n" for row in rows)


def split_by_number(photo: Photo, parts: Mapping[str, int]) -> str:
    """Return the part of a photo where the first so many of each class are in the first part, and so on."""
    number = photo.number
    for part, count in parts.items():
        if number < count:
            return part
        number -= count
    raise ValueError(f"no part has photo {photo.number}")
