"""The demonstration of texts: the same messages each time, written once, other files left alone."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from headstart.modalities.text.demo import EACH, TEMPLATES, format_messages, write_messages
from headstart_runtime.errors import DataError


def test_the_messages_are_written_once(tmp_path: Path) -> None:
    file = write_messages(tmp_path / "demo" / "messages.csv")
    rows = list(csv.DictReader(file.read_text("utf-8").splitlines()))
    assert Counter(row["label"] for row in rows) == dict.fromkeys(TEMPLATES, EACH)
    assert len({row["text"] for row in rows}) > 0.9 * len(rows)
    assert "{" not in format_messages()
    stamp = file.stat().st_mtime_ns
    assert write_messages(file) == file
    assert file.stat().st_mtime_ns == stamp


def test_another_file_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "messages.csv"
    file.write_text("mine")
    with pytest.raises(DataError, match="has something else in it"):
        write_messages(file)
    assert file.read_text() == "mine"
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        write_messages(tmp_path / "file" / "messages.csv")
