"""Every verb of the command line takes every task of this package, or refuses it in one line."""

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from headstart.cli.main import run
from headstart.tasks.task import TASKS, Task, get_task
from tests.conftest import Warm
from tests.contracts.drawn_tasks import DRAWN, draw_table

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Job:
    """A run that the command line made for a task."""

    task: Task
    table: Path
    flags: list[str]  #: by which the table is read
    folder: Path
    said: str  #: of ``fit``, on standard output

    @property
    def photos(self) -> list[str]:
        return sorted(str(file) for file in self.table.parent.glob("*.png"))


def flags_of(name: str) -> list[str]:
    words = ["--task", name]
    for setting, value in DRAWN[name].settings.items():
        words += [f"--{setting}", str(value)]
    return words


@pytest.fixture(scope="module", params=[name for name in DRAWN if name in TASKS])
def job(request: pytest.FixtureRequest, small: Warm, tmp_path_factory: pytest.TempPathFactory) -> Job:
    name, home = request.param, tmp_path_factory.mktemp(request.param)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADSTART_STORE", str(small.store))
        table, flags = draw_table(home / "photos", name), flags_of(name)
        out = io.StringIO()
        patch.setattr("sys.stdout", out)
        words = ["fit", str(table), "--backbone", small.name, "--out", str(home / "run"), "--quiet", *flags]
        assert run(words) == 0
    return Job(get_task(name), table, flags, home / "run", out.getvalue())


def call(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    capsys.readouterr()
    code = run([str(word) for word in words])
    out, errors = capsys.readouterr()
    return code, out, errors


def refused(code: int, errors: str, job: Job, *words: str) -> bool:
    """Whether it was refused, and in one line that says what the task has not."""
    if code == 0:
        return False
    (line,) = errors.splitlines()
    assert line.startswith("headstart: ")
    assert job.task.title in line or any(word in line for word in words), line
    return True


def test_fit_says_the_score(job: Job) -> None:
    assert f"Test {job.task.measure.name} " in job.said
    assert (job.folder / "report.html").stat().st_size > 10_000
    assert (job.folder / "model-card.md").exists() or job.task.report is None


def test_evaluate(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, errors = call(capsys, "evaluate", job.folder / "model", job.table, "--quiet")
    assert (code, errors) == (0, "")
    assert out.strip().lower().startswith(job.task.measure.name.lower())
    code, out, errors = call(capsys, "evaluate", job.folder / "model", job.table, "--json")
    assert json.loads(out)["task"] == job.task.name


def test_predict(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    model, photos = job.folder / "model", job.photos[:3]
    code, out, errors = call(capsys, "predict", model, *photos)
    assert (code, errors) == (0, "")
    assert [line.partition(": ")[0] for line in out.splitlines()] == photos
    code, out, _ = call(capsys, "predict", model, *photos, "--json", "--top", 2)
    assert [json.loads(line)["source"] for line in out.splitlines()] == photos
    code, out, _ = call(capsys, "predict", model, *photos, "--csv")
    rows = list(csv.reader(io.StringIO(out)))
    assert rows[0][0] == "source"
    assert {len(row) for row in rows} == {len(rows[0])}
    assert len(rows) == 4


def test_check(job: Job, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, errors = call(capsys, "check", job.table, *job.flags, "--augment", tmp_path / "sheet.jpg")
    assert (code, errors) == (0, "")
    assert f"changed views are shown in {tmp_path / 'sheet.jpg'}" in out
    kept = job.task.invariances & {"crop", "*"}
    assert (f"{job.task.title}: " in out) == (not kept)


def test_check_of_labels(job: Job, small: Warm, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--labels", tmp_path / "fixes.csv", "--backbone", small.name, "--store", small.store, "--quiet"]
    code, _, errors = call(capsys, "check", job.table, *job.flags, *words)
    assert refused(code, errors, job) or (tmp_path / "fixes.csv").exists()


def test_compare(job: Job, small: Warm, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arms = "linear-probe,intermediate-probe,average"
    words = ["--backbone", small.name, "--store", small.store, "--out", tmp_path / "run", "--no-report", "--quiet"]
    code, out, errors = call(capsys, "compare", job.table, *job.flags, *words, "--arms", arms)
    if not refused(code, errors, job):
        assert job.task.measure.name in out
    code, out, errors = call(capsys, "compare", job.folder)
    assert (code, errors) == (0, "")
    assert job.task.measure.loss in out


def test_advise(job: Job, small: Warm, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--backbone", small.name, "--store", small.store, "--quiet"]
    code, out, errors = call(capsys, "advise", job.table, *job.flags, *words)
    assert refused(code, errors, job) or out


def test_explain(job: Job, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, errors = call(capsys, "explain", job.folder / "model", job.photos[0], "--out", tmp_path / "why")
    assert refused(code, errors, job) or list((tmp_path / "why").iterdir())


def test_report_of_two_runs(job: Job, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, errors = call(capsys, "report", job.folder, job.folder, "--out", tmp_path / "both.html")
    assert (code, errors) == (0, "")
    assert job.task.measure.name.lower() in (tmp_path / "both.html").read_text("utf-8").lower()
