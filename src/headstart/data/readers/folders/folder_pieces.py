"""Folders that are pieces of one class, numbered: ``ants_part1`` and ``ants_part2``, ``batch1_ants``."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_WORDS = "part|batch|chunk|shard|piece|portion|vol|volume|teil"
_LAST = re.compile(rf"(?P<label>.+?)(?P<piece>[\s._\-]+\(?(?:{_WORDS})[\s._\-]*\d+\)?)", re.IGNORECASE)
_FIRST = re.compile(rf"(?P<piece>(?:{_WORDS})[\s._\-]*\d+[\s._\-]+)(?P<label>.+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Pieces:
    """Folders as pieces of classes."""

    labels: Mapping[str, str]  #: folder -> its class
    pattern: str  #: of ``--class-pattern``, from the folder on, that reads the classes

    @property
    def first(self) -> tuple[str, ...]:
        """The folders of the first class that has several."""
        held = list(self.labels.values())
        label = next(label for label in held if held.count(label) > 1)
        return tuple(name for name, own in self.labels.items() if own == label)


def find_pieces(names: Sequence[str]) -> Pieces | None:
    """Return the classes of which folders are pieces by their names; None unless one has several, beside another."""
    for form in (_LAST, _FIRST):
        found = {name: match for name in names if (match := form.fullmatch(name))}
        labels = {name: found[name]["label"] if name in found else name for name in names}
        if 1 < len(set(labels.values())) < len(labels):
            ends = {_write_piece(match["piece"]) for match in found.values()}
            piece = ends.pop() if len(ends) == 1 else f"(?:{'|'.join(sorted(ends))})"
            piece += "?" if len(found) < len(names) else ""
            piece = f"(?:{piece.removesuffix('?')})?" if piece.endswith("?") else piece
            label = "(?P<label>[^/]+?)" if form is _LAST else "(?P<label>[^/]+)"
            return Pieces(labels, f"{label}{piece}/" if form is _LAST else f"{piece}{label}/")
    return None


def _write_piece(text: str) -> str:
    """Return the pattern of a piece's word with its signs and any number."""
    return re.sub(r"\d+", r"\\d+", re.escape(text).replace("\\ ", " ").replace("\\-", "-"))
