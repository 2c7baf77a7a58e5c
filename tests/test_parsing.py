"""JSON and arrays that somebody damaged: one kind of error, whatever the library makes of it."""

import io
import zipfile

import pytest

from headstart_runtime.parsing import ParsedArrays, parse_json

HEADER = b"{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }"


def npz(**members: bytes) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return sink.getvalue()


def npy(header: bytes = HEADER, values: bytes = bytes(24)) -> bytes:
    padded = header.ljust(117) + b"\n"
    return b"\x93NUMPY\x01\0" + len(padded).to_bytes(2, "little") + padded + values


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"a":' * 100_000, b"\xff", "nul"])
def test_what_is_no_json_is_a_value_error(text) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_json(text)


def test_arrays_are_read_by_name() -> None:
    arrays = ParsedArrays(npz(x=npy()))
    assert arrays.read("x").tolist() == [0, 0, 0]
    with pytest.raises(ValueError, match="y is not a file in the archive"):
        arrays.read("y")


def test_a_header_that_speaks_of_more_values_than_there_are_asks_for_no_memory() -> None:
    content = npz(x=npy(HEADER.replace(b"(3,)", b"(9999999999999,)")))
    with pytest.raises(ValueError, match=r"x\.npy is shorter than its header says"):
        ParsedArrays(content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04",
        npz(x=npy())[:-20],
        npz(x=npy(b"{'descr': (")),
        npz(x=npy(b"{'descr': '")),
        npz(x=npy(HEADER.replace(b"<f8", b"O"))),
        npz(x=npy(HEADER.replace(b"(3,)", b"(-3,)"))),
        npz(x=npy(values=bytes(3))),
        npz(x=b"no array"),
        npz(x=npy()).replace(b"\x93NUMPY\x01", b"\x93NUMPY\x09"),
        npz(x=npy()).replace(bytes(24), bytes(23) + b"\1"),
    ],
)
def test_whatever_is_wrong_with_arrays_is_a_value_error(content) -> None:
    with pytest.raises(ValueError, match=r"."):
        ParsedArrays(content).read("x")
