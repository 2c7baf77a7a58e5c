"""Every verb of the command line takes every task on items of every modality, or refuses it in one line.

Runs on other data than photos speak of these data in every sentence that is printed or written.
"""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from headstart.cli.main import run
from headstart_runtime.modalities.modality import MODALITIES, get_modality
from headstart_runtime.tasks.task import TASKS, Task, get_task
from tests.conftest import Warm
from tests.contracts.drawn_items import ITEMS, install_drawn, leaves_out
from tests.contracts.drawn_tasks import DRAWN, draw_table
from tests.modalities.own_words import find_foreign, find_foreign_files

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Job:
    """A run that the command line made for a task."""

    modality: str
    task: Task
    table: Path
    items: list[str]  #: files of some items
    flags: list[str]  #: by which the table is read
    network: list[str]  #: flags that name it and the store
    folder: Path
    said: str  #: of ``fit``, on standard output

    @property
    def model(self) -> Path:
        return self.folder / "model"


def flags_of(modality: str, task: str) -> list[str]:
    words = ["--task", task, "--modality", modality]
    for setting, value in DRAWN[task].settings.items():
        words += [f"--{setting}", str(value)]
    return words


def write_items(table: Path, modality: str) -> list[str]:
    """Return files of the first three items of a table; those that are cells are written."""
    with table.open(encoding="utf-8") as file:
        cells = [row[ITEMS[modality].column] for row in csv.DictReader(file)][:3]
    files = [table.parent / cell for cell in cells]
    if ITEMS[modality].column != "path":
        files = [table.parent / f"item{number}.txt" for number in range(3)]
        for file, cell in zip(files, cells, strict=True):
            file.write_text(cell, "utf-8")
    return [str(file) for file in files]


@pytest.fixture(scope="module", autouse=True)
def _installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with install_drawn(tmp_path_factory.mktemp("site")):
        yield


@pytest.fixture(
    scope="module",
    params=[(modality, task) for modality in ITEMS if modality in MODALITIES for task in DRAWN if task in TASKS],
    ids="-".join,
)
def job(request: pytest.FixtureRequest, small: Warm, tmp_path_factory: pytest.TempPathFactory) -> Job:
    (modality, task), home = request.param, tmp_path_factory.mktemp("job")
    network = ["--backbone", ITEMS[modality].networks[0] or small.name, "--store", str(small.store), "--quiet"]
    with pytest.MonkeyPatch.context() as patch:
        table, flags = draw_table(home / "items", task, modality), flags_of(modality, task)
        out = io.StringIO()
        patch.setattr("sys.stdout", out)
        assert run(["fit", str(table), "--out", str(home / "run"), *network, *flags]) == 0
    items = write_items(table, modality)
    return Job(modality, get_task(task), table, items, flags, network, home / "run", out.getvalue())


