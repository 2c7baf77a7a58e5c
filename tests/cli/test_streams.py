"""The command line without standard streams, or with streams that nobody reads any more."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from headstart import events
from headstart.cli.main import VERBS, run
from headstart.cli.streams import provide_streams
from headstart.display.watch import watch
from headstart.runs.run import open_run
from headstart_runtime.stderr import print_to_stderr

STREAMS = ("stdin", "stdout", "stderr")


def _closed() -> io.StringIO:
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.fixture(params=[lambda: None, _closed], ids=["missing", "closed"])
def no_streams(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in STREAMS:
        monkeypatch.setattr(sys, name, request.param())


def commands(small, tmp_path: Path) -> dict[str, tuple[list[object], int]]:
    """For each verb a command and its exit code with streams."""
    model, photo = small.run, next(small.photos.rglob("*.png"))
    return {
        "fit": (["fit", small.photos, "--backbone", small.name, "--out", tmp_path / "run", "--no-report"], 0),
        "compare": (["compare", tmp_path / "nowhere"], 2),
        "advise": (["advise", tmp_path / "nowhere"], 2),
        "predict": (["predict", model, photo, tmp_path / "gone.png"], 2),
        "explain": (["explain", model, photo, "--out", tmp_path / "why"], 0),
        "evaluate": (["evaluate", model, small.photos], 0),
        "check": (["check", small.photos, "--fast"], 0),
        "report": (["report", tmp_path / "nowhere"], 2),
        "features": (["features", tmp_path / "nowhere", "--out", tmp_path / "rows.npz"], 2),
        "models": (["models"], 0),
        "cache": (["cache"], 0),
        "demo": (["demo", "--nonsense"], 2),
        "export": (["export", tmp_path / "nowhere", "--to", "onnx"], 2),
        "serve": (["serve", tmp_path / "nowhere"], 2),
    }


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.usefixtures("no_streams")
def test_every_verb_works_without_streams(verb: str, small, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    arguments, code = commands(small, tmp_path)[verb]
    before = [getattr(sys, name) for name in STREAMS]
    assert run([str(it) for it in arguments]) == code
    assert [getattr(sys, name) for name in STREAMS] == before
    if verb == "fit":
        assert open_run(tmp_path / "run").test.n > 0


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["predict", "--help"]])
@pytest.mark.usefixtures("no_streams")
def test_help_works_without_streams(arguments: list[str]) -> None:
    assert run(arguments) == 0


#: Closes descriptors, then is the command line; the last line of its file says what number a file gets that is opened.
CLOSES = """
import os, sys
closed, report, *arguments = sys.argv[1:]
for descriptor in map(int, closed):
    os.close(descriptor)
sys.stdin, sys.stdout, sys.stderr = (None if str(it) in closed else stream
                                     for it, stream in enumerate((sys.stdin, sys.stdout, sys.stderr)))
from headstart.cli import main as entry
run = entry.run
def run_and_say(given):
    code = run(given)
    with open(report, "w") as file:
        file.write(f"{code} {file.fileno()}")
    return code
entry.run = run_and_say
sys.argv = ["headstart", *arguments]
entry.main()
"""


@pytest.mark.parametrize("closed", ["0", "1", "2", "012"])
def test_closed_descriptors_are_taken_by_nothing_else(small, tmp_path: Path, closed: str) -> None:
    """A database that gets number 2 would have what libraries print written into it."""
    photo = next(small.photos.rglob("*.png"))
    asked = ["-"] if "0" in closed else [str(photo)]
    command = [sys.executable, "-c", CLOSES, closed, str(tmp_path / "report"), "predict", str(small.run), *asked]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
    code, number = map(int, (tmp_path / "report").read_text().split())
    assert (done.returncode, code) == (0, 0), done.stderr
    assert number > 2
    assert ("Traceback" in done.stderr) is False
    assert bool(done.stdout) == (closed == "2")


def test_work_goes_on_when_nobody_reads_what_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as ``fit photos 2> >(head -1)``: it ended there, with exit code 0."""
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w", closefd=False) as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        with watch(progress=True) as listener:
            listener(events.Note("something"))
            listener(events.Finished("read", 1.0, "all of it"))
        print_to_stderr("more")
        monkeypatch.undo()
        os.dup2(os.open(os.devnull, os.O_WRONLY), writer)  # for what its buffer still holds
    os.close(writer)


def test_streams_that_are_there_stay() -> None:
    before = [getattr(sys, name) for name in STREAMS]
    with provide_streams():
        assert [getattr(sys, name) for name in STREAMS] == before
