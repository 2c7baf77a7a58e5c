import shutil

import numpy as np
import pytest

from headstart.data.check import Range, check_samples
from headstart.data.read import read_source
from headstart.data.samples import FileStatus
from headstart.events import Progress


@pytest.fixture
def damaged(pets, draw):
    """Twenty pets, one of them truncated late, one early, one twice, one a large JPEG."""
    photo = draw(70, size=(40, 40))
    (pets / "cats/late.png").write_bytes(photo[: int(len(photo) * 0.9)])
    (pets / "cats/early.png").write_bytes(photo[: int(len(photo) * 0.2)])
    (pets / "dogs/large.jpg").write_bytes(draw(72, format="JPEG", size=(100, 50)))
    shutil.copy(pets / "cats/0.png", pets / "cats/copy.png")
    return pets


def test_a_survey_decodes_everything_and_amends_the_ledger(damaged):
    seen = []
    found = check_samples(read_source(damaged), listener=seen.append)
    assert found.counts == {FileStatus.ACCEPTED: 22, FileStatus.REPAIRED: 1, FileStatus.SKIPPED: 1}
    assert found.usable == {"cats": 12, "dogs": 11}
    assert found.ranges["width"] == Range(12, 12, 100)
    assert found.ranges["height"] == Range(9, 9, 50)
    assert found.formats == {"PNG": 22, "JPEG": 1}
    assert found.copies == (("cats/0.png", "cats/copy.png"),)
    assert found.problems == ()
    reasons = {entry.name: entry.reason for entry in found.samples.ledger.entries if entry.reason}
    assert reasons["cats/early.png"].startswith("truncated: only")
    assert reasons["cats/late.png"].startswith("truncated: ")
    assert seen[-1] == Progress("check", 24, 24, "photos")


def test_a_survey_of_headers_only(damaged):
    assert check_samples(read_source(damaged), decode_all=False).counts[FileStatus.ACCEPTED] == 24


def test_problems_that_only_decoding_finds(tmp_path, plant, draw):
    plant(tmp_path, *(f"{name}/{i}.png" for name in "ab" for i in range(3)))
    (tmp_path / "a/0.png").write_bytes(draw(9)[:80])
    (problem,) = check_samples(read_source(tmp_path)).problems
    assert problem.startswith("class 'a' has 2 usable photos; wanted 3")


def test_a_file_that_vanished_since(pets):
    samples = read_source(pets)
    (pets / "cats/0.png").unlink()
    found = check_samples(samples)
    assert found.counts[FileStatus.SKIPPED] == 1
    assert found.samples.ledger.entries[0].reason == "cannot be read: No such file or directory"


def test_arrays_and_nothing_at_all(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (6, 5, 4), dtype=np.uint8)
    assert check_samples(read_source(images, labels=[0, 1] * 3)).ranges["width"] == Range(4, 4, 4)
    nothing = check_samples(read_source(tmp_path, strict=False))
    assert nothing.ranges["width"] is None
    assert "has no class with photos" in nothing.problems[0]
