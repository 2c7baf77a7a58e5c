"""Photos of a table's rows that lie elsewhere."""

from pathlib import Path

from headstart.data.readers.tables.table_files import _FileIndex, locate_files
from headstart.modalities.modality import get_modality

IMAGES = get_modality("image")


class Counted(str):
    """A path that counts how often anybody looks at it closely."""

    looks = 0

    def casefold(self) -> str:
        Counted.looks += 1
        return super().casefold()


def test_one_name_in_many_folders_is_said_by_the_last_folders_it_shares(tmp_path: Path) -> None:
    for place in ("set/P1/front.jpg", "set/P2/front.jpg", "set/P2/left/front.jpg", "set/P3/back.jpg"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).touch()
    paths = ["/old/SET/p1/Front", "/old/P2/left/front.jpg", "/old/P9/front.jpg", "/old/P9/back.jpg"]
    located = locate_files(tmp_path / "t.csv", paths, IMAGES)
    assert [located.find(path).path.relative_to(tmp_path).as_posix() for path in (paths[0], paths[1], paths[3])] == [
        "set/P1/front.jpg",
        "set/P2/left/front.jpg",
        "set/P3/back.jpg",
    ]
    assert located.reasons == {
        "/old/P9/front.jpg": "missing file; it may be one of 3: 'set/P1/front.jpg', 'set/P2/front.jpg', "
        "'set/P2/left/front.jpg'"
    }


def test_a_row_is_not_compared_with_every_file_of_its_name(tmp_path: Path) -> None:
    files = _FileIndex(tmp_path, IMAGES)
    files.__dict__["files"] = [Counted(f"P{number}/front.jpg") for number in range(300)]
    Counted.looks = 0
    for number in range(300):
        assert files.find(f"/old/P{number}/front.jpg") == [f"P{number}/front.jpg"]
        assert len(files.find(f"/old/Q{number}/front.jpg")) == 300
    assert Counted.looks < 5 * 300
