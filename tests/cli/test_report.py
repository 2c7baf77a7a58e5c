"""``headstart report``."""

import webbrowser

import pytest

from headstart.cli.main import run
from tests.reporting.example_run import write_example_run


@pytest.fixture
def example(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return write_example_run(tmp_path / "first", test=16)


def test_a_report_is_made_anew(example, capsys) -> None:
    (example / "report.html").write_text("old", "utf-8")
    assert run(["report", str(example)]) == 0
    out, errors = capsys.readouterr()
    assert out.strip() == str(example / "report.html")
    assert errors == ""
    assert "<h1>" in (example / "report.html").read_text("utf-8")


def test_elsewhere_and_in_the_browser(example, tmp_path, capsys, monkeypatch) -> None:
    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    assert run(["report", str(example), "--out", "some page.html", "--open"]) == 0
    assert capsys.readouterr().out.strip() == "some page.html"
    assert opened == [(tmp_path / "some page.html").as_uri()]
    assert not (example / "report.html").exists()
    assert run(["report", str(example), "--out", "some page.html", "--open"]) == 2
    assert "is there already and is not overwritten" in capsys.readouterr().err
    assert len(opened) == 1


def test_two_runs(example, tmp_path, capsys) -> None:
    second = write_example_run(tmp_path / "second", test=16, seed=0)
    assert run(["report", str(example), str(second)]) == 0
    assert capsys.readouterr().out.strip() == f"{example.name}-versus-second.html"
    assert "side by side" in (tmp_path / f"{example.name}-versus-second.html").read_text("utf-8")
    third = write_example_run(tmp_path / "third", test=16, seed=1)
    assert run(["report", str(third), str(second)]) == 0  # another pair of runs has a page of its own
    assert not (example / "report.html").exists()


def test_what_is_no_run(tmp_path, capsys) -> None:
    assert run(["report", str(tmp_path)]) == 2
    assert (
        "is not a run: it has no finished run in it; give the folder that headstart fit wrote"
        in capsys.readouterr().err
    )
