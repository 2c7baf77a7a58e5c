"""Findings about labels and answers of tasks other than classes: planted faults are found, told, shown and mended."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import roc_auc_score

import headstart
from headstart.cli.advise import describe_advice
from headstart.cli.main import run as run_command
from headstart.data.relabel import apply_relabels
from headstart.diagnostics.label_review import LabelReviewRecord
from headstart.pipeline.label_check import check_labels
from headstart.runs.run import Run
from tests.conftest import Warm, draw_photos

PHOTOS, SIZE = 96, 40
COLOURS = ("red", "green", "blue")
GRADES = ("one", "two", "three")


@dataclass(frozen=True)
class Asked:
    """The labels of the drawn photos for a task, and wrong ones."""

    column: str
    label: Callable[[np.ndarray, float], str]  #: of the bright colours (3,), and of the mean level 0..255
    spoil: Callable[[str], str]
    settings: Mapping[str, Any]
    output: str  #: that a heat map is asked for
    kinds: frozenset[str]  #: of doubts about the planted ones


def _list(bright: np.ndarray, level: float) -> str:
    return ";".join(name for name, one in zip(COLOURS, bright, strict=True) if one)


def _toggle(label: str) -> str:
    """Return a label with "blue" added, or taken away."""
    names = label.split(";")
    return ";".join([name for name in names if name != "blue"] if "blue" in names else [*names, "blue"]) or "red"


ASKED = {
    "multilabel": Asked("label", _list, _toggle, {}, "green", frozenset({"missing", "too many"})),
    "regression": Asked(
        "light (levels)",
        lambda bright, level: f"{level:.2f}",
        lambda label: f"{float(label) * 10:.1f}",
        {},
        "light (levels)",
        frozenset({"decimal point"}),
    ),
    "ordinal": Asked(
        "label",
        lambda bright, level: GRADES[int(bright.sum()) - 1],
        lambda label: GRADES[2 - 2 * (GRADES.index(label) // 2)],
        {"order": ",".join(GRADES)},
        "grade",
        frozenset({"too low", "too high"}),
    ),
}
TASKS = sorted(ASKED)


def draw(folder: Path) -> dict[str, dict[str, str]]:
    """Draw the photos; return by task the right label of each by its name."""
    folder.mkdir(parents=True, exist_ok=True)
    labels: dict[str, dict[str, str]] = {task: {} for task in ASKED}
    for number in range(PHOTOS):
        chance = np.random.default_rng(number)
        bright = np.array([(1 + number % 7) >> bit & 1 for bit in range(3)], bool)
        means = np.where(bright, 210, 50) + chance.integers(-20, 21, 3)
        pixels = np.clip(chance.normal(means, 10, (SIZE, SIZE, 3)), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:02d}.png")
        for task, asked in ASKED.items():
            labels[task][f"{number:02d}.png"] = asked.label(bright, float(pixels.mean()))
    return labels


def write_table(folder: Path, task: str, labels: Mapping[str, str]) -> Path:
    table = folder / f"{task}.csv"
    rows = "\n".join(f'{name},"{label}"' for name, label in labels.items())
    table.write_text(f"path,{ASKED[task].column}\n{rows}\n", "utf-8")
    return table


@pytest.fixture(scope="module", params=TASKS)
def task(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def table(task: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(task)
    return write_table(folder, task, draw(folder)[task])


@pytest.fixture(scope="module")
def run(task: str, table: Path, small: Warm) -> Run:
    settings = {"strategy": "linear-probe", "report": True, **ASKED[task].settings}
    return small.fit(table, task=task, out=table.parent / "run", **settings)


def test_a_run_keeps_what_was_found(run: Run, task: str) -> None:
    trust = run.trust
    assert {"labels", "issues", "slices", "shortcuts"} <= trust.keys()
    slices = trust["slices"]
    assert slices["n"] == run.test.n
    assert slices["measure"]
    assert all(one["n"] >= slices["least"] for one in slices["slices"])
    assert len(trust["shortcuts"]) == 3
    colour = trust["shortcuts"][-1]
    assert colour["explained"] > 0.5, "the mean colour is all that there is to see"
    assert colour["significant"]
    assert set(trust["labels"]) == set(LabelReviewRecord.__dataclass_fields__)
    assert trust["labels"]["summary"]
    assert trust["labels"]["untouched"] is None
    names = run.record["classes"]
    for issue in trust["labels"]["issues"]:
        assert issue["given"] != issue["likely"]
        assert all(doubt["output"] in range(-1, len(names)) for doubt in issue["doubts"])


def test_the_worst_answers_come_first(run: Run) -> None:
    found = run.worst_answers()
    assert len(found) == run.test.n
    assert {one.name for one in found} <= {f"{number:02d}.png" for number in range(PHOTOS)}
    assert all("label" in " ".join(one.cells) for one in found)
    assert [one.name for one in run.misclassified()] == [one.name for one in found]
    assert found[0].preview is not None
    assert "<img" in found._repr_html_()


def test_a_heat_map_of_each_answer(run: Run, task: str, table: Path) -> None:
    photo = table.parent / "05.png"
    found = run.explain(photo, ASKED[task].output)
    assert found.heat.label == ASKED[task].output
    assert found.heat.values.min() >= 0
    assert found.heat.values.max() in (0.0, 1.0)
    assert (found.heat.probability is None) == (task != "multilabel")
    assert np.isfinite(found.heat.value)
    assert found.heat.shown in found._repr_html_()
    assert found.alike
    likeliest = run.explain(photo)
    assert likeliest.heat.label in (ASKED[task].output, *run.classes)
    with pytest.raises(headstart.UserError, match=r"has no (label|number|answer) 'purple'"):
        run.explain(photo, "purple")
    assert run.trust["explained"]["ids"]
    assert set(run.trust["explained"]["labels"]) == set(run.trust["explained"]["ids"])


def test_the_command_line_explains_a_label(
    run: Run, task: str, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["explain", str(run.folder / "model"), str(table.parent / "05.png"), "--out", str(tmp_path / "why")]
    assert run_command([*words, "--label", ASKED[task].output]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{table.parent / '05.png'}: {ASKED[task].output} ")
    assert [file.suffix for file in (tmp_path / "why").iterdir() if file.name.startswith("05")]


def test_photos_of_another_kind_are_unfamiliar(run: Run, table: Path, tmp_path: Path) -> None:
    strangers = sorted(draw_photos(tmp_path / "others", each=8).rglob("*.*"))
    familiar = [table.parent / one.name for one in run.worst_answers()]
    scores = [answer.novelty for answer in run.classifier.predict([*familiar, *strangers])]
    unlike = [0] * len(familiar) + [1] * len(strangers)
    assert roc_auc_score(unlike, scores) >= 0.95


def test_planted_labels_are_found_told_and_mended(
    task: str, small: Warm, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked, right = ASKED[task], draw(tmp_path)[task]
    planted = [f"{number:02d}.png" for number in (9, 30, 44, 61)]
    given = {name: asked.spoil(label) if name in planted else label for name, label in right.items()}
    table, fixes = write_table(tmp_path, task, given), tmp_path / "fixes.csv"
    words = ["check", str(table), "--task", task, "--labels", str(fixes), "--include-test", "--quiet", "--json"]
    words += [word for name, value in asked.settings.items() for word in (f"--{name}", value)]
    assert run_command([*words, "--backbone", small.name]) == 0
    record = json.loads(capsys.readouterr().out)["labels"]
    first = record["issues"][: len(planted)]
    assert {one["name"] for one in first} == set(planted)
    assert all(one["doubts"][0]["kind"] in asked.kinds for one in first)
    rows = list(csv.DictReader(io.StringIO(fixes.read_bytes().decode("utf-8-sig"), newline="")))
    assert [row["photo"] for row in rows] == [one["name"] for one in record["issues"]]
    assert all(row["doubt"] for row in rows)
    page = fixes.with_suffix(".html").read_text("utf-8")
    assert page.count("<img") >= len(planted)
    mended = "".join(f'{row["photo"]},"{row["given"]}","{row["likely"]}"\n' for row in rows[:4])
    fixes.write_text(f"photo,given,label\n{mended}", "utf-8")
    found = check_labels(table, relabel=fixes, task=task, backbone=small.name, **asked.settings)
    now = {sample.name: found.samples.describe(sample) for sample in found.samples.samples}
    before = {sample.name: sample for sample in found.samples.samples}
    wanted = {name: found.samples.task.targets.parse(found.samples.space, label) for name, label in right.items()}
    assert sum(before[name].target == wanted[name] for name in planted) >= 3, now
    assert len(found.samples.relabels) == 4


def test_without_wrong_labels_hardly_any_is_doubted(task: str, table: Path, small: Warm) -> None:
    found = check_labels(table, task=task, backbone=small.name, **ASKED[task].settings)
    assert len(found.issues) <= 6
    assert found.review.n == PHOTOS
    assert found.review.agreement


def test_a_correction_in_other_words_is_none(task: str, table: Path, tmp_path: Path, small: Warm) -> None:
    """The same labels in another order, or a number with a zero more, correct nothing."""
    again = {"multilabel": "green;red", "regression": None, "ordinal": "two"}[task]
    if again is None:
        with table.open(encoding="utf-8") as file:
            again = next(row["light (levels)"] for row in csv.DictReader(file) if row["path"] == "02.png") + "0"
    fixes = tmp_path / "fixes.csv"
    fixes.write_text(f'photo,label\n02.png,"{again}"\n', "utf-8")
    samples = check_labels(table, task=task, backbone=small.name, **ASKED[task].settings).samples
    assert apply_relabels(samples, fixes).relabels == ()


def test_advice_counts_labels_and_grades_and_is_refused_for_numbers(task: str, table: Path, small: Warm) -> None:
    settings = {"task": task, "backbone": small.name, "store": small.store, "progress": False, **ASKED[task].settings}
    if task == "regression":
        with pytest.raises(headstart.UserError, match=r"has no advice here: the rule goes by the number of photos of"):
            headstart.advise(table, **settings)
        return
    advice = headstart.advise(table, **settings)
    noun = {"multilabel": "label", "ordinal": "class"}[task]
    assert advice.facts.noun == noun
    assert advice.facts.classes == 3
    assert f"training photos per {noun} are a small set" in advice.reason
    assert [layer.layer for layer in advice.facts.layers][-1] == "all"
    assert all(0 <= layer.accuracy <= 1 for layer in advice.facts.layers)
    assert "a quick head on" in describe_advice(advice)
