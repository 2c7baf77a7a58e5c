"""Counts of very many classes are shortened, and what is left out is counted; JSON has them all."""

import json
from pathlib import Path

import pytest

from headstart.cli.check import MOST_COUNTS, SHOWN_COUNTS
from headstart.cli.main import run


def write_table(file: Path, classes: int) -> Path:
    rows = [
        f"these are the words of number {number} in copy {copy},kind {number:03}"
        for number in range(classes)
        for copy in range(3 + number % 5)
    ]
    file.write_text("\n".join(["text,label", *rows]) + "\n", "utf-8")
    return file


def test_the_largest_and_the_smallest_of_very_many_classes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = write_table(tmp_path / "many.csv", 100)
    assert run(["check", str(table), "--quiet"]) == 0
    printed = capsys.readouterr().out
    lines = [line.split() for line in printed.splitlines() if line.startswith("kind ")]
    assert [int(count) for *_, count in lines] == [7] * SHOWN_COUNTS + [3] * SHOWN_COUNTS
    assert "the largest and the smallest of 100:" in printed
    assert "... 80 more with 3 to 7 each; --json lists all" in printed
    assert run(["check", str(table), "--quiet", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["classes"]) == 100


def test_as_many_as_can_be_read_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = write_table(tmp_path / "some.csv", MOST_COUNTS)
    assert run(["check", str(table), "--quiet"]) == 0
    printed = capsys.readouterr().out
    assert sum(line.startswith("kind ") for line in printed.splitlines()) == MOST_COUNTS
    assert " more with " not in printed
