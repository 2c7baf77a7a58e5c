"""Cached activations: their bits, their order, and what threads, processes, kills and damage may do to them.

The processes of these tests run this file as a script, so it imports pytest and PyTorch where they are used only.
"""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from headstart.events import Note
from headstart.extraction import activations
from headstart.extraction.activations import Activations, ViewKey
from headstart.extraction.bfloat16 import to_bfloat16_bits
from headstart.storage import activation_files
from headstart.storage.activation_files import list_activations
from headstart.storage.usage import get_free_bytes
from headstart_runtime.errors import StoreError

KEY = "ab" * 20
SHAPE = (5, 3, 2)
ROLLUP = Path("/proc/self/smaps_rollup")


def rows_of(count: int, first: int = 0, views: int = 2) -> list[ViewKey]:
    return [(f"{number // views:040x}", number % views) for number in range(first, first + count)]


def bits_for(rows: list[ViewKey]) -> np.ndarray:
    """Bits that depend on the row only; none of them infinite."""
    seeds = np.array([int(digest, 16) * 7 + view for digest, view in rows], np.uint64)
    numbers = seeds[:, None] * np.uint64(2654435761) + np.arange(30, dtype=np.uint64) * np.uint64(40503)
    return (numbers.astype(np.uint16) & np.uint16(0x3FFF)).reshape(-1, *SHAPE)


def opened(folder: Path) -> Activations:
    return Activations(folder, KEY, SHAPE, "bf16", "a network at stage4")


def filled(folder: Path, count: int = 20) -> None:
    with opened(folder) as kept, kept.lock_for_writing():
        kept.add(rows_of(count), bits_for(rows_of(count)))


def write(folder: str, count: str, until: str) -> None:
    """A process that adds what is missing in small commits and tells how many rows are safe, and how many it made.

    After ``until`` rows it waits for a line, so that it does not end before whoever reads it is ready for that.
    """
    activations.COMMIT_BYTES = 16 * bits_for(rows_of(1)).nbytes
    rows, made = rows_of(int(count)), 0
    with opened(Path(folder)) as kept, kept.lock_for_writing(lambda event: print("waits", flush=True)):
        missing = kept.find_missing(rows)
        print("ready", flush=True)
        for start in range(0, len(missing), 8):
            part = missing[start : start + 8]
            kept.add(part, bits_for(part))
            made += len(part)
            if start % 16 == 8:
                print(len(rows) - len(missing) + made, flush=True)
            if made == int(until):
                sys.stdin.readline()
    print(f"made {made}", flush=True)


