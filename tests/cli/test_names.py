"""Names of files on standard input."""

import io
import os
import threading

import pytest

from headstart_runtime.command.names import read_names
from headstart_runtime.errors import SettingError


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (b"a.jpg\nb c.jpg\n", ["a.jpg", "b c.jpg"]),
        (b"\xef\xbb\xbfa.jpg\r\nb.jpg", ["a.jpg", "b.jpg"]),
        ("a.jpg\r\né.jpg\r\n".encode("utf-16"), ["a.jpg", "é.jpg"]),
        (b"./a\nb.jpg\0./c.jpg\0", ["./a\nb.jpg", "./c.jpg"]),
        (b"\n  \na.jpg\n\n", ["a.jpg"]),
        (b"caf\xe9.jpg\n", ["caf\udce9.jpg"]),
        (b"a.jpg\ncaf\xe9", ["a.jpg", "caf\udce9"]),
        ("a.jpg\nb.jpg".encode("utf-16") + b"\0", ["a.jpg", "b.jpg"]),
        (b"a", ["a"]),
        (b"", []),
        (b"\n", []),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 1 << 16])
def test_lines_null_bytes_and_byte_order_marks(content, names, size, monkeypatch):
    monkeypatch.setattr("headstart_runtime.command.names.CHUNK", size)
    if size > 100 or b"\0" not in content:  # with a few bytes at a time, what ends a name is not known before
        assert list(read_names(io.BytesIO(content))) == names


def test_a_name_is_given_before_the_next_one_is_there():
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as stream:
        names = read_names(stream)
        for number in range(3):
            writer = threading.Thread(target=os.write, args=(writing, f"{number}.jpg\n".encode()))
            writer.start()
            assert next(names) == f"{number}.jpg"
            writer.join()
        os.close(writing)
        assert list(names) == []


@pytest.mark.parametrize("content", [b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"])
def test_the_bytes_of_a_file_are_no_names(content):
    with pytest.raises(SettingError, match="has the bytes of a file where names of files are wanted"):
        list(read_names(io.BytesIO(content * 9)))
