"""A second modality for tests of reading: texts, as another package would bring them."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from headstart_runtime.modalities.item import BrokenItem, Decoded, ItemFacts, Noun, SourceHints
from headstart_runtime.modalities.modality import MODALITIES


class Texts:
    """Texts, as far as reading and checking them asks."""

    name = "text"
    noun = Noun("text", "texts")
    suffixes = frozenset({".txt"})
    hints = SourceHints(
        array_form="N texts",
        array_names=("texts",),
        path_columns=("document",),
        value_columns=("text", "review"),
        units={"words": "words"},
    )
    augmentation = None
    default_backbone = ""
    default_spec = SimpleNamespace(kind="text")

    def accepts_array(self, array):
        return array.ndim == 1 and array.dtype.kind in "UO"

    def recognise(self, head):
        return head.isascii()

    def identify(self, raw):
        try:
            return ItemFacts("UTF-8", {"words": len(raw.decode("utf-8").split())})
        except UnicodeDecodeError:
            raise BrokenItem("no text in UTF-8") from None

    def decode(self, raw, spec):
        return Decoded(raw.decode("utf-8"))

    def summarise(self, facts):
        return ()


TEXTS = Texts()


@contextmanager
def install_texts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have texts beside images, as an installed package would."""
    with monkeypatch.context() as patch:
        patch.setitem(MODALITIES, "text", TEXTS)
        yield
