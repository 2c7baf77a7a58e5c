"""The test part stays shut for losing arms unless it is asked for, and the record says which it was."""

import json
from pathlib import Path

import numpy as np
import pytest

import headstart
from headstart.data.ledger import load_ledger
from headstart.data.samples import Subset
from headstart.data.split import Split
from headstart.runs.run import Run
from headstart.selection import leaderboard
from headstart_runtime.tasks.task import get_task
from tests.conftest import Warm

MEASURE = get_task("classification").measure


@pytest.fixture(scope="module")
def runs(warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Run]:
    """The same fit with the test part shut and opened."""
    home = tmp_path_factory.mktemp("runs")
    return {
        shown: headstart.fit(
            warm.photos,
            out=home / str(shown),
            store=warm.store,
            arms="linear-probe,average",
            head="auto",
            reveal_test=shown,
        )
        for shown in (False, True)
    }


def comparison(run: Run) -> dict:
    return json.loads((run.folder / "comparison.json").read_text("utf-8"))


def test_shut(runs: dict[bool, Run]) -> None:
    run = runs[False]
    winner = run.record["winner"]
    assert run.record["test_opened_for"] == [winner]
    assert comparison(run)["test"]["pairs"] == []
    assert comparison(run)["test"]["samples"] == run.test.n
    for row in leaderboard.from_json(comparison(run)["arms"]):
        assert (row.test_score is not None) == row.winner == (row.arm == winner)


def test_opened(runs: dict[bool, Run]) -> None:
    run, shut = runs[True], runs[False]
    names = [arm["name"] for arm in run.record["arms"]]
    assert len(names) == 3
    assert sorted(run.record["test_opened_for"]) == sorted(names)
    assert any("test was opened for all arms" in note for note in run.notes)
    assert not any("test was opened" in note for note in shut.notes)
    assert len(comparison(run)["test"]["pairs"]) == 3
    rows = {row.arm: row for row in leaderboard.from_json(comparison(run)["arms"])}
    assert all(row.test_score is not None for row in rows.values())
    assert rows[run.record["winner"]].test_score == run.test.accuracy
    assert run.record["winner"] == shut.record["winner"], "what is shown afterwards decides nothing"
    assert run.test == shut.test


def test_the_saved_classifier_says_what_its_arm_said(runs: dict[bool, Run], warm: Warm) -> None:
    """Its score on validation, refitted on train and validation, apart: a probe is fitted anew, so test is compared."""
    run = runs[True]
    rows = {row.arm: row for row in leaderboard.from_json(comparison(run)["arms"])}
    ledger = load_ledger(run.folder / "ledger.jsonl")
    split = Split.load(run.folder / "split.json")
    part = [entry for entry in ledger.entries if split.subsets.get(entry.digest) is Subset.TEST]
    said = np.stack([it.probabilities for it in run.classifier.predict([warm.photos / it.name for it in part])])
    labels = np.array([run.classes.index(entry.label) for entry in part])
    row = rows[run.record["winner"]]
    assert (said.argmax(axis=1) == labels).mean() == row.test_score
    assert -np.log(said[np.arange(len(labels)), labels]).mean() == pytest.approx(row.test_loss, rel=1e-3, abs=1e-6)


def test_the_leaderboard_is_written_beside_it(runs: dict[bool, Run]) -> None:
    folder: Path = runs[True].folder
    board = leaderboard.from_json(comparison(runs[True])["arms"])
    assert (folder / "leaderboard.md").read_text("utf-8") == leaderboard.to_markdown(board, MEASURE)
    assert (folder / "leaderboard.csv").read_text("utf-8") == leaderboard.to_csv(board, MEASURE)
    assert sum(row.winner for row in board) == 1
