import zlib

import pytest

from headstart.data.readers.shards.compression import ZlibFile

CONTENT = bytes(range(256)) * 4000


@pytest.mark.parametrize("size", [1, 1000, 1 << 20, 1 << 22])
def test_zlib_is_read_in_pieces_of_any_size(tmp_path, size):
    content = CONTENT[: 5000 if size == 1 else None]
    (tmp_path / "a").write_bytes(zlib.compress(content))
    with ZlibFile(tmp_path / "a") as stream:
        assert b"".join(iter(lambda: stream.read(size), b"")) == content


def test_zlib_that_is_cut_off_or_damaged_is_no_end(tmp_path):
    packed = zlib.compress(CONTENT)
    (tmp_path / "a").write_bytes(packed[:-5])
    with ZlibFile(tmp_path / "a") as stream, pytest.raises(EOFError, match="ends before"):
        stream.read(1 << 30)
    (tmp_path / "a").write_bytes(packed[:-4] + b"abcd")
    with ZlibFile(tmp_path / "a") as stream, pytest.raises(zlib.error):
        stream.read(1 << 30)