def started(folder: Path, count: int, until: int) -> "subprocess.Popen[str]":
    command = [sys.executable, __file__, str(folder), str(count), str(until)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def present(kept: Activations, rows: list[ViewKey]) -> list[ViewKey]:
    missing = set(kept.find_missing(rows))
    return [row for row in rows if row not in missing]


def assert_right(kept: Activations, rows: list[ViewKey]) -> None:
    np.testing.assert_array_equal(kept.gather(kept.find_places(rows)), bits_for(rows))


def raises(message: str, kind: type[Exception] = StoreError):  # type: ignore[no-untyped-def]
    import pytest

    return pytest.raises(kind, match=message)


def test_rounding_is_that_of_torch_to_the_bit() -> None:
    import torch

    rng = np.random.default_rng(0)
    anything = rng.integers(0, 2**32, 300_000, dtype=np.uint64).astype(np.uint32)
    ties = (rng.integers(0, 2**16, 50_000, dtype=np.uint32) << np.uint32(16)) | np.uint32(0x8000)
    special = np.array([0, 0x80000000, 1, 0x7FFF, 0x8000, 0x8001, 0x18000, 0x807FFFFF, 0x7F7F7FFF], np.uint32)
    bits = np.concatenate([anything, ties, special])
    bits = bits[(bits & np.uint32(0x7FFFFFFF)) < 0x7F7F8000]
    values = bits.view(np.float32)
    wanted = torch.from_numpy(values).to(torch.bfloat16).view(torch.int16).numpy().view(np.uint16)
    np.testing.assert_array_equal(to_bfloat16_bits(values), wanted)
    strided = np.lib.stride_tricks.as_strided(values, (1000, 7), (values.strides[0] * 9, values.strides[0]))
    np.testing.assert_array_equal(to_bfloat16_bits(strided), to_bfloat16_bits(np.array(strided)))


def test_rows_come_back_in_any_order_and_may_repeat(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows, values = rows_of(40), rng.normal(size=(40, *SHAPE)).astype(np.float32)
    with opened(tmp_path) as kept:
        with kept.lock_for_writing():
            for first in range(0, 40, 10):
                kept.add(rows[first : first + 10], values[first : first + 10])
        order = rng.integers(0, 40, 100)
        np.testing.assert_array_equal(kept.find_places([rows[place] for place in order]), order)
        np.testing.assert_array_equal(kept.gather(order), to_bfloat16_bits(values)[order])
    with opened(tmp_path) as kept:
        out = np.empty((3, *SHAPE), np.uint16)
        assert kept.gather(kept.find_places([rows[7], rows[0], rows[7]]), out) is out
        np.testing.assert_array_equal(out, to_bfloat16_bits(values)[[7, 0, 7]])
        assert kept.gather(kept.find_places([])).shape == (0, *SHAPE)


def test_pixels_are_kept_as_they_are(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 6, 6, 3), dtype=np.uint8)
    with Activations(tmp_path, KEY, (6, 6, 3), "u8") as kept:
        with kept.lock_for_writing():
            kept.add(rows_of(4), pixels)
        np.testing.assert_array_equal(kept.gather(kept.find_places(rows_of(4))), pixels)
        assert kept.row_bytes == 108


def test_a_known_row_is_left_as_it_is(tmp_path: Path) -> None:
    rows = rows_of(6)
    with opened(tmp_path) as kept:
        with kept.lock_for_writing():
            kept.add([rows[2], rows[1], rows[2]], np.concatenate([bits_for(rows[2:0:-1]), bits_for(rows[3:4])]))
            assert kept.find_missing([*rows, *rows]) == [rows[0], *rows[3:]]
            kept.flush()
            kept.add(rows, np.concatenate([bits_for(rows[:1]), bits_for(rows[:2]), bits_for(rows[3:])]))
        assert_right(kept, rows)
        assert (kept.home / "values").stat().st_size == 6 * kept.row_bytes


def test_rows_are_known_when_they_are_committed(tmp_path: Path) -> None:
    rows = rows_of(4)
    with opened(tmp_path) as kept, opened(tmp_path) as other, kept.lock_for_writing():
        kept.add(rows, bits_for(rows))
        assert kept.find_missing(rows) == []
        assert other.find_missing(rows) == rows
        with raises("4 of 4 rows are not among the activations a network at stage4; compute what is missing"):
            kept.find_places(rows)
        kept.flush()
        assert other.find_missing(rows) == []
        assert_right(other, rows)


def test_an_error_of_the_caller_loses_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as kept:
        with raises("boom", RuntimeError), kept.lock_for_writing():
            kept.add(rows_of(3), bits_for(rows_of(3)))
            raise RuntimeError("boom")
        assert_right(kept, rows_of(3))


def test_threads_add_and_gather_at_once(tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(activations, "COMMIT_BYTES", 500)
    parts = [rows_of(7, first) for first in range(0, 1400, 7)]

    def work(part: list[ViewKey]) -> None:
        kept.add(part, bits_for(part))
        kept.add(parts[0], bits_for(parts[0]))
        some = present(kept, parts[0])
        kept.flush()
        assert_right(kept, some + part)

    with opened(tmp_path) as kept, kept.lock_for_writing(), ThreadPoolExecutor(4) as pool:
        list(pool.map(work, parts))
    with opened(tmp_path) as kept:
        assert_right(kept, rows_of(1400))
        assert (kept.home / "values").stat().st_size == 1400 * kept.row_bytes


def test_what_is_not_finite_in_bfloat16_is_refused_whole(tmp_path: Path) -> None:
    rows = rows_of(3)
    with opened(tmp_path) as kept, kept.lock_for_writing():
        for bad in (np.nan, np.inf, -np.inf, -np.finfo(np.float32).max):
            values = np.ones((3, *SHAPE), np.float32)
            values[1, 4, 2, 1] = bad
            with raises(f"1 of 3 views hold numbers that are not finite in bfloat16, first of sample {rows[1][0]}"):
                kept.add(rows, values)
        bits = bits_for(rows)
        for bad_bits in (0x7F80, 0xFF80, 0x7FC1):
            bits[2, 0, 0, 0] = bad_bits
            with raises(f"first of sample {rows[2][0]}; nothing of them was stored"):
                kept.add(rows, bits)
        assert kept.find_missing(rows) == rows
        kept.add(rows, np.full((3, *SHAPE), np.float32(3.38e38)))


def test_wrong_values_rows_and_places_are_refused(tmp_path: Path) -> None:
    rows, good = rows_of(2), np.zeros((2, *SHAPE), np.float32)
    with opened(tmp_path) as kept:
        with raises("inside lock_for_writing"):
            kept.add(rows, good)
        with kept.lock_for_writing():
            with raises(r"float64 \(2, 5, 3, 2\).*wanted float32 \(2, 5, 3, 2\)"):
                kept.add(rows, good.astype(np.float64))
            with raises(r"float32 \(1, 5, 3, 2\).*wanted float32 \(2, 5, 3, 2\)"):
                kept.add(rows, good[:1])
            with raises("by this process already"), kept.lock_for_writing():
                pass
            with raises("view 65536", ValueError):
                kept.add([("00" * 20, 65536)], good[:1])
            with raises("40 hexadecimal digits", ValueError):
                kept.add([("photo", 0)], good[:1])
            kept.add(rows, good)
        for places in ([2], [-1], [0, 7]):
            with raises("places .* of 2 rows"):
                kept.gather(np.array(places))
        for out in (np.empty((1, *SHAPE), np.uint16), np.empty((2, *SHAPE), np.int16), np.empty((2, 3, 5, 2)).T):
            with raises("out is", ValueError):
                kept.gather(np.array([0, 1]), out)
    with raises("closed"):
        kept.gather(np.array([0]))
    with raises("kind 'f16'", ValueError):
        Activations(tmp_path, KEY, SHAPE, "f16")  # type: ignore[arg-type]


def test_another_shape_is_refused_and_another_schema_made_anew(tmp_path: Path) -> None:
    filled(tmp_path)
    with raises(r"hold bf16 rows of shape \(5, 3, 2\); wanted bf16 \(5, 3\).*delete that folder"):
        Activations(tmp_path, KEY, (5, 3))
    with raises("wanted u8"):
        Activations(tmp_path, KEY, SHAPE, "u8")
    manifest = tmp_path / KEY / "manifest.json"
    facts = json.loads(manifest.read_text("utf-8"))
    assert facts == {"shape": [5, 3, 2], "kind": "bf16", "description": "a network at stage4", "schema": 1}
    manifest.write_text(json.dumps({**facts, "schema": 99}), "utf-8")
    with opened(tmp_path) as kept:
        assert kept.find_missing(rows_of(20)) == rows_of(20)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with raises("cannot be made or read: .*--store"):
        opened(tmp_path / "file" / "activations")


def test_a_torn_index_ends_at_its_last_whole_block(tmp_path: Path) -> None:
    rows = rows_of(20)
    with opened(tmp_path) as kept:
        for first in (0, 10):
            with kept.lock_for_writing():
                kept.add(rows[first : first + 10], bits_for(rows[first : first + 10]))
        index = kept.home / "index"
    whole = index.read_bytes()
    half = len(whole) // 2
    flipped = bytearray(whole)
    flipped[half + 20] ^= 1
    for torn, left in ((whole[:-1], 10), (whole[: half + 5], 10), (bytes(flipped), 10), (whole + b"\0" * 50, 20)):
        index.write_bytes(torn)
        with opened(tmp_path) as kept:
            assert kept.find_missing(rows) == rows[left:]
            assert_right(kept, rows[:left])
    index.write_bytes(whole[:-1])
    with opened(tmp_path) as kept:
        with kept.lock_for_writing():
            kept.add(rows_of(3, 50), bits_for(rows_of(3, 50)))
        assert_right(kept, rows[:10] + rows_of(3, 50))
    with opened(tmp_path) as kept:
        assert_right(kept, rows[:10] + rows_of(3, 50))


def test_values_cut_by_somebody_are_missing_not_wrong(tmp_path: Path) -> None:
    filled(tmp_path)
    with opened(tmp_path) as reader:
        places = reader.find_places(rows_of(20))
        os.truncate(reader.home / "values", 19 * reader.row_bytes)
        with raises("were cut outside headstart"):
            reader.gather(places)
        with reader.lock_for_writing():
            assert reader.find_missing(rows_of(20)) == rows_of(20)
            reader.add(rows_of(20), bits_for(rows_of(20)))
        assert_right(reader, rows_of(20))


def test_a_file_that_is_gone_is_made_anew(tmp_path: Path) -> None:
    for name in ("values", "index", "manifest.json"):
        filled(tmp_path)
        (tmp_path / KEY / name).unlink()
        with opened(tmp_path) as kept:
            assert len(kept.find_missing(rows_of(20))) == 20


def test_removed_while_open_it_is_read_on_and_written_anew(tmp_path: Path) -> None:
    filled(tmp_path)
    with opened(tmp_path) as kept:
        for file in kept.home.iterdir():
            file.unlink()
        kept.home.rmdir()
        assert_right(kept, rows_of(20))
        with kept.lock_for_writing():
            assert len(kept.find_missing(rows_of(20))) == 20
            kept.add(rows_of(5), bits_for(rows_of(5)))
    with opened(tmp_path) as kept:
        assert_right(kept, rows_of(5))


def test_a_full_disk_keeps_what_was_stored(tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    filled(tmp_path)

    def half(file: object, rest: memoryview) -> None:
        file.write(rest[: len(rest) // 2])  # type: ignore[attr-defined]
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with opened(tmp_path) as kept:
        with raises("No space left on device; free some space on that disk.*stored is kept"), kept.lock_for_writing():
            kept.add(rows_of(3, 20), bits_for(rows_of(3, 20)))
            monkeypatch.setattr(activation_files, "_write_all", half)
            kept.add(rows_of(10, 30), bits_for(rows_of(10, 30)))
        monkeypatch.undo()
        assert_right(kept, rows_of(20))
        assert (kept.home / "values").stat().st_size == 20 * kept.row_bytes
        with kept.lock_for_writing():
            kept.add(rows_of(10, 20), bits_for(rows_of(10, 20)))
        assert_right(kept, rows_of(30))


def test_rows_that_others_saw_stay_though_the_disk_failed_after(tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    filled(tmp_path)
    calls = []

    def failing(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 2:  # the index, after its block was written
            assert other.find_missing(rows_of(3, 20)) == []
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    with opened(tmp_path) as kept, opened(tmp_path) as other:
        with raises("Input/output error"), kept.lock_for_writing():
            kept.add(rows_of(3, 20), bits_for(rows_of(3, 20)))
            monkeypatch.setattr(activation_files.os, "fsync", failing)
        monkeypatch.undo()
        with kept.lock_for_writing():
            kept.add(rows_of(3, 90), bits_for(rows_of(3, 90)))
        assert_right(other, rows_of(23))


def test_kill_loses_what_was_not_committed_and_makes_no_wrong_row(tmp_path: Path) -> None:
    """It is killed while it writes on, after as many commits as it has told of; at the latest where it waits."""
    rows, before = rows_of(4000), 0
    for commits in (0, 1, 7, 20):
        process = started(tmp_path, len(rows), until=512)
        assert process.stdout is not None
        for _ in range(1 + commits):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        said = process.communicate()[0].split()
        assert process.returncode == -signal.SIGKILL, "it ended before it was killed"
        with opened(tmp_path) as kept:
            there = present(kept, rows)
            assert len(there) >= max([before, *map(int, said[:-1])])  # the last line may be cut
            assert_right(kept, there)
        before = len(there)
    assert 0 < before < len(rows)


def test_a_second_process_waits_and_makes_only_what_is_missing(tmp_path: Path) -> None:
    first = started(tmp_path, 160, until=80)
    assert first.stdout is not None
    assert first.stdin is not None
    assert first.stdout.readline() == "ready\n"
    notes: list[object] = []

    def report(note: object) -> None:
        notes.append(note)
        print(file=first.stdin, flush=True)  # we wait: it may go on

    with opened(tmp_path) as kept:
        with kept.lock_for_writing(report):
            assert first.poll() is not None or "made 160" in first.stdout.read()
            assert kept.find_missing(rows_of(170)) == rows_of(10, 160)
            kept.add(rows_of(10, 160), bits_for(rows_of(10, 160)))
        assert_right(kept, rows_of(170))
    assert [type(note) for note in notes] == [Note]
    assert first.communicate()[1] == ""


def test_two_at_once_in_one_process_take_turns(tmp_path: Path) -> None:
    def work(first: int) -> None:
        with opened(tmp_path) as kept, kept.lock_for_writing():
            missing = kept.find_missing(rows_of(50, first))
            kept.add(missing, bits_for(missing))

    threads = [threading.Thread(target=work, args=(first,)) for first in (0, 25, 50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with opened(tmp_path) as kept:
        assert_right(kept, rows_of(100))
        assert (kept.home / "values").stat().st_size == 100 * kept.row_bytes


def test_reading_takes_no_memory(tmp_path: Path) -> None:
    if not ROLLUP.exists():
        import pytest

        pytest.skip("this system does not tell what a process holds")
    rows, out = rows_of(256), np.zeros((1, 2**16), np.uint8)
    with Activations(tmp_path, KEY, (2**16,), "u8") as kept:
        with kept.lock_for_writing():
            kept.add(rows, np.arange(256, dtype=np.uint8)[:, None].repeat(2**16, axis=1))
        before = _resident_bytes()
        for place in np.random.default_rng(0).permutation(256):
            assert (kept.gather(np.array([place]), out) == place).all()
        assert _resident_bytes() - before < 2**21  # of 16 MiB


def _resident_bytes() -> int:
    return 1024 * int(next(line.split()[1] for line in ROLLUP.read_text().splitlines() if line.startswith("Rss:")))


def test_usage_and_room(tmp_path: Path) -> None:
    assert list_activations(tmp_path / "none") == ()
    free = shutil.disk_usage(tmp_path).free
    assert abs(get_free_bytes(tmp_path / "not" / "there") - free) < 0.1 * free  # others write meanwhile
    filled(tmp_path, 20)
    with Activations(tmp_path, "cd" * 20, (3,), "u8"):
        pass
    os.utime(tmp_path / KEY, (1e9, 1e9))
    first, second = list_activations(tmp_path)
    assert (first.key, first.description, first.rows, first.last_used) == (KEY, "a network at stage4", 20, 1e9)
    assert first.bytes == sum(file.stat().st_size for file in (tmp_path / KEY).iterdir()) > 20 * 60
    assert (second.key, second.description, second.rows) == ("cd" * 20, "cd" * 20, 0)
    (tmp_path / "now").touch()
    now = (tmp_path / "now").stat().st_mtime
    with opened(tmp_path):
        assert next(it for it in list_activations(tmp_path) if it.key == KEY).last_used >= now


if __name__ == "__main__":
    write(*sys.argv[1:])
