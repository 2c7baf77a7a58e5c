import numpy as np
import pytest

from headstart.data.readers.shards.crc32c import compute_crc32c, compute_masked_crc32c


def slow(data: bytes) -> int:
    """Second opinion: bit by bit, as the polynomial says."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def test_known_sums():
    """RFC 3720, B.4."""
    assert compute_crc32c(b"123456789") == 0xE3069283
    assert compute_crc32c(bytes(32)) == 0x8A9136AA
    assert compute_crc32c(b"\xff" * 32) == 0x62A8AB43
    assert compute_masked_crc32c(b"") == 0xA282EAD8


@pytest.mark.parametrize("length", [0, 1, 255, 256, 257, 287, 288, 511, 512, 513, 1000, 4096, 4097])
def test_any_length(length):
    data = np.random.default_rng(length).integers(0, 256, length, dtype=np.uint8).tobytes()
    assert compute_crc32c(data) == slow(data)
