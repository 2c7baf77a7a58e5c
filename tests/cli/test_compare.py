"""``headstart compare``: the table of a real comparison, shown again from its folder, and what is said of it."""

import csv
import io
import json
import re
import shlex
import shutil
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from headstart.cli import comparison
from headstart.cli.comparison import describe_comparison
from headstart.cli.main import run
from headstart.evaluation.grouping import Targets
from headstart.runs.run import open_run
from headstart.tasks.classification.comparison import compare_pairs
from headstart.verbs.compare import DEFAULT_ARMS, choose_arms, read_comparison
from headstart_runtime.errors import UserError
from tests.conftest import CLASSES, draw_photos

WIDEST = 120


@pytest.fixture(scope="module")
def compared(small, tmp_path_factory) -> Path:
    """A run with a trained arm whose test part was opened for all; on photos of which some lie in a wrong class."""
    folder = tmp_path_factory.mktemp("compared")
    out, photos = folder / "run", draw_photos(folder / "photos", seed=5)
    for number, file in enumerate(sorted(photos.rglob("*.*"))[::4]):
        file.rename(photos / CLASSES[number % 3] / f"{number}-{file.name}")
    words = ["compare", str(photos), "--out", str(out), "--backbone", small.name, "--store", str(small.store)]
    flags = ["--epochs", "1", "--views", "1", "--reveal-test", "--no-report"]
    with redirect_stdout(io.StringIO()) as printed, redirect_stderr(io.StringIO()) as told:
        assert run([*words, *flags]) == 0
    assert "linear-probe" in printed.getvalue()
    assert re.search(r"^ +predict cost  partial-finetune stage2: predicted ", told.getvalue(), re.MULTILINE)
    return out


@pytest.fixture
def shown(compared, capsys):
    """show(*flags) -> what ``headstart compare RUN`` prints."""

    def show(*flags: str) -> str:
        assert run(["compare", str(compared), *flags]) == 0
        out, errors = capsys.readouterr()
        assert errors == ""
        return out

    return show


def test_the_arms_that_are_compared_when_none_are_named(compared) -> None:
    record = open_run(compared).record
    assert [arm["strategy"] for arm in record["arms"]] == DEFAULT_ARMS.split(",")
    assert record["settings"]["arms"] == DEFAULT_ARMS


def test_the_table_has_what_the_leaderboard_has(compared, shown) -> None:
    text = shown()
    with (compared / "leaderboard.csv").open(encoding="utf-8") as file:
        board = list(csv.DictReader(file))
    assert len(board) == 3
    for row in board:
        scores = next(line for line in text.splitlines() if line.startswith(row["arm"]) and "%" in line)
        for part in ("train", "validation", "test"):
            assert f"{float(row[f'{part}_accuracy']):.1%}" in scores
            assert f"{float(row[f'{part}_loss']):.3f}" in scores
        for part in ("validation", "test"):
            assert f"({100 * float(row[f'{part}_low']):.1f}-{100 * float(row[f'{part}_high']):.1f})" in scores
        assert scores.startswith(f"{row['arm']} *") == (row["winner"] == "True")
        cost = text.partition("what each arm fitted or trained")[2]
        line = next(line for line in cost.splitlines() if line.startswith(f"{row['arm']}  "))
        assert f"{int(row['parameters']):,}" in line
        assert f"{float(row['seconds']):.1f}" in line
        assert f"{float(row['predicted_seconds']):.1f}" in line


def test_it_says_why_and_where_the_rest_is(compared, shown) -> None:
    text = shown()
    flat = " ".join(text.split())
    assert open_run(compared).record["choice"]["reason"] in flat
    assert "tensors under stage1 are bit-identical to what was loaded" in flat
    (curves,) = (compared / "curves").glob("*.csv")
    assert f"curves of loss and accuracy: {curves}" in text
    assert len(list(csv.DictReader(io.StringIO(curves.read_text("utf-8"))))) == 2  # before the first step, and after
    assert f"look:  headstart report {compared}\nnext:  headstart predict {compared / 'model'} PHOTO" in text


def test_it_fits_a_terminal(shown, compared) -> None:
    places = [line for line in shown().splitlines() if str(compared) not in line]
    assert max(map(len, places)) <= WIDEST


def test_pairs_are_those_of_the_photos(compared, shown) -> None:
    text = shown()
    record = json.loads((compared / "comparison.json").read_text("utf-8"))
    on_validation, on_test = text.partition("on the same 9 test photos")[::2]
    for found, pairs in ((on_validation, record["choice"]["pairs"]), (on_test, record["test"]["pairs"])):
        assert pairs
        for pair in pairs:
            points = f"{100 * pair['difference']:+z.1f}".replace("+0.0", "0.0")
            wanted = f"{pair['a']} {pair['b']} {points} "
            line = next(line for line in map(str.split, found.splitlines()) if " ".join(line).startswith(wanted))
            assert f"{pair['only_a']} : {pair['only_b']}" in " ".join(line)
            assert float(line[-1]) == pytest.approx(pair["p_holm"], abs=5e-4)
    assert len(record["choice"]["pairs"]) == 2
    assert len(record["test"]["pairs"]) == 3


def test_the_curve_over_depth_is_drawn_from_the_lowest_to_the_highest(compared, shown) -> None:
    depth = next(arm["depth"] for arm in open_run(compared).record["arms"] if arm["depth"])
    drawn = shown().partition("intermediate-probe by depth")[2].partition("\n\n")[2].partition("\n\n")[0].splitlines()
    assert len(drawn) == len(depth) + 1
    places = {}
    for point, line in zip(depth, drawn[1:], strict=True):
        assert line.split()[0] == point["layer"]
        assert f"{point['validation_score']:.1%}" in line
        assert len(line.split()[-1]) == comparison.DOTS
        places[point["score"]] = line.split()[-1].index("o")
    assert [places[value] for value in sorted(places)] == sorted(places.values())
    if len(places) > 1:
        assert (min(places.values()), max(places.values())) == (0, comparison.DOTS - 1)


