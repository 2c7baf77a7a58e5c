"""``headstart fit``: what it prints, where, and that a run can be repeated from its own folder."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from headstart.cli.fit_summary import _caveats, describe_run, run_to_json
from headstart.cli.main import run
from headstart.reporting.shown_numbers import format_duration
from headstart.runs.run import open_run
from headstart_runtime.modalities.item import Noun

#: The command line in a process that stops when its first rows are stored, until it has heard SIGINT.
WAITING = """
import signal, sys, threading
import headstart.cli.main as main, headstart.storage.writer as writer

heard, store = threading.Event(), writer.Writer._write

def write_and_say(self, batch):
    store(self, batch)
    print("stored", flush=True)
    heard.wait()

def interrupted(*_):
    heard.set()
    raise KeyboardInterrupt

writer.Writer._write = write_and_say
signal.signal(signal.SIGINT, interrupted)
sys.exit(main.run(sys.argv[1:]))
"""


def evaluation(out: Path) -> str:
    return (out / "evaluation.json").read_text("utf-8")


def test_a_summary_that_a_person_can_read(warm, tmp_path, capsys) -> None:
    out = tmp_path / "run"
    assert run(["fit", str(warm.photos), "--out", str(out)]) == 0
    printed, said = capsys.readouterr()
    assert re.search(
        r"Test accuracy \d+\.\d% \(95 % interval .* on 9 photos( in \d+ groups)? it had never seen", printed
    )
    for word in ("balanced", "macro F1", "log loss", "checks", "discs", "stripes", "apache-2.0", "openvino", "took"):
        assert word in printed
    assert f"everything is in {out}" in printed
    assert f"next:  headstart predict {out / 'model'} PHOTO" in printed
    assert len(printed.strip().splitlines()) <= 24
    for stage in ("read", "prepare engine", "extract", "fit", "save", "test"):
        assert re.search(rf"^ *{stage}  .*\(\d+\.\d s\)$", said, re.MULTILINE)
    assert sorted(path.name for path in out.iterdir()) == [
        *("comparison.json", "evaluation.json", "leaderboard.csv", "leaderboard.md", "ledger.jsonl", "model"),
        *("model-card.md", "neighbours.safetensors", "predictions.csv", "predictions.npz", "previews.npz"),
        *("report.html", "run.json", "settings.toml", "split.json", "trust.json"),
    ]


@pytest.fixture
def probed(warm):
    """A finished run of two probes, of which the first won with some mistakes: what its summary says is all here."""
    made = open_run(warm.run)
    arms = [{**arm, "validation": {**arm["validation"], "accuracy": 0.75}} for arm in made.record["arms"]]
    choice = {**made.record["choice"], "verdict": "linear-probe did best.", "reason": "More is said here."}
    record = {**made.record, "winner": "linear-probe", "arms": arms, "choice": choice}
    return replace(made, record=record, validation=replace(made.validation, accuracy=0.775))


def test_the_time_is_the_same_wherever_it_is_said(probed) -> None:
    """In the summary, in its JSON and on the page; what the report took comes on top and is a stage of its own."""
    stages = sum(value for name, value in probed.seconds.items() if name != "report")
    assert stages <= probed.took == probed.record["took"]
    assert f"took {probed.took:.1f} s" in describe_run(probed)
    assert run_to_json(probed)["took"] == probed.took
    shown = re.search(r'data-number="seconds.total"[^>]*>([^<]*)<', (probed.folder / "report.html").read_text("utf-8"))
    assert shown is not None
    assert shown[1] == format_duration(probed.took)


HINT = "training part of the network may do better:  headstart compare "


def test_the_summary_says_why_the_winner_won_and_what_else_was_tried(probed) -> None:
    lines = describe_run(probed).splitlines()
    why = "linear-probe did best. Also tried: intermediate-probe 75.0%."
    assert lines[lines.index(why) + 1].startswith(HINT)
    assert shlex.split(lines[lines.index(why) + 1].removeprefix(HINT))[:3] == [
        probed.record["source"],
        "--budget",
        "10m",
    ]
    assert "More is said here" not in describe_run(probed)


def test_the_hint_is_not_given_where_it_is_of_no_use(probed) -> None:
    right = replace(probed, validation=replace(probed.validation, accuracy=1.0))
    trained = {**probed.record["arms"][1], "name": "full-finetune", "curves": [{"number": 0}], "best_epoch": 0}
    tried = replace(probed, record={**probed.record, "arms": [probed.record["arms"][0], trained]})
    assert HINT in describe_run(probed)
    assert HINT not in describe_run(right)
    assert HINT not in describe_run(tried)
    assert "Also tried: full-finetune 75.0%" in describe_run(tried)


def test_the_summary_says_that_no_epoch_helped(probed) -> None:
    said = "none of 2 epochs was better on validation than the start, which is kept"
    curves = [{"number": number} for number in range(3)]
    for best, expected in ((0, True), (2, False)):
        arms = [{**arm, "curves": curves, "best_epoch": best} for arm in probed.record["arms"]]
        assert (said in describe_run(replace(probed, record={**probed.record, "arms": arms}))) is expected
    assert said not in describe_run(probed)


def test_a_single_arm_has_no_others(probed) -> None:
    alone = describe_run(replace(probed, record={**probed.record, "arms": probed.record["arms"][:1]}))
    assert "on validation" not in alone
    assert HINT in alone


def test_arms_that_were_left_out_are_named(probed) -> None:
    left_out = [{"name": "scratch", "reason": "predicted 90 s, 40 s of the budget are left", "predicted": None}]
    said = describe_run(replace(probed, record={**probed.record, "left_out": left_out}))
    assert f"left out: scratch; see {probed.folder / 'comparison.json'}" in said


def test_quiet_says_nothing_but_the_result(small, tmp_path, capsys) -> None:
    assert run(small.words("--out", tmp_path / "run", "--quiet")) == 0
    printed, said = capsys.readouterr()
    assert said == ""
    assert "Test accuracy" in printed


def test_json_is_one_object_and_nothing_else(small, tmp_path, capsys) -> None:
    assert run(small.words("--out", tmp_path / "run", "--json")) == 0
    printed, said = capsys.readouterr()
    assert said == ""
    record = json.loads(printed)
    assert record["test"]["n"] == 9
    assert record["reason"].startswith(record["winner"])
    assert record["model"] == str(tmp_path / "run/model")
    assert json.loads(evaluation(tmp_path / "run"))["parts"]["test"] == record["test"]


def test_a_settings_file_equals_flags_and_flags_win(small, tmp_path, capsys) -> None:
    flags = ["--seed", "3", "--head", "lda", "--test-share", "0.3", "--class-weights", "balanced"]
    file = tmp_path / "settings.toml"
    file.write_text('seed = 3\nhead = "lda"\ntest-share = 0.3\nclass_weights = "balanced"\n')
    other = tmp_path / "other.toml"
    other.write_text('seed = 8\nhead = "ridge"\ntest_share = 0.3\nclass_weights = "balanced"\n')
    commands = {
        "flags": flags,
        "file": ["--config", str(file)],
        "both": ["--config", str(other), "--seed", "3", "--head", "lda"],
    }
    for name, given in commands.items():
        assert run(small.words("--out", tmp_path / name, "--quiet", *given)) == 0
    assert evaluation(tmp_path / "flags") == evaluation(tmp_path / "file") == evaluation(tmp_path / "both")
    saved = [tomllib.loads((tmp_path / name / "settings.toml").read_text("utf-8")) for name in commands]
    assert all("out" not in settings["run"] for settings in saved)
    assert saved[0] == saved[1] == saved[2]
    assert saved[0]["run"]["seed"] == 3
    capsys.readouterr()


def test_a_run_is_repeated_from_its_own_settings(small, tmp_path, capsys) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    assert run(small.words("--out", first, "--seed", "5", "--head", "auto", "--quiet")) == 0
    config = str(first / "settings.toml")
    assert run(small.words("--config", config, "--out", second, "--quiet")) == 0
    assert evaluation(first) == evaluation(second)
    for file in ("split.json", "ledger.jsonl", "model/head.safetensors", "model/model.onnx"):
        assert (first / file).read_bytes() == (second / file).read_bytes()
    capsys.readouterr()


def test_what_was_skipped_is_said(photos, small, tmp_path, capsys) -> None:
    folder = photos(each=6)
    (folder / "discs/text.jpg").write_text("no photo")
    assert run(small.words("--out", tmp_path / "run", "--quiet", source=folder)) == 0
    assert f"1 file skipped, 0 repaired in memory: see {tmp_path / 'run/ledger.jsonl'}" in capsys.readouterr().out


def test_a_budget_that_was_not_kept_is_said(small, tmp_path, capsys) -> None:
    assert run(small.words("--out", tmp_path / "run", "--budget", "0.001s")) == 0
    printed, said = capsys.readouterr()
    assert "more than the budget of 0 s" in said
    assert "more than the budget" in printed


def test_without_out_the_run_is_named_after_the_photos(small, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(small.words("--quiet")) == 0
    (made,) = (tmp_path / "runs").iterdir()
    assert re.fullmatch(r"small-photos-\d{8}-\d{6}", made.name)
    capsys.readouterr()


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
def test_ctrl_c_stops_and_the_same_command_goes_on(photos, small, tmp_path) -> None:
    folder, out = photos(each=70, seed=9), tmp_path / "run"
    words = small.words("--out", out, "--workers", "1", source=folder)
    command = [sys.executable, "-m", "headstart.cli.main", *words]
    process = subprocess.Popen(
        [sys.executable, "-c", WAITING, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "stored\n"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.splitlines()[-1] == "headstart: stopped; what was computed is kept: the same command goes on from there"
    assert "Traceback" not in said
    assert not out.exists()

    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = re.search(r"extract  (\d+) photos computed.*, (\d+) known", done.stderr)
    assert found
    computed, known = map(int, found.groups())
    assert known >= 64
    assert computed >= 128  # it stopped long before its end: one batch of 64 was stored when it was told to
    assert computed + known == 210


def test_settings_are_the_flags() -> None:
    """One place: what Python takes, the file takes and the command line takes."""
    import inspect

    from headstart.cli.fit import fit
    from headstart.cli.flags import AllSettings

    assert inspect.signature(fit).parameters["settings"].annotation.__origin__ == AllSettings | None


@pytest.mark.parametrize(
    ("notes", "said"),
    [
        ((), "1 group of photos with equal bytes, each kept on one side of the split"),
        (("leak: 1 photo is in more than one given part",), "1 group of photos with equal bytes"),
    ],
)
def test_equal_bytes_in_two_parts_are_not_said_to_be_kept_together(notes, said) -> None:
    record = {"files": {"skipped": 0, "repaired": 0}, "copies": 1}
    assert (
        _caveats(SimpleNamespace(record=record, notes=notes, folder=Path("run"), noun=Noun("photo", "photos")))[-1]
        == said
    )
