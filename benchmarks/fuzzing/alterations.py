"""Alterations of bytes, texts and JSON: all drawn from a generator, so that a seed gives the same bytes again."""

import json
import re
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

Chance = np.random.Generator

#: Numbers that lengths, counts and offsets go wrong at.
EDGES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
#: The first bytes of files of other kinds.
MAGIC = (
    b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"II*\0", b"MM\0*", b"RIFF\0\0\0\0WEBP", b"PK\x03\x04",
    b"\x1f\x8b\x08\0", b"PAR1", b"\x93NUMPY\x01\0", b"\0\0\x08\x03", b"\x89HDF\r\n\x1a\n", b"%PDF-1.7\n",
    b"<!DOCTYPE html>", b"version https://git-lfs.github.com/spec/v1\n", b"\xef\xbb\xbf", b"\xff\xfe",
    b"\0\0\0\x20ftypheic", b"P6\n", b"{", b"",
)  # fmt: skip
INVALID_TEXT = (b"\xff\xfe\xfd", b"\xc3\x28", b"\xed\xa0\x80", b"\0\0", b"\x80\x81\x8d", "\u202e\u2028".encode(), b"\r")
MOST_COPIED = 4096  #: bytes of a chunk that is inserted or moved


def alter(content: bytes, chance: Chance) -> bytes:
    """Return bytes with one to four alterations of any kind."""
    for _ in range(int(chance.choice([1, 1, 1, 2, 2, 3, 4]))):
        content = _BYTES[int(chance.integers(len(_BYTES)))](content, chance)
    return content


def alter_text(content: bytes, chance: Chance) -> bytes:
    """Return a text with its lines, words or numbers altered, or its bytes."""
    for _ in range(int(chance.choice([1, 1, 1, 2]))):
        content = _TEXTS[int(chance.integers(len(_TEXTS)))](content, chance)
    return content


def alter_json(content: bytes, chance: Chance) -> bytes:
    """Return JSON, or lines of JSON, in which some values are of another kind, missing, doubled or nested."""
    try:
        values = (
            [json.loads(line) for line in content.split(b"\n") if line] if _is_lines(content) else json.loads(content)
        )
    except ValueError:
        return alter_text(content, chance)
    for _ in range(int(chance.choice([1, 1, 1, 2, 4]))):
        values = _alter_value(values, chance)
    if isinstance(values, list) and _is_lines(content):
        return b"".join(json.dumps(value).encode() + b"\n" for value in values)
    return json.dumps(values).encode()


def _is_lines(content: bytes) -> bool:
    return content.startswith(b"{") and not content.startswith(b"{\n") and content.count(b"\n{") > 0


