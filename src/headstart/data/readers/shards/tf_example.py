"""The features of a ``tf.train.Example``, read from its protocol buffer without TensorFlow.

``Example`` (field 1) > ``Features`` (field 1, a map) > key (1) and ``Feature`` (2) > ``BytesList`` (1), ``FloatList``
(2) or ``Int64List`` (3) > values (1); numbers are packed or not. Unknown fields are left out.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_BYTES, _FLOATS, _INTEGERS = 1, 2, 3
_MOST_VALUES = 10_000  #: numbers of one feature that are kept
_VARINT, _LENGTH = 0, 2  #: wire types
_SIZES = {1: 8, 5: 4}  #: bytes of a value by its wire type


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature: values of one kind."""

    ranges: tuple[tuple[int, int], ...] = ()  #: of bytes, start and end in the record
    numbers: tuple[float, ...] = ()


def parse_example(record: bytes) -> dict[str, Feature]:
    """Return the features of a record by their keys.

    Raises:
        ValueError: it is no ``tf.train.Example``.
    """
    found: dict[str, Feature] = {}
    for number, wire, start, end in _iter_fields(record, 0, len(record)):
        if (number, wire) == (1, _LENGTH):
            for entry, entry_wire, entry_start, entry_end in _iter_fields(record, start, end):
                if (entry, entry_wire) == (1, _LENGTH):
                    key, feature = _parse_entry(record, entry_start, entry_end)
                    found[key] = feature
    return found


def _parse_entry(record: bytes, start: int, end: int) -> tuple[str, Feature]:
    key, feature = "", Feature()
    for number, wire, part_start, part_end in _iter_fields(record, start, end):
        if (number, wire) == (1, _LENGTH):
            key = record[part_start:part_end].decode("utf-8")
        elif (number, wire) == (2, _LENGTH):
            feature = _parse_feature(record, part_start, part_end)
    return key, feature


def _parse_feature(record: bytes, start: int, end: int) -> Feature:
    ranges: list[tuple[int, int]] = []
    numbers: list[float] = []
    for kind, wire, list_start, list_end in _iter_fields(record, start, end):
        if wire != _LENGTH:
            continue
        for number, value_wire, at, stop in _iter_fields(record, list_start, list_end):
            if number != 1 or len(numbers) >= _MOST_VALUES:
                continue
            if kind == _BYTES and value_wire == _LENGTH:
                ranges.append((at, stop))
            elif kind == _FLOATS and value_wire != _VARINT:
                numbers += _parse_floats(record, at, stop)
            elif kind == _INTEGERS and value_wire == _LENGTH:
                numbers += _parse_varints(record, at, stop)
            elif kind == _INTEGERS and value_wire == _VARINT:
                numbers.append(_sign(at))
    return Feature(tuple(ranges), tuple(numbers))


def _iter_fields(record: bytes, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield number, wire type, start and end of each field; of a varint its value instead of the start."""
    while at < end:
        tag, at = _read_varint(record, at, end)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, at = _read_varint(record, at, end)
            yield number, wire, value, at
            continue
        if wire == _LENGTH:
            size, at = _read_varint(record, at, end)
        elif wire in _SIZES:
            size = _SIZES[wire]
        else:
            raise ValueError(f"a field of wire type {wire}")
        if size > end - at:
            raise ValueError("a field is longer than its record")
        yield number, wire, at, at + size
        at += size


def _read_varint(record: bytes, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while at < end and shift < 70:
        byte = record[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
    raise ValueError("a number that does not end")


def _parse_varints(record: bytes, at: int, end: int) -> Iterator[int]:
    count = 0
    while at < end and count < _MOST_VALUES:
        value, at = _read_varint(record, at, end)
        count += 1
        yield _sign(value)


def _sign(value: int) -> int:
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value


def _parse_floats(record: bytes, start: int, end: int) -> tuple[float, ...]:
    count = min((end - start) // 4, _MOST_VALUES)
    return struct.unpack_from(f"<{count}f", record, start)
