"""Small TensorFlow Lite files: a writer of FlatBuffers, and a network like YAMNet of a few channels."""

import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass
class Table:
    """A table: number of a field -> its value: a scalar as (letter of struct, number), or what has bytes of its own."""

    fields: dict[int, Any] = field(default_factory=dict)


def write_file(root: Table, identifier: bytes = b"TFL3") -> bytes:
    """Return a FlatBuffer."""
    out = bytearray(b"\0\0\0\0" + identifier)
    struct.pack_into("<I", out, 0, _write(root, out))
    return bytes(out)


def _write(value: Any, out: bytearray) -> int:
    """Append a value; return where it begins."""
    if isinstance(value, Table):
        return _write_table(value, out)
    if isinstance(value, str | bytes):
        return _write_vector(out, len(value), value.encode() if isinstance(value, str) else value)
    if isinstance(value, np.ndarray):
        return _write_vector(out, value.size, value.tobytes())
    place = _write_vector(out, len(value), bytes(4 * len(value)))
    for index, child in enumerate(value):
        slot = place + 4 + 4 * index
        struct.pack_into("<I", out, slot, _write(child, out) - slot)
    return place


def _write_vector(out: bytearray, count: int, content: bytes) -> int:
    out.extend(bytes(-(len(out) + 4) % 16))
    place = len(out)
    out.extend(struct.pack("<I", count) + content + b"\0")
    return place


def _write_table(table: Table, out: bytearray) -> int:
    size = max(table.fields, default=-1) + 1
    out.extend(bytes(-len(out) % 4))
    directory = len(out)
    out.extend(bytes(4 + 2 * size))
    out.extend(bytes(-len(out) % 8))
    place = len(out)
    out.extend(struct.pack("<i", place - directory))
    slots = {}
    for number, value in sorted(table.fields.items()):
        out.extend(bytes(-len(out) % 4))
        slots[number] = len(out)
        out.extend(struct.pack(f"<{value[0]}", value[1]) if _is_scalar(value) else bytes(4))
    out.extend(bytes(-len(out) % 4))
    struct.pack_into("<HH", out, directory, 4 + 2 * size, len(out) - place)
    for number, slot in slots.items():
        struct.pack_into("<H", out, directory + 4 + 2 * number, slot - place)
        if not _is_scalar(table.fields[number]):
            struct.pack_into("<I", out, slot, _write(table.fields[number], out) - slot)
    return place


def _is_scalar(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str)


class ModelWriter:
    """A model, operator by operator."""

    def __init__(self) -> None:
        self.tensors: list[Table] = []
        self.buffers = [Table()]
        self.operators: list[Table] = []
        self.codes: list[int] = []

    def tensor(self, name: str, shape: tuple[int, ...], values: np.ndarray | None = None) -> int:
        """Add a tensor; return its index."""
        buffer = 0
        if values is not None:
            buffer = len(self.buffers)
            self.buffers.append(Table({0: np.frombuffer(values.tobytes(), np.uint8)}))
        kind = 0 if values is None or values.dtype == np.float32 else 2
        fields = {0: np.array(shape, np.int32), 1: ("b", kind), 2: ("I", buffer), 3: name}
        self.tensors.append(Table(fields))
        return len(self.tensors) - 1

    def operator(self, code: int, inputs: list[int], outputs: list[int], union: int, options: Table) -> None:
        """Add an operator by its number in the schema, and that of its options."""
        if code not in self.codes:
            self.codes.append(code)
        fields = {
            0: ("I", self.codes.index(code)),
            1: np.array(inputs, np.int32),
            2: np.array(outputs, np.int32),
            3: ("B", union),
            4: options,
        }
        self.operators.append(Table(fields))

    def write(self, inputs: list[int], outputs: list[int]) -> bytes:
        """Return the file."""
        graph = Table(
            {
                0: self.tensors,
                1: np.array(inputs, np.int32),
                2: np.array(outputs, np.int32),
                3: self.operators,
                4: "main",
            }
        )
        codes = [Table({0: ("b", code), 2: ("i", 1), 3: ("i", code)}) for code in self.codes]
        return write_file(Table({0: ("I", 3), 1: codes, 2: [graph], 3: "drawn", 4: self.buffers}))


def draw_yamnet(seed: int = 0) -> bytes:
    """Return a network from patches (1, 96, 64, 1) to three classes, whose classifier reads 8 numbers."""
    chance = np.random.default_rng(seed)

    def constant(name: str, *shape: int) -> int:
        return writer.tensor(name, shape, chance.normal(0, 0.4, shape).astype(np.float32))

    writer = ModelWriter()
    patch = writer.tensor("patch", (1, 96, 64, 1))
    first = writer.tensor("first", (1, 48, 32, 4))
    options = Table({0: ("b", 0), 1: ("i", 2), 2: ("i", 2), 3: ("b", 1), 4: ("i", 1), 5: ("i", 1)})
    writer.operator(3, [patch, constant("w1", 4, 3, 3, 1), constant("b1", 4)], [first], 1, options)
    second = writer.tensor("second", (1, 24, 16, 4))
    by_channel = Table({0: ("b", 0), 1: ("i", 2), 2: ("i", 2), 3: ("i", 1), 4: ("b", 3), 5: ("i", 1), 6: ("i", 1)})
    writer.operator(4, [first, constant("w2", 1, 3, 3, 4), constant("b2", 4)], [second], 2, by_channel)
    third = writer.tensor("third", (1, 24, 16, 8))
    plain = Table({0: ("b", 0), 1: ("i", 1), 2: ("i", 1), 3: ("b", 0), 4: ("i", 1), 5: ("i", 1)})
    writer.operator(3, [second, constant("w3", 8, 1, 1, 4), constant("b3", 8)], [third], 1, plain)
    pooled, axes = writer.tensor("pooled", (1, 8)), writer.tensor("axes", (2,), np.array([1, 2], np.int32))
    writer.operator(40, [third, axes], [pooled], 27, Table({0: ("?", False)}))
    scores = writer.tensor("scores", (1, 3))
    writer.operator(9, [pooled, constant("w4", 3, 8), constant("b4", 3)], [scores], 8, Table({0: ("b", 0)}))
    return writer.write([patch], [pooled, scores])
