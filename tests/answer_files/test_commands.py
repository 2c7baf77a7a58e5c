"""``--out`` of both commands, of the Python function, and every kind of answer and of items; a real kill."""

import io
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as parquet
import pytest

import headstart
from headstart.cli.main import run
from headstart_runtime import fitting_parts
from headstart_runtime.command.main import main
from headstart_runtime.command.writing import Progress
from headstart_runtime.errors import UserError
from headstart_runtime.modalities.item import Noun
from headstart_runtime.modalities.modality import MODALITIES
from headstart_runtime.tasks.task import TASKS
from tests.answer_files.made import draw_many, read_rows
from tests.conftest import Small
from tests.contracts.drawn_items import ITEMS, install_drawn
from tests.contracts.drawn_tasks import DRAWN, draw_table


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    draw_many(folder := tmp_path_factory.mktemp("many"), 8, bad=(3,))
    return folder


@pytest.mark.parametrize("name", ["answers", "answers.parquet"])
def test_both_commands_and_the_function_write_the_same(
    small: Small, photos: Path, tmp_path: Path, name: str, capsys, monkeypatch
) -> None:
    model = str(small.run / "model")
    told = []
    for folder, command in (("full", lambda *words: run(["predict", *words])), ("small", lambda *words: main(words))):
        out = tmp_path / folder / name
        words = [model, str(photos), "--engine", "onnxruntime", "--out", str(out)]
        assert command(*words) == 2
        said, errors = capsys.readouterr()
        assert said.startswith(f"8 photos answered, each once, in the order of the list: {out}")
        assert errors.endswith(": 1 of 8 photos could not be read; their rows say why\n")
        told.append(read_rows(out))
        assert command(*words) == 2
        assert capsys.readouterr().out.startswith("8 photos had been answered already, each once")
    monkeypatch.setattr(fitting_parts, "find_spec", lambda _: None)
    assert main([model, str(photos), "--engine", "onnxruntime", "--out", str(tmp_path / "alone" / name)]) == 2
    told.append(read_rows(tmp_path / "alone" / name))
    done = headstart.predict(model, photos, engine="onnxruntime", out=tmp_path / "python" / name)
    assert (done.items, done.failed) == (8, 1)
    told.append(read_rows(tmp_path / "python" / name))
    assert told[0] == told[1] == told[2] == told[3]


def test_names_on_standard_input(small: Small, photos: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    def give(*files: Path) -> int:
        lines = "".join(f"{file}\n" for file in files).encode()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines)))
        return main([str(small.run), "-", "--out", str(tmp_path / "a")])

    assert give(photos / "1.png", photos / "0.png") == 0
    assert [Path(row["source"]).name for row in read_rows(tmp_path / "a")] == ["1.png", "0.png"]
    assert give(photos / "1.png", photos / "0.png") == 0
    assert give(photos / "1.png") == 2
    assert "has answers of other photos (1 now, 2 then)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--csv"], "--out writes Parquet and prints no answers; drop --csv, or --out"),
        (["--json"], "--out writes Parquet and prints no answers; drop --json, or --out"),
        (["--listen"], "--listen has no end"),
    ],
)
def test_what_does_not_go_with_files(small: Small, photos: Path, tmp_path: Path, words, said, capsys) -> None:
    items = [] if "--listen" in words else [str(photos)]
    assert run(["predict", str(small.run), *items, "--out", str(tmp_path / "a"), *words]) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_progress_has_a_rate_and_the_time_left(capsys) -> None:
    now = [0.0]
    progress = Progress(Noun("photo", "photos"), "headstart", lambda: now[0])
    for second, (done, total) in enumerate([(1, None), (5000, None), (100, 1000), (200, 1000), (1000, 1000)]):
        now[0] = second * 40.0
        progress.show(done, total)
    progress.end()
    assert capsys.readouterr().err.splitlines() == [
        "headstart: 5,000 photos listed",
        "headstart: 200 of 1,000 photos (20%), 2.5 a second, 5 min left",
        "headstart: 1,000 of 1,000 photos (100%), 11 a second, 0 s left",
    ]