@pytest.fixture
def call(job: Job, capsys: pytest.CaptureFixture[str]) -> object:
    """A function that runs a command and returns exit status, output and errors, after a look at their words."""

    def call_command(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run([str(word) for word in words])
        out, errors = capsys.readouterr()
        assert_own_words(job, out + errors)
        return code, out, errors

    return call_command


def assert_own_words(job: Job, text: str) -> None:
    assert job.modality == "image" or find_foreign(text) == []


def refused(code: int, errors: str, job: Job, *words: str) -> bool:
    """Whether it was refused, and in one line that says what the task or the modality has not."""
    if code == 0:
        return False
    (line,) = errors.splitlines()
    assert line.startswith("headstart: ")
    known = (job.task.title, get_modality(job.modality).noun.many, *words)
    assert any(word in line for word in known), line
    return True


def test_fit_says_the_score(job: Job) -> None:
    assert f"Test {job.task.measure.name} " in job.said
    assert (job.folder / "report.html").stat().st_size > 10_000
    assert (job.folder / "model-card.md").exists() or job.task.report is None
    assert get_modality(job.modality).noun.many in job.said
    assert_own_words(job, job.said)


def test_what_a_run_leaves_has_its_own_words(job: Job) -> None:
    assert job.modality == "image" or find_foreign_files(job.folder) == {}


def test_evaluate(job: Job, call) -> None:
    code, out, errors = call("evaluate", job.model, job.table, "--quiet")
    assert (code, errors) == (0, "")
    assert out.strip().lower().startswith(job.task.measure.name.lower())
    code, out, errors = call("evaluate", job.model, job.table, "--json")
    assert json.loads(out)["task"] == job.task.name


def test_predict(job: Job, call) -> None:
    code, out, errors = call("predict", job.model, *job.items)
    assert (code, errors) == (0, "")
    assert [line.partition(": ")[0] for line in out.splitlines()] == job.items
    code, out, _ = call("predict", job.model, *job.items, "--json", "--top", 2)
    assert [json.loads(line)["source"] for line in out.splitlines()] == job.items
    code, out, _ = call("predict", job.model, *job.items, "--csv")
    rows = list(csv.reader(io.StringIO(out)))
    assert rows[0][0] == "source"
    assert {len(row) for row in rows} == {len(rows[0])}
    assert len(rows) == 4


def test_what_cannot_be_predicted(job: Job, tmp_path: Path, call) -> None:
    suffix = Path(job.items[0]).suffix
    (tmp_path / f"broken{suffix}").write_bytes(ITEMS[job.modality].broken)
    (tmp_path / "empty").mkdir()
    for wrong in (tmp_path / f"broken{suffix}", tmp_path / f"none{suffix}", tmp_path / "empty"):
        code, _, errors = call("predict", job.model, wrong)
        assert code == 2
        assert errors.count("\n") == 1
    code, out, errors = call("predict", job.model, job.items[0], tmp_path / f"broken{suffix}", "--json")
    assert (code, len(out.splitlines())) == (2, 2)
    assert get_modality(job.modality).noun.many in errors


def test_check(job: Job, tmp_path: Path, call) -> None:
    code, out, errors = call("check", job.table, *job.flags)
    assert (code, errors) == (0, "")
    assert get_modality(job.modality).noun.many in out
    sheet = tmp_path / ("sheet.jpg" if job.modality == "image" else "sheet.svg")
    code, out, errors = call("check", job.table, *job.flags, "--augment", sheet)
    if not refused(code, errors, job):
        assert f"changed views are shown in {sheet}" in out
        assert (f"{job.task.title}: " in out) == leaves_out(job.modality, job.task)


def test_check_of_labels(job: Job, tmp_path: Path, call) -> None:
    code, _, errors = call("check", job.table, *job.flags, "--labels", tmp_path / "fixes.csv", *job.network)
    assert refused(code, errors, job) or (tmp_path / "fixes.csv").exists()
    assert job.modality == "image" or find_foreign_files(tmp_path) == {}


def test_compare(job: Job, tmp_path: Path, call) -> None:
    arms, out = "linear-probe,intermediate-probe,average", tmp_path / "run"
    code, said, errors = call("compare", job.table, *job.flags, *job.network, "--out", out, "--arms", arms)
    if not refused(code, errors, job):
        assert job.task.measure.name in said
        assert job.modality == "image" or find_foreign_files(out) == {}
    code, said, errors = call("compare", job.folder)
    assert (code, errors) == (0, "")
    assert job.task.measure.loss in said


def test_advise(job: Job, call) -> None:
    code, out, errors = call("advise", job.table, *job.flags, *job.network)
    assert refused(code, errors, job) or out


def test_explain(job: Job, tmp_path: Path, call) -> None:
    code, _, errors = call("explain", job.model, job.items[0], "--out", tmp_path / "why")
    assert refused(code, errors, job) or list((tmp_path / "why").iterdir())
    call("explain", job.model, job.items[0])


def test_features(job: Job, tmp_path: Path, call) -> None:
    code, _, errors = call("features", job.table, "--out", tmp_path / "rows.npz", *job.flags, *job.network)
    assert (code, errors) == (0, "")
    assert (tmp_path / "rows.npz").exists()


def test_report_of_two_runs(job: Job, tmp_path: Path, call) -> None:
    code, _, errors = call("report", job.folder, job.folder, "--out", tmp_path / "both.html")
    assert (code, errors) == (0, "")
    assert job.task.measure.name.lower() in (tmp_path / "both.html").read_text("utf-8").lower()
    assert job.modality == "image" or find_foreign_files(tmp_path) == {}


def test_settings_that_are_wrong(job: Job, tmp_path: Path, call) -> None:
    for words in (("--head", "nothing"), ("--strategy", "nothing"), ("--arms", "vote"), ("--test-share", "2")):
        code, _, errors = call("fit", job.table, *job.flags, *job.network, "--out", tmp_path / "run", *words)
        assert code == 2
        assert errors.startswith("headstart: ")
        assert errors.count("\n") == 1
