"""``check --labels`` on texts shows the beginning of each that is doubted beside its row."""

import random
from pathlib import Path

import pytest

from headstart.cli.main import run as run_command
from tests.modalities.texts import draw_texts, write_table


def test_the_beginning_of_a_doubted_text_is_shown(
    networks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = draw_texts(90, seed=8)
    chosen = random.Random(0).sample(range(90), 4)
    other = {"sea": "wood", "wood": "sea"}
    flipped = [(text, other[label] if at in chosen else label) for at, (text, label) in enumerate(texts)]
    table = write_table(tmp_path / "t.csv", flipped)
    words = ["--labels", str(tmp_path / "fixes.csv"), "--store", str(tmp_path / "store"), "--include-test", "--quiet"]
    assert run_command(["check", str(table), *words, "--backbone", "tinybert:net"]) == 0
    printed = capsys.readouterr().out
    head = next(line for line in printed.splitlines() if line.startswith("strongest"))
    assert head.endswith("beginning")
    assert any(texts[at][0][:30] in printed for at in chosen)
    assert all(len(line) < 160 for line in printed.splitlines() if line.startswith("row "))
