"""Runs and models whose modality or task came with a package that is not installed any more."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import headstart
from headstart.cli.main import run as run_command
from headstart_runtime.errors import ClassifierError, UserError
from tests.fixtures.make import RUN

INSTALL = "a package that provides it has to be installed"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return Path(shutil.copytree(RUN, tmp_path / "run"))


def change(file: Path, **values: Any) -> None:
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | values), "utf-8")


def test_a_report_says_which_package_is_missing_and_what_is_left_out(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(run / "run.json", modality="smell", packages={"modality": "sounds 2.1"})
    said = (
        "he modality 'smell' of the package sounds 2.1 is not installed or cannot be used: its items are called samples"
    )
    assert run_command(["report", str(run)]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"note: t{said}")
    page = (run / "report.html").read_text("utf-8")
    assert f"T{said}".replace("'", "&#39;") in page
    assert "samples" in page
    assert headstart.open_run(run).noun.many == "samples"


def test_nothing_is_said_where_all_is_installed(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["report", str(run)]) == 0
    assert capsys.readouterr().err == ""
    assert "not installed" not in (run / "report.html").read_text("utf-8")


def test_a_task_that_is_gone_is_named_with_its_package(run: Path) -> None:
    evaluation = json.loads((run / "evaluation.json").read_text("utf-8"))
    for scores in evaluation["parts"].values():
        scores["task"] = "ranking"
    change(run / "evaluation.json", **evaluation)
    change(run / "run.json", task="ranking", packages={"task": "ranks 0.3"})
    with pytest.raises(
        UserError, match=rf"cannot be reported: no task 'ranking' is .*; {INSTALL} \(it was the package ranks"
    ):
        headstart.report(run)
    with pytest.raises(UserError, match=f"^no task 'ranking' is installed; .*; {INSTALL}$"):
        headstart.open_run(run)


def test_a_model_of_a_run_names_the_package_that_the_run_names(run: Path) -> None:
    record = json.loads((run / "model" / "model.json").read_text("utf-8"))
    record["branches"][0]["spec"]["kind"] = "smell"
    change(run / "model" / "model.json", **record)
    change(run / "run.json", modality="smell", packages={"modality": "sounds 2.1"})
    said = rf"{INSTALL} \(its run was made with the package of the modality sounds 2\.1\)$"
    for folder in (run, run / "model"):
        with pytest.raises(ClassifierError, match=said):
            headstart.load(folder)


@pytest.mark.parametrize("kind", ["modality", "task"])
def test_a_model_of_another_package_says_what_it_needs(
    kind: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = json.loads((run / "model" / "model.json").read_text("utf-8"))
    if kind == "task":
        record["space"]["task"] = "gone"
    for branch in record["branches"] if kind == "modality" else ():
        branch["spec"]["kind"] = "gone"
    change(run / "model" / "model.json", **record)
    said = rf"model\.json' cannot be used: no {kind} 'gone' is installed; known: .*; {INSTALL}$"
    for call in (
        headstart.load,
        lambda model: headstart.predict(model, "a"),
        lambda model: headstart.evaluate(model, "a"),
    ):
        with pytest.raises(ClassifierError, match=said):
            call(run / "model")
    commands = (["predict"], ["evaluate"], ["explain", "--out", str(run / "looked")])
    for verb, *flags in commands:
        assert run_command([verb, str(run / "model"), "a.png", *flags]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert f"no {kind} 'gone' is installed" in line
        assert line.endswith(INSTALL)
