"""Bytes that are text in an encoding that nobody names: tables from a spreadsheet, names of files in an archive.

What two encodings read equally well is for a person to say.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from headstart.data.names import preview
from headstart_runtime.errors import DataError
from headstart_runtime.text_encodings import BYTE_ORDER_MARKS, POOR, check_encoding, find_wide_encoding, rank_encodings

CLEAR = 0.2  #: by how much the best has to be better than the next that reads something else
REMEDY = "say which it is with --encoding"


@dataclass(frozen=True, slots=True)
class DecodedText:
    """Text, and the encoding it was read in."""

    text: str
    encoding: str
    guessed: bool


def decode_text(raw: bytes, given: str | None, what: str, remedy: str = REMEDY) -> DecodedText:
    """Return the text of a file.

    Args:
        raw: its bytes, perhaps with a byte order mark, which counts for more than ``given``.
        given: the encoding as the user says; None finds one.
        what: the file, for an error.
        remedy: what to do where none is found, for an error.

    Raises:
        DataError: it cannot be text in the given encoding, or none stands out.
        SettingError: an unknown encoding.
    """
    for mark, encoding in BYTE_ORDER_MARKS:
        if raw.startswith(mark):
            return DecodedText(_decode(raw, encoding, what), encoding, guessed=False)
    if given is not None:
        return DecodedText(_decode(raw, check_encoding(given), what), given, guessed=False)
    if wide := find_wide_encoding(raw):
        return DecodedText(_decode(raw, wide, what), wide, guessed=True)
    try:
        return DecodedText(raw.decode("utf-8"), "utf-8", guessed=False)
    except UnicodeDecodeError:
        lines = [line for line in raw.splitlines() if not line.isascii()]
        encoding = guess_encoding(lines, what, remedy)
        return DecodedText(_decode(raw, encoding, what), encoding, guessed=True)


def guess_encoding(texts: Sequence[bytes], what: str, remedy: str = REMEDY) -> str:
    """Return the encoding in which texts that are not UTF-8 make the most sense.

    Args:
        texts: names or lines, none of them ASCII alone.
        what: where they are from, for an error.
        remedy: what to do, for an error.

    Raises:
        DataError: none makes sense, or two make as much; the message shows how each would read them.
    """
    ranked = rank_encodings(texts)
    if not ranked or ranked[0].score < POOR:
        raise DataError(f"{what} has text that is not UTF-8 ({preview(escape_non_ascii(texts))}); {remedy}")
    best = ranked[0]
    rivals = [one for one in ranked[1:] if best.score - CLEAR < one.score and one.texts != best.texts]
    if rivals:
        ways = "; ".join(f"{one.encoding}: {preview(_find_telling_words(one.texts))}" for one in [best, *rivals][:3])
        raise DataError(f"{what} has text that is not UTF-8 and may be {ways}; {remedy}")
    return best.encoding


def escape_non_ascii(texts: Sequence[bytes]) -> list[str]:
    """Return bytes as text for a message, what is not ASCII escaped."""
    return [text.decode("ascii", "backslashreplace") for text in texts]


def _find_telling_words(read: Sequence[str]) -> list[str]:
    """Return the words with letters beyond ASCII, each once."""
    words = (word for text in read for word in re.split(r"[\s/\\,;]+", text) if not word.isascii())
    return list(dict.fromkeys(words))


def _decode(raw: bytes, encoding: str, what: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeError as error:
        at = getattr(error, "start", 0)
        raise DataError(f"{what} is no text in {encoding} (byte {at}); name another with --encoding") from None