def _alter_value(value: Any, chance: Chance) -> Any:
    """Return a value with one place in it altered; the deeper, the rarer."""
    if isinstance(value, dict) and value and chance.random() < 0.85:
        key = list(value)[int(chance.integers(len(value)))]
        way = chance.random()
        if way < 0.15:
            return {name: one for name, one in value.items() if name != key}
        if way < 0.2:
            return {**{name: one for name, one in value.items() if name != key}, f"{key}_": value[key]}
        return {**value, key: _alter_value(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.85:
        place = int(chance.integers(len(value)))
        way = chance.random()
        if way < 0.1:
            return value[:place] + value[place + 1 :]
        if way < 0.2:
            return [*value[:place], value[place], *value[place:]]
        return [*value[:place], _alter_value(value[place], chance), *value[place + 1 :]]
    return _make_stranger(value, chance)


def _make_stranger(value: Any, chance: Chance) -> Any:
    nested: Any = value
    for _ in range(int(chance.choice([1, 3, 90]))):
        nested = [nested]
    strangers = (
        None, True, False, 0, -1, 1, 1e308, -1e308, float("nan"), float("inf"), 10**30, 2**31, 2**63, 0.5, "", "x",
        "../../x", "\0", "é" * 3, "x" * 20_000, [], {}, [[]], {"": None}, [None], nested, {"x": value},
        str(value)[:2000],
    )  # fmt: skip
    return strangers[int(chance.integers(len(strangers)))]


def _pick_span(content: bytes, chance: Chance) -> tuple[int, int]:
    start = int(chance.integers(len(content) + 1))
    return start, min(len(content), start + int(min(chance.geometric(0.02), MOST_COPIED)))


def _cut_end(content: bytes, chance: Chance) -> bytes:
    return content[: int(chance.integers(len(content) + 1))]


def _cut_middle(content: bytes, chance: Chance) -> bytes:
    start, end = _pick_span(content, chance)
    return content[:start] + content[end:]


def _flip_bits(content: bytes, chance: Chance) -> bytes:
    if not content:
        return content
    altered = bytearray(content)
    reach = len(content) if chance.random() < 0.5 else min(len(content), 200)  # half of them in the header
    for place in chance.integers(reach, size=int(chance.choice([1, 2, 8, 64]))):
        altered[int(place)] ^= 1 << int(chance.integers(8))
    return bytes(altered)


def _set_bytes(content: bytes, chance: Chance) -> bytes:
    start, end = _pick_span(content, chance)
    kind = chance.random()
    filler = bytes(end - start) if kind < 0.3 else b"\xff" * (end - start) if kind < 0.6 else chance.bytes(end - start)
    return content[:start] + filler + content[end:]


def _swap_blocks(content: bytes, chance: Chance) -> bytes:
    first, middle = _pick_span(content, chance)
    last = min(len(content), middle + (middle - first))
    return content[:first] + content[middle:last] + content[first:middle] + content[last:]


def _duplicate_chunk(content: bytes, chance: Chance) -> bytes:
    start, end = _pick_span(content, chance)
    return content[:end] + content[start:end] * int(chance.choice([1, 2, 50])) + content[end:]


def _insert_chunk(content: bytes, chance: Chance) -> bytes:
    start, _ = _pick_span(content, chance)
    return content[:start] + chance.bytes(int(chance.integers(1, 300))) + content[start:]


def _change_length(content: bytes, chance: Chance) -> bytes:
    """Write a number of two, four or eight bytes, in either order: near the beginning half of the time, or the end."""
    width, sign = ((2, "H"), (4, "I"), (4, "I"), (8, "Q"))[int(chance.integers(4))]
    if len(content) < width:
        return content
    where = chance.random()
    last = len(content) - width
    low, high = (0, min(last, 128)) if where < 0.5 else (max(0, last - 128), last) if where < 0.7 else (0, last)
    place = int(chance.integers(low, high + 1))
    number = int(chance.choice(EDGES)) if chance.random() < 0.7 else int(chance.integers(0, 1 << 32))
    order = "<" if chance.random() < 0.5 else ">"
    packed = struct.pack(f"{order}{sign}", number % (1 << (8 * width)))
    return content[:place] + packed + content[place + width :]


def _change_magic(content: bytes, chance: Chance) -> bytes:
    magic = MAGIC[int(chance.integers(len(MAGIC)))]
    return magic + content[len(magic) if chance.random() < 0.7 else 0 :]


def _insert_invalid_text(content: bytes, chance: Chance) -> bytes:
    start, _ = _pick_span(content, chance)
    return content[:start] + INVALID_TEXT[int(chance.integers(len(INVALID_TEXT)))] + content[start:]


def _nest(content: bytes, chance: Chance) -> bytes:
    """Repeat an opening sign, as of a deep JSON or an endless cell."""
    start, _ = _pick_span(content, chance)
    sign = (b"[", b'{"a":', b'"', b"(", b"[[x]]\n", b",", b"\n")[int(chance.integers(7))]
    return content[:start] + sign * int(chance.choice([1, 100, 20_000])) + content[start:]


def _alter_lines(content: bytes, chance: Chance) -> bytes:
    lines = content.split(b"\n")
    first, second = (int(place) for place in chance.integers(len(lines), size=2))
    way = int(chance.integers(4))
    if way == 0:
        lines[first], lines[second] = lines[second], lines[first]
    elif way == 1:
        del lines[first]
    elif way == 2:
        lines.insert(first, lines[second])
    else:
        lines[first] = lines[first] * 2
    return b"\n".join(lines)


def _alter_value_of_line(content: bytes, chance: Chance) -> bytes:
    """Put another value behind an equals sign or between two separators, so that the rest stays whole."""
    values = (
        b"", b"0", b"-1", b"1e999", b"nan", b"9" * 30, b"true", b'""', b'"x"', b"[]", b"[[1]]", b"{}", b"1979-05-27",
        b"'auto'", b"0.5", b"../../etc", b"/", b"C:\\x.jpg", b"x" * 5000, "\u00e9\u4e2d".encode(), b"a/b/c.jpg",
        b"null", b"none", b"1;2", b"test",
    )  # fmt: skip
    pieces = re.split(rb"([=,;\t\n])", content)
    place = int(chance.integers(len(pieces))) // 2 * 2
    return b"".join([*pieces[:place], values[int(chance.integers(len(values)))], *pieces[place + 1 :]])


def _alter_word(content: bytes, chance: Chance) -> bytes:
    """Put another word, number or sign where a sign between words stands."""
    words = (
        b'"', b"'", b",", b";", b"\t", b"=", b"\\", b"/../", b"/", b"nan", b"1e999", b"-1", b"9" * 400, b"true",
        b"'''", b"x" * 70_000, b" ", "\u00e9".encode("cp1252"), b"\r\n", b"[x]", b"2024-13-45T99:99:99",
        b"0x" + b"f" * 40, b"#", b"{}", b"null",
    )  # fmt: skip
    start, end = _pick_span(content, chance)
    word = words[int(chance.integers(len(words)))]
    return content[:start] + word + content[start if chance.random() < 0.5 else end :]


_Alteration = Callable[[bytes, Chance], bytes]
_BYTES: tuple[_Alteration, ...] = (
    _cut_end, _cut_middle, _flip_bits, _flip_bits, _set_bytes, _swap_blocks, _duplicate_chunk, _insert_chunk,
    _change_length, _change_length, _change_length, _change_magic, _insert_invalid_text, _nest,
)  # fmt: skip
_TEXTS: tuple[_Alteration, ...] = (
    *(_alter_value_of_line, _alter_value_of_line, _alter_value_of_line, _alter_value_of_line),
    *(_alter_lines, _alter_lines, _alter_word, _alter_word, _insert_invalid_text, _nest),
    *(_cut_end, _cut_middle, _flip_bits, _duplicate_chunk),
)