def test_json_is_one_object(compared, shown) -> None:
    record = json.loads(shown("--json"))
    saved = json.loads((compared / "comparison.json").read_text("utf-8"))
    assert record["arms"] == saved["arms"]
    assert record["on_test"]["pairs"] == saved["test"]["pairs"]
    assert record["test"]["n"] == record["on_test"]["samples"] == 9
    assert list(record["curves"]) == [arm["arm"] for arm in saved["arms"] if arm["arm"].startswith("partial")]
    assert [point["layer"] for point in record["depth"]["intermediate-probe"]][-2:] == ["final", "all"]


def test_losing_arms_have_not_seen_test_unless_it_was_opened(warm, capsys) -> None:
    assert run(["compare", str(warm.run)]) == 0
    text = capsys.readouterr().out
    board = json.loads((warm.run / "comparison.json").read_text("utf-8"))["arms"]
    assert [row["test_score"] is None for row in board] == [not row["winner"] for row in board]
    assert "the other arms have not seen test (--reveal-test)" in text
    assert "on the same 9 test photos" not in text
    for row in board:
        scores = next(line for line in text.splitlines() if line.startswith(row["arm"]) and "%" in line)
        assert scores.count("%") == (3 if row["winner"] else 2)


def test_what_the_test_part_can_tell(compared) -> None:
    it = read_comparison(open_run(compared))
    assert "test photos, on which the winner makes" in describe_comparison(it)
    assert "are too few to tell anything" in describe_comparison(replace(it, smallest=None))
    enough = " ".join(describe_comparison(replace(it, smallest=0.0262)).split())
    assert "can show that another arm is better only if it is so by 2.6 points or more" in enough
    assert "too few" not in enough.partition("test photos, on which")[2]


def test_what_was_left_out_is_said_with_its_reason(compared) -> None:
    left_out = ({"name": "scratch", "reason": "predicted 400 s, 60 s of the budget are left", "predicted": None},)
    text = describe_comparison(replace(read_comparison(open_run(compared)), left_out=left_out))
    assert "left out: scratch: predicted 400 s, 60 s of the budget are left" in text


def test_a_long_name_takes_two_lines_and_many_pairs_are_cut(compared) -> None:
    it = read_comparison(open_run(compared))
    board = tuple(replace(row, arm=f"{row.arm} on efficientnet_lite0") for row in it.board)
    chance = np.random.default_rng(0)
    said = {f"arm {number}": chance.dirichlet(np.ones(3), 9) for number in range(7)}
    pairs = compare_pairs(Targets.independent(chance.integers(0, 3, 9)), said, 0)
    text = describe_comparison(replace(it, board=board, pairs=pairs))
    assert max(len(line) for line in text.splitlines() if str(it.run.folder) not in line) <= WIDEST
    assert text.count("\n  on efficientnet_lite0") == 2 * len(board)
    assert "... and 6 more pairs" in text


def test_a_run_without_a_comparison(compared, tmp_path, capsys) -> None:
    copy = shutil.copytree(compared, tmp_path / "run")
    (copy / "comparison.json").unlink()
    assert run(["compare", str(copy)]) == 2
    assert "has no comparison that can be read" in capsys.readouterr().err
    record = json.loads((compared / "comparison.json").read_text("utf-8"))
    (copy / "comparison.json").write_text(json.dumps({**record, "schema_version": 99}), "utf-8")
    with pytest.raises(UserError, match="schema version 99, this headstart reads 1"):
        read_comparison(open_run(copy))


def test_an_unfinished_run_is_none(tmp_path, capsys) -> None:
    (tmp_path / ".unfinished").touch()
    assert run(["compare", str(tmp_path)]) == 2
    assert "it has no finished run in it" in capsys.readouterr().err


def test_a_run_takes_no_settings(compared, capsys) -> None:
    for flags in (["--seed", "3"], ["--config", str(compared / "settings.toml")]):
        assert run(["compare", str(compared), *flags]) == 2
        assert "is a run, whose comparison is shown as it was made; leave the settings out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "file", "wanted"),
    [
        ({}, "", {"arms": DEFAULT_ARMS}),
        ({"seed": 3}, 'strategy = "auto"', {"arms": DEFAULT_ARMS}),
        ({"arms": "linear-probe"}, "", {}),
        ({}, 'arms = "scratch"', {}),
        ({"strategy": "auto"}, "", {}),
        ({"strategy": "full-finetune"}, "", {}),
        ({}, 'budget = "10m"', {}),
    ],
)
def test_arms_that_are_named_stand(given, file, wanted, tmp_path) -> None:
    config = tmp_path / "settings.toml"
    config.write_text(file, "utf-8")
    assert choose_arms(config, **given) == wanted


def test_settings_are_the_flags_as_in_fit() -> None:
    import inspect

    from headstart.cli import compare, fit
    from headstart.cli.flags import AllSettings

    both = [inspect.signature(verb).parameters for verb in (compare.compare, fit.fit)]
    assert list(both[0]) == list(both[1])
    assert both[0]["settings"].annotation.__origin__ == (AllSettings | None)


def test_the_command_that_is_printed_is_quoted(compared) -> None:
    it = read_comparison(open_run(compared))
    text = describe_comparison(replace(it, run=replace(it.run, folder=Path("runs/it's mine"))))
    (command,) = [line.partition("next:  ")[2] for line in text.splitlines() if line.startswith("next:  ")]
    assert shlex.split(command) == ["headstart", "predict", str(Path("runs/it's mine/model")), "PHOTO"]
