"""Explanations of texts: words are taken out, and those that the answer goes by are marked."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from headstart_runtime.arrays import Bools, Floats
from headstart_runtime.modalities.facets import Thumbnail
from headstart_runtime.modalities.item import MARK
from headstart_runtime.modalities.marked_text import MarkedPiece, encode_marked
from headstart_runtime.modalities.text.preview import clean_text

MOST_PIECES = 2000  #: of a text that are taken out; what follows is not marked
SHOWN, BEFORE = 700, 120  #: characters of a text in a report, and how many of them stand before what is marked first
#: A word; of writing without spaces a sign; or a run of what is neither.
_PIECE = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]"
    r"|\w+(?:['’.,]\w+)*|[^\w\s]+"
)
_STYLE = """body{font:18px/1.7 system-ui,sans-serif;max-width:44em;margin:2em auto;padding:0 1em;
color:#1b1b1b;background:#fff;overflow-wrap:anywhere;white-space:pre-wrap;unicode-bidi:plaintext}
mark{color:inherit;background:rgba(230,159,0,calc(var(--w)*.75));border-radius:.2em;
border-bottom:calc(var(--w)*3px) solid #b36b00}
@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}mark{border-bottom-color:#ffb84d}}"""


@dataclass(frozen=True, slots=True)
class TextPieces:
    """The words of a text that can be taken out, and signs between them."""

    spans: tuple[tuple[int, int], ...]  #: of each, where it begins and ends, in characters of the text

    def __len__(self) -> int:
        return len(self.spans)


class TextExplanation:
    """Words that answers go by, found by removal, as a facet of the modality."""

    legend = "the words that spoke for the answer, marked"
    method = "removal of words"
    marks_text = True

    def split(self, value: str) -> TextPieces:
        """Return the words of a text, and runs of signs between them."""
        found = (match.span() for match in _PIECE.finditer(value))
        return TextPieces(tuple(span for span, _ in zip(found, range(MOST_PIECES), strict=False)))

    def remove(self, value: str, pieces: TextPieces, removed: Bools) -> str:
        """Return a text without some words, and without the space before each."""
        kept, at = [], 0
        for place in np.flatnonzero(removed).tolist():
            start, end = pieces.spans[place]
            kept.append(value[at:start].rstrip() if value[end : end + 1].isspace() else value[at:start])
            at = end
        text = "".join([*kept, value[at:]]).strip()
        return text or "."

    def overlay(self, value: str, weights: Floats, extent: TextPieces) -> Thumbnail:
        """Return the part of a text around what spoke first for the answer, marked."""
        pieces = tuple(_list_pieces(value, weights[0], extent))
        return encode_marked(_cut(pieces))

    def illustrate(self, value: str, weights: Floats, extent: TextPieces) -> Thumbnail:
        """Return a text with what spoke for the answer marked, as a page of HTML in which nothing of it can act."""
        marked = "".join(map(_write_html, self.list_marked(value, weights, extent)))
        page = (
            f'<!doctype html><html lang="und"><head><meta charset="utf-8"><!-- {MARK.decode()} -->'
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
            '<meta name="viewport" content="width=device-width"><title>What spoke for the answer</title>'
            f"<style>{_STYLE}</style></head><body dir=auto>{marked}</body></html>\n"
        )
        return Thumbnail(page.encode("utf-8", "replace"), "text/html")

    def list_marked(self, value: str, weights: Floats, extent: TextPieces) -> Sequence[MarkedPiece]:
        """Return all of a text, its words with their weights."""
        return tuple(_list_pieces(value, weights[0], extent))


def _list_pieces(value: str, weights: Floats, pieces: TextPieces) -> Iterator[MarkedPiece]:
    """Yield a text in pieces, what is between its words without a weight."""
    at = 0
    for (start, end), weight in zip(pieces.spans, weights.tolist(), strict=True):
        if start > at:
            yield MarkedPiece(value[at:start])
        yield MarkedPiece(value[start:end], weight)
        at = end
    if at < len(value):
        yield MarkedPiece(value[at:])


def _cut(pieces: Sequence[MarkedPiece]) -> list[MarkedPiece]:
    """Return what a report shows of a text: all of a short one, else from a little before its strongest piece."""
    pieces = [_clean(piece) for piece in pieces]
    ends = np.cumsum([len(piece.text) for piece in pieces])
    if not len(ends) or ends[-1] <= SHOWN:
        return pieces
    strongest = int(np.argmax([piece.weight for piece in pieces]))
    start = int(ends[strongest]) - len(pieces[strongest].text) - BEFORE
    first = 0 if start <= BEFORE else int(np.searchsorted(ends, start))
    last = int(np.searchsorted(ends, (ends[first - 1] if first else 0) + SHOWN))
    return [
        *([MarkedPiece("… ")] if first else []),
        *pieces[first:last],
        *([MarkedPiece(" …")] if last < len(pieces) else []),
    ]


def _clean(piece: MarkedPiece) -> MarkedPiece:
    """Return a piece without what could turn or break a page; white space stays one space."""
    if piece.text.isspace():
        return MarkedPiece(" ")
    before, after = piece.text[:1].isspace(), piece.text[-1:].isspace()
    return MarkedPiece(f"{' ' * before}{clean_text(piece.text[:SHOWN])}{' ' * after}", piece.weight)


def _write_html(piece: MarkedPiece) -> str:
    text = escape(piece.text)
    return f'<mark style="--w:{piece.weight:.2f}">{text}</mark>' if piece.weight >= 0.05 else text
