"""TFRecords, written without TensorFlow: records with their checksums, each an Example of bytes and whole numbers."""

import struct
from collections.abc import Mapping, Sequence
from functools import cache

Feature = Sequence[bytes] | Sequence[int]


def encode_example(features: Mapping[str, Feature]) -> bytes:
    """Return a ``tf.train.Example`` as protocol buffers encode it."""
    entries = b"".join(
        _field(1, _field(1, name.encode()) + _field(2, _encode_feature(values))) for name, values in features.items()
    )
    return _field(1, entries)


def encode_records(examples: Sequence[bytes]) -> bytes:
    """Return the content of a file: length, its checksum, the example, its checksum."""
    return b"".join(
        (length := struct.pack("<Q", len(example))) + _checksum(length) + example + _checksum(example)
        for example in examples
    )


def _encode_feature(values: Feature) -> bytes:
    if all(isinstance(value, bytes) for value in values):
        return _field(1, b"".join(_field(1, value) for value in values if isinstance(value, bytes)))
    return _field(3, _field(1, b"".join(_varint(value) for value in values if isinstance(value, int))))


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes((*out, value))


def _checksum(content: bytes) -> bytes:
    """Return the masked CRC-32C."""
    crc, table = 0xFFFFFFFF, _make_table()
    for byte in content:
        crc = table[(crc ^ byte) & 255] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


@cache
def _make_table() -> tuple[int, ...]:
    table = []
    for number in range(256):
        for _ in range(8):
            number = number >> 1 ^ (0x82F63B78 if number & 1 else 0)
        table.append(number)
    return tuple(table)
