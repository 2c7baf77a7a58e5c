"""A modality of another package: fitted, compared, saved, loaded, predicted, reported, without a change of this one."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import headstart
from headstart.cli.main import run as run_command
from tests.plugins import install_plugin, package_folder

CLASSES = {"inner": (0.5, 1.0), "outer": (2.0, 3.0)}  #: the range of lengths of each


def draw(count: int, seed: int = 0) -> Iterator[tuple[str, np.ndarray]]:
    """Vectors of both classes, in turns."""
    chance = np.random.default_rng(seed)
    for number in range(count):
        name = list(CLASSES)[number % 2]
        length, angle = chance.uniform(*CLASSES[name]), chance.uniform(0, 2 * np.pi)
        yield name, np.array([length * np.cos(angle), length * np.sin(angle)], np.float32)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of packages with the one that brings vectors, installed for the length of the module."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(Path(__file__).with_name("vector_package.py"), folder / "vectors.py")
    install_plugin(folder, "vector", "headstart.modalities", "vectors:MODALITY")
    install_plugin(folder, "plane", "headstart.providers", "vectors:PROVIDER")
    with package_folder(folder, "vectors"):
        yield folder


@pytest.fixture(scope="module")
def vectors(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of files, one of them broken, and one that is no vector at all."""
    folder = tmp_path_factory.mktemp("vectors")
    for number, (name, vector) in enumerate(draw(80)):
        (folder / name).mkdir(exist_ok=True)
        (folder / name / f"{number:03}.vec").write_text(f"{vector[0]:.4f} {vector[1]:.4f}")
    (folder / "inner" / "broken.vec").write_text("no numbers")
    (folder / "inner" / "readme.txt").write_text("of two numbers each")
    return folder


@pytest.fixture(scope="module")
def run(vectors: Path, tmp_path_factory: pytest.TempPathFactory) -> headstart.Run:
    folder = tmp_path_factory.mktemp("runs")
    options = {"store": folder / "store", "out": folder / "run", "backbone": "plane:net", "jitter": 0.01}
    return headstart.fit(vectors, progress=False, **options)  # type: ignore[arg-type]


def test_it_is_fitted(run: headstart.Run) -> None:
    assert run.test.score > 0.9
    record = json.loads((run.folder / "run.json").read_text("utf-8"))
    assert record["modality"] == "vector"
    assert record["packages"] == {"modality": "vector 1.0"}
    assert record["settings"]["jitter"] == 0.01
    entries = [json.loads(line) for line in (run.folder / "ledger.jsonl").read_text("utf-8").splitlines()]
    assert entries[0]["modality"] == "vector"
    broken = next(entry for entry in entries if entry.get("name") == "inner/broken.vec")
    assert "not two numbers" in broken["reason"]
    assert "[vectors]\njitter = 0.01\n" in (run.folder / "settings.toml").read_text("utf-8")


def test_the_report_says_vectors(run: headstart.Run) -> None:
    page = (run.folder / "report.html").read_text("utf-8")
    assert "vectors" in page
    for word in ("photo", "Photo", "pixel", "image of"):
        assert word not in page, word
    card = (run.folder / "model-card.md").read_text("utf-8")
    assert "vectors" in card
    assert "photo" not in card


@pytest.mark.slow
def test_ways_are_compared_and_a_network_is_trained(vectors: Path, tmp_path: Path) -> None:
    options = {"backbone": "plane:net", "epochs": 2, "store": tmp_path / "store", "out": tmp_path / "run"}
    compared = headstart.compare(
        vectors, arms="linear-probe,intermediate-probe,full-finetune,average", progress=False, **options
    )  # type: ignore[arg-type]
    names = {arm["arm"] for arm in json.loads((tmp_path / "run" / "comparison.json").read_text("utf-8"))["arms"]}
    assert names >= {"linear-probe", "full-finetune"}
    assert compared.run.classifier.predict(vectors / "inner" / "000.vec").label in CLASSES


PREDICTED = """
import json, sys
import headstart
model = headstart.load(sys.argv[1])
given = [p.top(2) for p in model.predict(sys.argv[2:])]
print(json.dumps([dict(each) for each in given]))
print(sorted(set(sys.modules) & {"pydantic", "PIL", "onnx"}))
"""


@pytest.mark.slow
def test_a_fresh_process_predicts(run: headstart.Run, vectors: Path, site: Path) -> None:
    files = sorted(map(str, (vectors / "outer").iterdir()))[:3]
    command = [sys.executable, "-c", PREDICTED, str(run.folder / "model"), *files]
    environment = {"PYTHONPATH": f"{site}:{Path(headstart.__file__).parents[1]}"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout.splitlines()[0])
    here = [dict(each.top(2)) for each in run.classifier.predict(files)]
    assert answers == here
    assert all(answer["outer"] > 0.5 for answer in answers)


def test_values_of_every_kind_are_answered(run: headstart.Run) -> None:
    for value in (b"0.1 2.5", np.array([0.1, 2.5], np.float32)):
        assert run.classifier.predict(value).label == "outer"
    with pytest.raises(headstart.errors.DataError, match="not two numbers"):
        run.classifier.predict(b"x")
    several = np.array([[0.1, 2.5], [0.1, 0.5]], np.float32)
    assert [one.label for one in run.classifier.predict(several)] == ["outer", "inner"]


def test_an_array_that_is_no_item_and_has_none_for_rows_is_one_error(run: headstart.Run) -> None:
    for array, seen in ((np.zeros(4000, np.int16), r"int16 \(4000,\)"), (np.zeros((5, 3)), r"float64 \(5, 3\)")):
        said = rf"^an array of {seen} is neither a vector nor has vectors for rows; wanted \(N, 2\), or one row of it$"
        for ask in (run.classifier.predict, run.classifier.stream):
            with pytest.raises(headstart.errors.DataError, match=said):
                ask(array)
    assert run.classifier.predict(np.zeros((0, 2))) == []


def test_the_verbs(run: headstart.Run, vectors: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seen = headstart.check(vectors, progress=False)
    assert seen.data.samples.modality == "vector"
    assert seen.data.usable == {"inner": 40, "outer": 40}
    table = headstart.features(vectors, backbone="plane:net", store=tmp_path / "store", progress=False)
    assert table.rows.shape == (80, 16)
    scored = headstart.evaluate(run.folder / "model", vectors, progress=False)
    assert scored.score > 0.9
    assert run_command(["check", str(vectors)]) == 0
    assert "vectors" in capsys.readouterr().out
    assert run_command(["predict", str(run.folder / "model"), str(vectors / "inner" / "000.vec")]) == 0
    assert "inner" in capsys.readouterr().out


def test_arrays(site: Path, tmp_path: Path) -> None:
    labels, vectors = zip(*draw(160, seed=1), strict=True)
    options = {"backbone": "plane:net", "store": tmp_path / "store", "out": tmp_path / "run"}
    run = headstart.fit(np.stack(vectors), labels=list(labels), progress=False, report=False, **options)  # type: ignore[arg-type]
    assert run.test.score > 0.9


@pytest.mark.slow
def test_its_settings_have_flags_of_their_own(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = "from headstart.cli.main import run; run(['fit', '--help-all'])"
    environment = {"PYTHONPATH": f"{site}:{Path(headstart.__file__).parents[1]}", "COLUMNS": "200"}
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, env=environment, check=True)
    assert "╭─ Vectors ─" in done.stdout
    assert "--jitter" in done.stdout
