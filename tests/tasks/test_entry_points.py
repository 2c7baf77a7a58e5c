"""A task of another package is a folder and one entry point: it is found, fitted, predicted with and reported."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import headstart
from headstart.cli.main import run as run_command
from headstart.data.read import read_source
from headstart.pipeline.label_check import check_labels
from headstart_runtime.errors import DataError, PluginError, SettingError, UserError
from tests import small_network
from tests.conftest import Warm
from tests.plugins import install_plugin, package_folder


@pytest.fixture
def _installed(tmp_path: Path) -> Iterator[None]:
    install_plugin(tmp_path / "site", "amount", "headstart.tasks", "tests.tasks.amount:TASK")
    with package_folder(tmp_path / "site"):
        yield


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Photos of one colour, and how bright each is, in tenths of a level."""
    chance = np.random.default_rng(0)
    folder = tmp_path / "grey"
    folder.mkdir()
    with (folder / "table.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label"])
        for number in range(48):
            level = int(chance.integers(20, 236))
            pixels = np.clip(chance.normal(level, 6, (48, 48, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"{number}.png")
            writer.writerow([f"{number}.png", f"grey level {level / 10 + 0.05}"])
    return folder / "table.csv"


@pytest.mark.usefixtures("_installed")
def test_a_task_of_another_package_goes_the_whole_way(small: Warm, table: Path, tmp_path: Path) -> None:
    notes: list[str] = []
    run = small.fit(table, out=tmp_path / "run", report=True, listener=lambda event: notes.append(str(event)))
    record = json.loads((tmp_path / "run" / "run.json").read_text("utf-8"))
    assert record["task"] == "amount"
    assert any("--task classification if not" in note for note in record["notes"])
    assert run.test.mean_error < 6, "it knows brightness from 2 to 23.6 better than their mean"
    answer = run.classifier.predict(table.parent / "0.png")
    several = run.classifier.predict(sorted(table.parent.glob("*.png")))
    assert abs(answer.value - several[0].value) < 0.5
    again = headstart.open_run(tmp_path / "run")
    assert again.test == run.test
    assert again.task.name == "amount"
    curve = json.loads((tmp_path / "run" / "trust.json").read_text("utf-8"))["learning_curve"]
    assert [size["repeats"] for size in curve["sizes"]] == [6, 6, 6, 1]
    assert all(size["low"] <= size["score"] <= size["high"] for size in curve["sizes"])
    assert curve["sizes"][-1]["score"] < 6
    assert curve["gains"] == []
    html = (tmp_path / "run" / "report.html").read_text("utf-8")
    assert "mean error" in html
    assert "one number for each photo" in html
    assert "Learning curve" in html
    assert "48</span> photos: " in html
    assert "Networks were not trained" in html
    card = (tmp_path / "run" / "model-card.md").read_text("utf-8")
    assert f"| mean error | {run.test.mean_error:.3g} (95 % interval " in card
    assert "It takes a photo." in card
    assert headstart.evaluate(run, table).mean_error < 6


@pytest.mark.usefixtures("_installed")
def test_the_command_line_knows_it(
    small: Warm, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command([*small.words("--task", "amount", "--out", tmp_path / "run", source=table), "--quiet"]) == 0
    assert "Test mean error" in capsys.readouterr().out
    model = tmp_path / "run" / "model"
    assert run_command(["predict", str(model), str(table.parent / "0.png"), "--csv"]) == 0
    header, row = capsys.readouterr().out.splitlines()
    assert header == "source,value,novelty,out_of_distribution,error,repaired,note"
    assert float(row.split(",")[1]) > 0
    assert run_command(["evaluate", str(model), str(table), "--quiet"]) == 0
    assert "Mean error" in capsys.readouterr().out


@pytest.mark.usefixtures("_installed")
def test_what_a_task_does_not_have_is_refused(small: Warm, table: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="partial-finetune is not for one number for each photo"):
        small.fit(table, out=tmp_path / "run", strategy="partial-finetune")
    text = table.read_text("utf-8").replace("0.png,", "0.png,many")
    table.write_text(text, "utf-8")
    with pytest.raises(DataError, match="is not a number"):
        small.fit(table, out=tmp_path / "run", task="amount")


@pytest.mark.usefixtures("_installed")
def test_two_runs_are_compared_by_its_measure(small: Warm, table: Path, tmp_path: Path) -> None:
    small.fit(table, out=tmp_path / "one", report=True)
    small.fit(table, out=tmp_path / "two", report=True, strategy="linear-probe")
    page = headstart.report(tmp_path / "one", other=tmp_path / "two", out=tmp_path / "page.html")
    html = Path(page).read_text("utf-8")
    assert "test photos that both have, the mean error of" in html
    assert "is better by" in html
    assert '<th scope="row">mean error</th>' in html
    assert '<th scope="row">strategy</th>' in html


@pytest.mark.usefixtures("_installed")
def test_a_check_counts_by_its_strata(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["check", str(table), "--task", "amount"]) == 0
    lines = capsys.readouterr().out.splitlines()
    (head,) = [number for number, line in enumerate(lines) if line.split() == ["quarter", "photos"]]
    assert [line.split()[0] for line in lines[head + 1 : head + 5]] == ["lowest", "low", "high", "highest"]


@pytest.mark.usefixtures("_installed")
def test_ways_are_compared_by_its_measure(
    small: Warm, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = small.words("--task", "amount", "--out", tmp_path / "run", "--reveal-test", source=table)[1:]
    flags = ["--arms", "linear-probe,intermediate-probe", "--quiet"]
    assert run_command(["compare", *words, *flags]) == 0
    text = capsys.readouterr().out
    assert "loss is squared error, mean error with its 95 % interval" in text
    assert "validation photos, in mean error, above 0 where the first is better" in " ".join(text.split())
    assert "on which the winner has mean error " in text
    scores = next(line for line in text.partition(" by depth")[2].splitlines() if line.startswith("final "))
    assert all(0 < float(cell) < 6 for cell in scores.split()[2:3])
    assert "%" not in text.replace("95 %", ""), "no score is a share"
    assert "points" not in text


@pytest.mark.usefixtures("_installed")
def test_a_backbone_is_searched_by_its_measure(
    small: Warm, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = small_network.FAMILIES["ResNet"]
    other = small_network.name_of(small_network.write_weights(tmp_path / "other.safetensors", kind), kind)
    monkeypatch.setattr("headstart.pipeline.backbones.list_tiers_for", lambda modality, networks: [(small.name, other)])
    heard: list[str] = []
    run = small.fit(
        table, out=tmp_path / "run", backbone="auto", listener=lambda event: heard.append(getattr(event, "summary", ""))
    )
    tried = run.record["backbone_search"]
    assert [one["name"] for one in tried] == [small.name, other]
    assert all(0 < one["score"] < 6 and one["score"] ** 2 <= one["loss"] for one in tried), "mean and squared error"
    (unused,) = [one for one in tried if one["dropped"] is not None]
    assert "cannot be told from" in unused["dropped"] or "in mean error worse than" in unused["dropped"]
    assert any(f"{small.name}: mean error {tried[0]['score']:.3g} on " in text for text in heard)


@pytest.mark.usefixtures("_installed")
def test_what_reads_classes_is_refused_in_a_line(small: Warm, table: Path, tmp_path: Path) -> None:
    settings = {"task": "amount", "store": small.store}
    run = small.fit(table, out=tmp_path / "run", task="amount")
    for wanted, call in {
        "label check": lambda: check_labels(table, **settings),
        "advice": lambda: headstart.advise(table, **settings),
        "heat maps": lambda: run.explain(table.parent / "0.png"),
        "figures": lambda: run.plot,
    }.items():
        with pytest.raises(UserError, match=f"one number for each photo has no {wanted} here"):
            call()


@pytest.mark.usefixtures("_installed")
def test_the_worst_answers_are_those_furthest_off(small: Warm, table: Path, tmp_path: Path) -> None:
    run = small.fit(table, out=tmp_path / "run", task="amount")
    found = run.worst_answers()
    assert [one.name for one in run.misclassified()] == [one.name for one in found]
    away = [abs(float(one.cells["label"]) - float(one.cells["value"])) for one in found]
    assert away == sorted(away, reverse=True)
    assert len(found) == run.test.n
    assert len(run.worst_answers("validation")) == run.validation.n
    page = found._repr_html_()
    assert f"value <b>{found[0].cells['value']}</b>" in page
    assert found[0].name in page
    (tmp_path / "run" / "predictions.csv").unlink()
    with pytest.raises(UserError, match=r"has no predictions\.csv; make the run again"):
        run.worst_answers()


@pytest.mark.usefixtures("_installed")
def test_whole_numbers_are_classes_unless_it_is_said(small: Warm) -> None:
    images = np.random.default_rng(0).integers(0, 255, (30, 40, 40, 3)).astype(np.uint8)
    run = small.fit((images, np.arange(30) % 3))
    assert run.task.name == "classification"
    assert any("--task amount if so" in note for note in run.notes)


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (
            "OLDER",
            "its targets: OlderTargets has no single, keep_names, list_columns, measure_distances, stratify and 4 ",
        ),
        ("UNSCORED", "its scoring: it is None; wanted an instance of a class with the members of "),
    ],
)
def test_a_task_whose_facets_lack_something_is_named(
    small: Warm, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], value: str, fault: str
) -> None:
    install_plugin(tmp_path / "site", "amount", "headstart.tasks", f"tests.tasks.amount:{value}")
    with package_folder(tmp_path / "site"):
        with pytest.raises(PluginError, match=r"the task 'amount' of the package amount 1\.0") as caught:
            small.fit(table, out=tmp_path / "run", task="amount")
        assert fault in str(caught.value)
        assert "update or remove the package" in str(caught.value)
        capsys.readouterr()
        if value == "OLDER":
            text = table.read_text("utf-8").replace("grey level ", "")
            table.write_text(text, "utf-8")
            samples = read_source(table)
            assert samples.task.name == "regression"
            assert "note: left out: the task 'amount'" in capsys.readouterr().err


@pytest.mark.slow
def test_a_network_is_trained_for_it(small: Warm, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_plugin(tmp_path / "site", "amount", "headstart.tasks", "tests.tasks.amount:TRAINED")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    run = small.fit(table, out=tmp_path / "run", strategy="partial-finetune", epochs=2, batch_size=8)
    curve = run.record["arms"][0]["curves"]
    assert [epoch["number"] for epoch in curve] == [0, 1, 2]
    assert min(epoch["validation_score"] for epoch in curve) < 6
    answer = run.classifier.predict(sorted(table.parent.glob("*.png")))
    assert np.isfinite([one.value for one in answer]).all()
    assert run.test.mean_error == pytest.approx(headstart.open_run(run.folder).test.mean_error)
