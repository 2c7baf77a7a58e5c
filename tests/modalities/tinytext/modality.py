"""Texts: files, and cells of a table."""

import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from tinytext.explanation import WordExplanation
from tinytext.words import Words, split_words

from headstart_runtime.modalities.batch import Batch, TensorSpec
from headstart_runtime.modalities.item import BrokenItem, Decoded, ItemFacts, Noun, SourceHints
from headstart_runtime.modalities.modality import Modality

WORDS = 512  #: ids of words; 0 is padding


@dataclass(frozen=True, slots=True)
class TextSpec:
    """Ids of words and a mask, so many words in a part."""

    window: int = 48
    padded: bool = False  #: every part is as long as the window
    kind: ClassVar[str] = "verse"

    @property
    def tensors(self) -> tuple[TensorSpec, ...]:
        length = self.window if self.padded else None
        return TensorSpec("ids", "int64", (length,)), TensorSpec("mask", "float32", (length,))

    @property
    def rank(self) -> float:
        return float(self.window)

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, **asdict(self)}


class OpenedText:
    """A path, bytes, or the text itself."""

    def __init__(self, value: Any):
        self._value = value
        self.name = str(value) if isinstance(value, Path) else "a text"
        self.repaired, self.note = None, ""

    def load(self, spec: TextSpec) -> Words:
        if not isinstance(self._value, Path):
            return read_words(self._value.encode() if isinstance(self._value, str) else self._value)
        try:
            return read_words(self._value.read_bytes())
        except OSError as error:
            raise BrokenItem(f"cannot be read ({error.strerror})") from None

    def load_for_specs(self, specs: Sequence[TextSpec]) -> dict[Any, list[Any]]:
        words = self.load(specs[0])
        return {spec: MODALITY.make_parts(words, spec) for spec in specs}

    def forget(self) -> None:
        pass


class TextModality:
    """Texts of a few words."""

    name = "verse"
    noun = Noun("text", "texts")
    suffixes = frozenset({".txt"})
    hints = SourceHints(value_columns=("text", "sentence"))
    default_backbone = ""
    default_spec = TextSpec()
    stats = duplicates = augmentation = preview = graph = settings = None
    explanation = WordExplanation()

    def accepts(self, value: object) -> bool:
        return isinstance(value, (str, Path, bytes))

    def accepts_array(self, array: Any) -> bool:
        return False

    def open(self, value: Any) -> OpenedText:
        return OpenedText(value)

    def suggest_remedy(self, value: object, message: str) -> str:
        return ""

    def recognise(self, head: bytes) -> bool | None:
        return False if b"\0" in head or head.startswith(b"\x89") else None

    def identify(self, raw: Any) -> ItemFacts:
        return ItemFacts("text", {"words": len(read_words(raw).words)})

    def decode(self, raw: Any, spec: TextSpec | None) -> Decoded:
        return Decoded(read_words(raw))

    def make_parts(self, value: Words, spec: TextSpec) -> list[Any]:
        ids = np.array([1 + zlib.crc32(word.encode()) % (WORDS - 1) for word in value.words], np.int64)
        return [ids[start : start + spec.window] for start in range(0, len(ids), spec.window)]

    def collate(self, parts: Sequence[Any], spec: TextSpec) -> Batch:
        shape = len(parts), spec.window if spec.padded else max(map(len, parts), default=1)
        ids, mask = np.zeros(shape, np.int64), np.zeros(shape, np.float32)
        for row, part in enumerate(parts):
            ids[row, : len(part)], mask[row, : len(part)] = part, 1
        return {"ids": ids, "mask": mask}

    def sort_key(self, properties: Mapping[str, Any]) -> float:
        return float(properties["words"])

    def read_spec(self, record: Mapping[str, Any]) -> TextSpec:
        return TextSpec(record["window"], record["padded"])

    def fit_spec(self, spec: TextSpec, properties: Sequence[Mapping[str, Any]]) -> TextSpec:
        return spec

    def describe_fit(self, spec: TextSpec, properties: Sequence[Mapping[str, Any]]) -> str:
        return ""

    def note_items(self, spec: TextSpec, facts: Sequence[ItemFacts]) -> list[str]:
        return [item.note for item in facts]

    def summarise(self, facts: Sequence[ItemFacts]) -> tuple[str, ...]:
        return ()


def read_words(raw: bytes) -> Words:
    """Return a text as its words; raise ``BrokenItem`` where it is none."""
    try:
        text = bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        raise BrokenItem("not UTF-8") from None
    if not re.search(r"\w", text):
        raise BrokenItem("no word in it")
    return split_words(text)


MODALITY = TextModality()
_CHECKED: Modality = MODALITY
