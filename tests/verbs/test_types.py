"""Editors and mypy know the keywords of the public functions."""

import subprocess
import sys

import pytest

PROGRAM = """
import headstart

headstart.fit("photos", rate=1e-3, train={"epochs": 3}, optimizer="sgd", progress=False)
headstart.fit("photos", rat=1e-3)
headstart.fit("photos", epochs="many")
headstart.fit("photos", train={"epoch": 3})
"""


@pytest.mark.slow
def test_keywords_are_checked(tmp_path) -> None:
    file = tmp_path / "program.py"
    file.write_text(PROGRAM)
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [
        line.partition("program.py:")[2].partition(":")[0] for line in done.stdout.splitlines() if " error: " in line
    ]
    assert lines == ["5", "6", "7"], done.stdout
