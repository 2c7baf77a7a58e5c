import json
import shutil

from headstart import check
from headstart.cli.main import run


def test_explain_shows_the_source_as_it_was_understood(photos, capsys) -> None:
    folder = photos(each=4)
    (folder / "checks/notes.jpg").write_bytes(b"none")
    assert run(["check", str(folder), "--explain", "--quiet"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{folder}/  12 photos (1 skipped)\n  checks/  4 photos (1 skipped)  = class")
    assert "    1 file skipped: not an image in a known format (notes.jpg)" in out
    assert run(["check", str(folder), "--explain", "--json"]) == 0
    outline = json.loads(capsys.readouterr().out)["outline"]
    assert [(inner["name"], inner["role"], inner["items"]) for inner in outline["folders"]["folders"]] == [
        ("checks", "class", 4),
        ("discs", "class", 4),
        ("stripes", "class", 4),
    ]
    report = check(folder, explain=True, progress=False)
    assert report.outline is not None
    assert "= class" in report._repr_html_()
    assert check(folder, progress=False).outline is None


def test_the_reading_is_written_as_a_table_and_never_over_another(photos, tmp_path, capsys) -> None:
    folder, table = photos(each=4), tmp_path / "photos.csv"
    assert run(["check", str(folder), "--write-table", str(table), "--quiet"]) == 0
    assert f"the reading is written to {table}" in capsys.readouterr().out
    before = json.loads(_run_json(["check", str(folder)], capsys))
    after = json.loads(_run_json(["check", str(table)], capsys))
    assert after["classes"] == before["classes"]
    assert sorted(it["digest"] for it in after["files"]) == sorted(it["digest"] for it in before["files"])
    assert run(["check", str(folder), "--write-table", str(table), "--quiet"]) == 2
    assert "is there already and is not overwritten" in capsys.readouterr().err


def test_where_nothing_is_read_the_reasons_are_said_and_no_table_is_written(photos, tmp_path, capsys) -> None:
    folder, table = photos(classes=("checks",), each=3) / "checks", tmp_path / "photos.csv"
    assert run(["check", str(folder), "--write-table", str(table), "--quiet"]) == 2
    out = capsys.readouterr().out
    assert "has no class with photos" in out
    assert f"nothing is read, so {table} is not written" in out
    assert not table.exists()


def _run_json(arguments: list[str], capsys) -> str:
    assert run([*arguments, "--json"]) == 0
    return capsys.readouterr().out


def test_a_folder_in_doubt_is_shown_as_it_lies(photos, tmp_path, capsys) -> None:
    shutil.copytree(photos(classes=("checks",), each=3) / "checks", tmp_path / "mixed" / "train")
    shutil.copytree(tmp_path / "mixed" / "train", tmp_path / "mixed" / "test")
    assert run(["check", str(tmp_path / "mixed"), "--explain", "--quiet"]) == 2
    out, errors = capsys.readouterr()
    assert out.splitlines() == [f"{tmp_path / 'mixed'}/  6 photos", "  test/  3 photos", "  train/  3 photos"]
    assert "mixed" in errors
