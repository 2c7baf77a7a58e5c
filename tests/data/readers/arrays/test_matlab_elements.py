"""A MATLAB file is looked over before SciPy reads it."""

import struct
from pathlib import Path

import numpy as np
import pytest
from scipy import io, sparse

from headstart.data.readers.arrays.matlab_elements import check_elements

CONTENT = {
    "X": np.arange(24, dtype=np.uint8).reshape(2, 3, 4),
    "y": np.ones((4, 1)),
    "names": np.array(["ant", "bee"], object),
    "nested": {"a": {"b": np.arange(3)}, "text": "word", "flag": np.array([True, False])},
    "wave": np.array([1 + 2j]),
    "empty": np.zeros((0, 3)),
    "thin": sparse.csc_matrix(np.eye(3)),
    "thin wave": sparse.csc_matrix(np.eye(3) * 1j),
    "rows": np.array([(1, "a"), (2, "b")], [("number", "i4"), ("word", "U1")]),
    "letters": np.array(["ab", "cd"]),
}


@pytest.mark.parametrize("packed", [False, True])
def test_what_scipy_writes_is_sound(packed: bool, tmp_path: Path) -> None:
    io.savemat(tmp_path / "all.mat", CONTENT, do_compression=packed)
    check_elements(tmp_path / "all.mat")


@pytest.mark.parametrize("packed", [False, True])
def test_elements_of_other_types_or_longer_than_the_file_are_errors(packed: bool, tmp_path: Path) -> None:
    file = tmp_path / "set.mat"
    io.savemat(file, CONTENT, do_compression=packed)
    sound = file.read_bytes()
    for place, value in ((128, 77), (132, 10**9)):
        file.write_bytes(sound[:place] + struct.pack("<I", value) + sound[place + 4 :])
        with pytest.raises(ValueError, match=r"type|longer"):
            check_elements(file)
    file.write_bytes(sound[:-20])
    with pytest.raises(ValueError, match="longer"):
        check_elements(file)


def test_parts_of_other_types_are_errors(tmp_path: Path) -> None:
    file = tmp_path / "set.mat"
    io.savemat(file, {"X": np.arange(300, dtype=np.uint8)})
    sound = file.read_bytes()
    for place, value in ((136, 10), (152, 3), (144, 99)):  # of the flags, of the shape, and the kind of array
        file.write_bytes(sound[:place] + struct.pack("<I", value) + sound[place + 4 :])
        with pytest.raises(ValueError, match="matrix"):
            check_elements(file)


@pytest.mark.parametrize(
    ("kind", "problem"), [(0x0809, "has 4 parts; wanted 5"), (1, "part 4"), (2, "part 4"), (5, "has")]
)
def test_an_array_of_other_parts_than_its_kind_has_is_an_error(kind: int, problem: str, tmp_path: Path) -> None:
    file = tmp_path / "set.mat"
    io.savemat(file, {"X": np.arange(300, dtype=np.uint8)})
    sound = file.read_bytes()
    file.write_bytes(sound[:144] + struct.pack("<I", kind) + sound[148:])
    with pytest.raises(ValueError, match=problem):
        check_elements(file)


def test_a_header_without_the_order_of_bytes_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "set.mat"
    io.savemat(file, {"X": np.arange(300, dtype=np.uint8)})
    sound = file.read_bytes()
    file.write_bytes(sound[:126] + b"IX" + sound[128:])
    with pytest.raises(ValueError, match="order of bytes"):
        check_elements(file)


def test_other_files_are_left_to_their_readers(tmp_path: Path) -> None:
    (tmp_path / "short.mat").write_bytes(b"no")
    check_elements(tmp_path / "short.mat")
    io.savemat(tmp_path / "four.mat", {"X": np.arange(3)}, format="4")
    check_elements(tmp_path / "four.mat")
