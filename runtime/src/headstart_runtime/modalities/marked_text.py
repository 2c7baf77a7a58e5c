"""Running text with weights on its pieces: as a record, and as what a run keeps of it for its report."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from headstart_runtime.modalities.facets import Thumbnail

MARKED_TEXT = "application/vnd.headstart.marked-text+json"  #: type of media: a list of [text, weight 0..1], UTF-8


@dataclass(frozen=True, slots=True)
class MarkedPiece:
    """A piece of a running text, and how much it speaks for an answer."""

    text: str
    weight: float = 0.0  #: 0..1


def encode_marked(pieces: Sequence[MarkedPiece]) -> Thumbnail:
    """Return pieces of a text, what is between words included, as what is kept for a report."""
    content = json.dumps([[piece.text, round(piece.weight, 3)] for piece in pieces], ensure_ascii=False)
    return Thumbnail(content.encode("utf-8"), MARKED_TEXT)


def decode_marked(preview: Thumbnail) -> tuple[MarkedPiece, ...]:
    """Return the pieces of a text that was kept; () of what is none."""
    try:
        pieces = json.loads(preview.content.decode("utf-8"))
        return tuple(MarkedPiece(str(text), min(1.0, max(0.0, float(weight)))) for text, weight in pieces)
    except (ValueError, TypeError):
        return ()