#: Of each task what a row has, by column.
TYPES = {
    "classification": {"label": "string", "probability": "double", "prediction_set": "list<element: string>"},
    "multilabel": {"labels": "list<element: string>", "label1": "string", "probability1": "double"},
    "regression": {"value": "double", "low": "double", "high": "double"},
    "ordinal": {"label": "string", "rank": "int64", "probability": "double", "range_low": "string"},
    "amount": {"value": "double"},
}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with install_drawn(tmp_path_factory.mktemp("site")):
        yield tmp_path_factory.mktemp("drawn")


@pytest.mark.slow
@pytest.mark.parametrize("modality", [*MODALITIES, "vector"])
@pytest.mark.parametrize("task", [*TASKS, "amount"])
def test_every_task_of_every_kind_of_data(small: Small, drawn: Path, tmp_path, task, modality, capsys) -> None:
    table = draw_table(drawn / modality, task, modality)
    given = {"task": task, "modality": modality, **DRAWN[task].settings}
    network = ITEMS[modality].networks[0] or small.name
    store = small.store if network == small.name else drawn / "store"
    made = headstart.fit(table, backbone=network, out=tmp_path / "run", store=store, report=False, **given)
    every = ["--every", "0.2"] if modality == "sound" else []
    words = [str(made.folder), str(table), *every]
    assert run(["predict", *words, "--out", str(tmp_path / "a.parquet")]) == 0
    capsys.readouterr()
    assert run(["predict", *words, "--json"]) == 0
    printed = capsys.readouterr().out.splitlines()
    rows = read_rows(tmp_path / "a.parquet")
    assert len(rows) == len(printed) >= 56
    assert [f'"source": "{row["source"]}"' in line for row, line in zip(rows, printed, strict=True)].count(False) == 0
    types = {field.name: str(field.type) for field in parquet.read_schema(tmp_path / "a.parquet")}
    assert {name: types[name] for name in TYPES[task]} == TYPES[task]
    assert all(row["error"] is None for row in rows)


@pytest.mark.slow
def test_a_command_that_is_killed_at_any_moment_goes_on(small: Small, tmp_path: Path) -> None:
    """SIGKILL, again and again: three times while it answers, then at any time, listing, checking and joining too."""
    draw_many(tmp_path / "photos", 400, bad=(7, 250))
    out, chance = tmp_path / "answers.parquet", random.Random(0)
    words = ["-m", "headstart_runtime.command.main", str(small.run / "model"), str(tmp_path / "photos")]
    command = [sys.executable, "-c", SMALL_PARTS, *words[2:], "--engine", "onnxruntime", "--out", str(out)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    unfinished = out.with_name(f"{out.name}.unfinished")
    kills = 0
    while True:
        parts = len(list(unfinished.glob("part-*")))
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if kills < 12:
            deadline = time.monotonic() + chance.uniform(0.3, 1.6)
            while process.poll() is None and (
                len(list(unfinished.glob("part-*"))) <= parts if kills < 3 else time.monotonic() < deadline
            ):
                time.sleep(0.005)
        if process.poll() is None and kills < 12:
            process.send_signal(signal.SIGKILL)
            kills += 1
        said, errors = process.communicate()
        if process.returncode != -signal.SIGKILL:
            assert process.returncode == 2, errors
            break
    assert kills > 2
    assert said.startswith("400 photos")
    assert "Traceback" not in errors
    rows = read_rows(out)
    assert [row["item"] for row in rows] == list(range(400))
    assert [row["item"] for row in rows if row["error"]] == [7, 250]
    expected = headstart.load(small.run, "onnxruntime").stream([row["source"] for row in rows])
    assert [row["label"] for row in rows] == [answer.label for answer in expected]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["answers.parquet", "photos"]


#: The command with parts of 20 items.
SMALL_PARTS = """
import sys
from headstart_runtime.answer_files import write
write.write_answers.__kwdefaults__["part_items"] = 20
from headstart_runtime.command.main import main
sys.exit(main(sys.argv[1:]))
"""


def test_a_function_refuses_what_the_command_refuses(small: Small, photos: Path, tmp_path: Path) -> None:
    headstart.predict(small.run, photos, out=tmp_path / "a")
    with pytest.raises(UserError, match="differs in the source"):
        headstart.predict(small.run, [photos / "1.png"], out=tmp_path / "a")
