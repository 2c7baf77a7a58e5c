"""Photos of a table's rows that lie elsewhere."""

import unicodedata
from pathlib import Path

from headstart.data.readers.tables.file_index import FileIndex
from headstart.data.readers.tables.table_files import locate_files
from headstart_runtime.modalities.modality import get_modality

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
    files = FileIndex(tmp_path, IMAGES)
    files.__dict__["files"] = [Counted(f"P{number}/front.jpg") for number in range(300)]
    Counted.looks = 0
    for number in range(300):
        assert files.find(f"/old/P{number}/front.jpg") == [f"P{number}/front.jpg"]
        assert len(files.find(f"/old/Q{number}/front.jpg")) == 300
    assert Counted.looks < 5 * 300


def lay(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def find_all(table: Path, paths: list[str]) -> dict[str, str]:
    located = locate_files(table, paths, IMAGES)
    found = {path: located.find(path).path for path in paths}
    return {path: file.relative_to(table.parent).as_posix() for path, file in found.items() if file.is_file()}


def test_names_with_other_signs_zeros_and_endings_are_found(tmp_path: Path) -> None:
    lay(tmp_path, *[f"img/left_{number:03}.jpg" for number in range(10)], *[f"{number:05}.png" for number in range(12)])
    spaced = [f"Left {number:03}" for number in range(10)]
    assert find_all(tmp_path / "t.csv", spaced)["Left 003"] == "img/left_003.jpg"
    assert len(find_all(tmp_path / "t.csv", [f"{number}.0" for number in range(3, 12)])) == 9
    assert find_all(tmp_path / "t.csv", ["scans/00003.tif"]) == {"scans/00003.tif": "00003.png"}


def test_numbers_of_rows_are_no_names_with_zeros(tmp_path: Path) -> None:
    lay(tmp_path, *[f"{number:05}.png" for number in range(1, 40)])
    assert find_all(tmp_path / "t.csv", [str(number) for number in range(1, 21)]) == {}
    assert len(find_all(tmp_path / "t.csv", [str(number) for number in range(1, 40)])) == 39


def test_a_file_that_a_path_leads_to_is_not_found_by_another_path_too(tmp_path: Path) -> None:
    lay(tmp_path, "a/1.jpg", "site1/2.jpg")
    assert find_all(tmp_path / "t.csv", ["a/1.jpg", "b/1.jpg"]) == {"a/1.jpg": "a/1.jpg"}
    assert find_all(tmp_path / "t.csv", ["/mnt/site1/2.jpg", "/mnt/site2/2.jpg"]) == {"/mnt/site1/2.jpg": "site1/2.jpg"}


def test_folders_with_another_number_are_a_conflict(tmp_path: Path) -> None:
    lay(tmp_path, *[f"site1/{number}.jpg" for number in range(4)])
    paths = [f"/mnt/site2/{number}.jpg" for number in range(4)]
    assert "4 of its paths say 'site2'" in locate_files(tmp_path / "t.csv", paths, IMAGES).conflict
    assert not locate_files(tmp_path / "t.csv", [path.replace("site2", "photos") for path in paths], IMAGES).conflict


def test_letters_that_a_mac_writes_in_two_signs_are_one(tmp_path: Path) -> None:
    for name in ("K\u00e4fer_1.jpg", "Mu\u0308cke_2.jpg"):
        (tmp_path / "pictures").mkdir(exist_ok=True)
        (tmp_path / "pictures" / name).touch()
    located = locate_files(tmp_path / "t.csv", ["Ka\u0308fer_1.jpg", "M\u00fccke_2.jpg"], IMAGES)
    found = [located.find(path).path.name for path in ("Ka\u0308fer_1.jpg", "M\u00fccke_2.jpg")]
    assert [unicodedata.normalize("NFC", name) for name in found] == ["K\u00e4fer_1.jpg", "M\u00fccke_2.jpg"]


def test_files_are_taken_for_urls_only_where_others_have_files_too(tmp_path: Path) -> None:
    lay(tmp_path, "deep/a.jpg", "b.jpg", "c.jpg", "1/e.jpg", "2/e.jpg")
    one_of_two = ["https://x.org/a.jpg", "https://x.org/e.jpg", "c.jpg"]
    located = locate_files(tmp_path / "t.csv", one_of_two, IMAGES, urls_found=1.0)
    assert located.elsewhere == {} == located.reasons
    (note,) = located.notes
    assert note.startswith("1 of 2 URLs are called like files here, such as 'https://x.org/a.jpg' like 'deep/a.jpg'")
    all_there = ["s3://old/a.jpg", "s3://old/b.jpg?v=2"]
    assert len(locate_files(tmp_path / "t.csv", all_there, IMAGES, urls_found=1.0).elsewhere) == 2
    some_lost = [*all_there, "s3://old/d.jpg"]
    assert not locate_files(tmp_path / "t.csv", some_lost, IMAGES, urls_found=1.0).elsewhere
    assert len(locate_files(tmp_path / "t.csv", some_lost, IMAGES).elsewhere) == 2
    assert locate_files(
        tmp_path / "t.csv", ["file:///old/a.jpg", "file:///old/d.jpg"], IMAGES, urls_found=1.0
    ).elsewhere
