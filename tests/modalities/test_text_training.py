"""Samples of any length without a mask cannot be trained on: every verb knows, says it, and recommends none of it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import headstart
from headstart import events
from headstart.cli.main import run as run_command
from headstart_runtime.errors import SettingError
from tests.modalities.texts import draw_texts, install_texts, write_table

WHY = (
    "tinytext:net reads texts of any length, and only networks whose inputs have one length, or a mask of what is "
    "padding, can be trained"
)


@pytest.fixture(scope="module", autouse=True)
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with install_texts(tmp_path_factory.mktemp("site")) as folder:
        yield folder


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return {"store": tmp_path_factory.mktemp("store"), "backbone": "tinytext:net", "progress": False}


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_table(tmp_path_factory.mktemp("texts") / "texts.csv", draw_texts(100))


@pytest.mark.parametrize("settings", [{}, {"budget": "50s"}, {"arms": "linear-probe,full-finetune", "search": 2}])
def test_the_other_ways_are_compared(
    settings: dict[str, Any], table: Path, options: dict[str, Any], tmp_path: Path
) -> None:
    heard: list[events.Event] = []
    compared = headstart.compare(table, out=tmp_path / "run", listener=heard.append, **options, **settings)
    assert {row.arm for row in compared.board} <= {"linear-probe", "intermediate-probe"}
    assert {one["reason"] for one in compared.left_out} == {WHY}
    assert not any(one["failed"] for one in compared.left_out)
    told = [event.text for event in heard if isinstance(event, events.Note) and WHY in event.text]
    assert len(told) == 1
    assert compared.run.record["advice"] is None
    page = (tmp_path / "run" / "report.html").read_text("utf-8")
    assert WHY in page
    assert "may do better" not in page


@pytest.mark.parametrize("settings", [{"strategy": "full-finetune"}, {"arms": "partial-finetune,scratch,vote"}])
def test_nothing_else_asked_for_is_an_error_before_the_pass(
    settings: dict[str, Any], table: Path, options: dict[str, Any], tmp_path: Path
) -> None:
    heard: list[events.Event] = []
    with pytest.raises(SettingError, match=r"-finetune is not possible: tinytext:net reads texts of any length"):
        headstart.fit(table, out=tmp_path / "run", listener=heard.append, **options, **settings)
    assert not any(isinstance(event, events.Started) and event.stage == "extract" for event in heard)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("cost", [False, True])
def test_advice_is_about_what_is_possible(cost: bool, table: Path, options: dict[str, Any]) -> None:
    advice = headstart.advise(table, cost=cost, **options)
    assert advice.obstacle == WHY
    assert {advice.expected, advice.runner_up} == {"linear-probe", "intermediate-probe"} == set(advice.seconds)
    assert f"No network can be trained: {WHY}." in advice.reason
    assert type(advice).from_json(json.loads(json.dumps(advice.to_json()))) == advice


def test_a_fit_says_it_and_recommends_nothing(
    table: Path, options: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ["--out", str(tmp_path / "run"), "--store", str(options["store"]), "--backbone", options["backbone"]]
    assert run_command(["fit", str(table), "--quiet", *run]) == 0
    told = capsys.readouterr().out
    assert f"no network was trained: {WHY}" in " ".join(told.split())
    assert "may do better" not in told
    record = json.loads((tmp_path / "run" / "run.json").read_text("utf-8"))
    assert record["training_obstacle"] == WHY
    page = (tmp_path / "run" / "report.html").read_text("utf-8")
    assert f"No network was trained: {WHY}." in page
    assert "may do better" not in page
