"""Quoted arguments of proposed commands."""

import os
import re
import shlex
from pathlib import Path

import pytest

import headstart
from headstart.quoting import quote_argument

ROOMS = [Path(headstart.__file__).parent / room for room in ("data", "runs", "cli")]


@pytest.mark.skipif(os.name == "nt", reason="shlex reads as a POSIX shell does")
@pytest.mark.parametrize(
    "text", ["a", "archive (1).zip", "Finding Labels", "a'b", 'a"b', "$x", "a!b", "", "é/ü.csv", "a&b"]
)
def test_a_shell_reads_back_what_was_quoted(text):
    assert shlex.split(quote_argument(text)) == [text]


def test_plain_text_stays():
    assert quote_argument(Path("runs") / "model") == str(Path("runs") / "model")
    assert quote_argument("Finding Labels") == '"Finding Labels"'


def test_commands_in_messages_quote_what_they_are_given():
    """What stands in a proposed command behind ``headstart VERB`` or a flag for a column is quoted, if no constant."""
    form = re.compile(
        r"(?:headstart \w+|--(?:label|path|group|split)-column) \{(?!quote_|shlex|_flag|[A-Z_]+\})([^}]*)\}"
    )
    files = [path for room in ROOMS for path in room.rglob("*.py")]
    found = [f"{path.name}: {match}" for path in files for match in form.findall(path.read_text("utf-8"))]
    assert found == []
