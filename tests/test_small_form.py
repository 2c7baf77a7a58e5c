"""The main job where nothing of an extra is installed: what works, and what is asked for in one line."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.conftest import Warm
from tests.small_form import REFUSED


def run_small(store: Path, commands: Sequence[Sequence[object]]) -> tuple[list[int], str]:
    """Return the exit codes of commands that are run where no extra is installed, and all that they print."""
    words = [str(word) for command in commands for word in ("+", *command)][1:]
    called = [sys.executable, "-m", "tests.small_form", ",".join(REFUSED), *words]
    done = subprocess.run(
        called, capture_output=True, text=True, check=False, env={**os.environ, "HEADSTART_STORE": str(store)}
    )
    assert done.returncode == 0, done.stderr
    codes = [int(line.split()[2]) for line in done.stderr.splitlines() if line.startswith("exit code ")]
    return codes, done.stdout + done.stderr


def test_a_converted_network_needs_no_extra_from_photos_to_report(small: Warm, tmp_path: Path) -> None:
    photo = next(small.photos.glob("*/*.jpg"))
    run = tmp_path / "run"
    codes, output = run_small(
        small.store,
        [
            ("check", small.photos, "--augment", tmp_path / "views.png"),
            small.words("--out", run, "--arms", "linear-probe,intermediate-probe,average"),
            ("report", run),
            ("predict", run, photo),
            ("predict", run, small.photos, "--csv"),
            ("evaluate", run, small.photos),
            ("explain", run, photo, "--out", tmp_path / "looked"),
            ("features", small.photos, "--backbone", small.name, "--out", tmp_path / "rows.npz"),
            ("advise", small.photos, "--backbone", small.name),
            ("models",),
            ("cache",),
        ],
    )
    assert codes == [0] * 11, output
    better = "training part of the network may do better: pip install 'headstart[train]' then: headstart compare "
    assert better in " ".join(output.split())
    assert "headstart[train]" in (run / "report.html").read_text("utf-8")
    record = json.loads((run / "run.json").read_text("utf-8"))
    assert {"numpy", "openvino"} <= set(record["versions"])
    assert record["training_extra"] == "train"
    assert record["training_obstacle"].startswith("training a network needs the packages 'torch', 'timm' and")
    assert (run / "report.html").is_file()


def test_a_budget_says_that_training_was_left_out_and_why(small: Warm, tmp_path: Path) -> None:
    codes, output = run_small(small.store, [small.words("--out", tmp_path / "run", "--budget", "30s")])
    assert codes == [0], output
    said = " ".join(output.split())
    assert "partial-finetune and full-finetune are left out: training a network needs the packages" in said, output
    skipped = json.loads((tmp_path / "run" / "run.json").read_text("utf-8"))["left_out"]
    assert [arm["name"] for arm in skipped] == ["partial-finetune", "full-finetune"]
    assert all("pip install 'headstart[train]'" in arm["reason"] for arm in skipped)


def test_what_needs_an_extra_says_so_in_one_line(small: Warm, tmp_path: Path) -> None:
    fit = small.words("--out", tmp_path / "run")
    codes, output = run_small(
        small.store,
        [
            [*fit, "--strategy", "full-finetune"],
            [*fit, "--arms", "scratch,average"],
            [*fit, "--arms", "linear-probe,partial-finetune", "--search", "3"],
            ["features", small.photos, "--out", tmp_path / "rows.parquet"],
        ],
    )
    assert codes == [2, 2, 2, 2], output
    lines = [line for line in output.splitlines() if line.startswith("headstart: ")]
    assert lines[0].startswith("headstart: full-finetune needs the packages 'torch', 'timm' and 'torchvision'; install")
    assert lines[1].startswith("headstart: scratch needs the packages")
    assert lines[2].startswith("headstart: a search for hyperparameters needs the packages")
    assert all("pip install 'headstart[train]'" in line for line in lines[:3])
    assert lines[3].startswith("headstart: writing a Parquet table needs the package 'pyarrow'; install it with: pip")


def test_networks_that_need_pytorch_say_so_in_one_line(small: Warm, tmp_path: Path) -> None:
    fit = ("fit", small.photos, "--out", tmp_path / "run", "--no-report")
    codes, output = run_small(
        small.store,
        [
            [*fit, "--backbone", "resnet50"],
            [*fit, "--backbone", small.name, "--engine", "pytorch"],
            ("models", "resnet"),
            ("models", "efficientnet_lite0", "--layers"),
            ("models", "lite"),
        ],
    )
    assert codes == [2, 2, 2, 2, 0], output
    lines = [line for line in output.splitlines() if line.startswith("headstart: ")]
    assert lines[0].startswith("headstart: the network resnet50 needs the packages 'torch', 'timm' and 'torchvision'")
    assert lines[1].startswith("headstart: the engine PyTorch needs the package 'torch'")
    assert lines[2].startswith("headstart: a search of timm's networks for 'resnet' needs the packages")
    assert lines[3].startswith("headstart: the table of a network's layers needs the packages")
    assert len(lines) == 4
    assert "efficientnet_lite2" in output
    assert "\na list of timm's networks too needs the packages" in output


@pytest.mark.parametrize(
    ("package", "words", "line"),
    [
        ("matplotlib", "from headstart.reporting.plots import draw_figure as f; f()", "drawing a chart as a figure"),
        ("sklearn", "import headstart.sklearn", "headstart.sklearn"),
        ("sklearn", "import headstart; headstart.sklearn.Classifier", "headstart.sklearn"),
    ],
)  # fmt: skip
def test_figures_and_estimators(package: str, words: str, line: str) -> None:
    blocked = f"import sys; sys.modules[{package!r}] = None; {words}"
    done = subprocess.run([sys.executable, "-c", blocked], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"headstart_runtime.errors.MissingExtra: {line} needs the package ")


SOURCES = tuple(Path(__file__).parents[1] / folder for folder in ("src", "runtime/src"))
#: What may import an extra's package, or a module that does, when it is imported itself: nothing else imports these
#: before they are asked for.
BEHIND_EXTRAS = (
    "headstart.training.",
    "headstart.backbones.encoders.",
    "headstart.backbones.graph",
    "headstart.backbones.layers",
    "headstart.backbones.providers.sound_network",
    "headstart.backbones.providers.speech_network",
    "headstart.backbones.providers.timm_network",
    "headstart.backbones.providers.transformers_network",
    "headstart.backbones.providers.weights",
    "headstart.deployment.torch_graph",
    "headstart.deployment.torch_operators",
    "headstart.engines.placement",
    "headstart.engines.pytorch",
    *(f"headstart.tasks.{name}.objective" for name in ("classification", "multilabel", "regression", "ordinal")),
    "headstart.sklearn",
    "headstart.reporting.charts.notebook_figure",
    "headstart_runtime.service.",
)


def test_the_main_job_imports_no_extra_when_it_is_imported() -> None:
    files = {_name_module(file): file for source in SOURCES for file in source.rglob("*.py")}
    imports = {name: set(_list_imports(ast.parse(file.read_text("utf-8")))) for name, file in files.items()}
    reached = {name for name, found in imports.items() if {one.partition(".")[0] for one in found} & set(REFUSED)}
    while more := {name for name, found in imports.items() if found & reached} - reached:
        reached |= more
    assert "headstart.training.loop" in reached
    assert [name for name in sorted(reached) if not name.startswith(BEHIND_EXTRAS)] == []
    assert not any(name.endswith((".training", ".backbones", ".engines")) for name in reached)  # the rooms' own files


def _name_module(file: Path) -> str:
    source = next(one for one in SOURCES if file.is_relative_to(one))
    parts = file.relative_to(source).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _list_imports(tree: ast.Module) -> Iterator[str]:
    """Yield modules that a file imports when it is imported itself, and their packages, whose files are run first."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            parts = name.split(".")
            yield from (".".join(parts[:end]) for end in range(1, len(parts) + 1))


@pytest.mark.slow
def test_the_first_fit_and_the_demo_need_no_extra(warm: Warm, tmp_path: Path) -> None:
    run, store = tmp_path / "run", tmp_path / "store"
    codes, output = run_small(
        store,
        [
            ("fit", warm.photos, "--out", run),
            ("predict", run, next(warm.photos.glob("*/*.jpg"))),
            ("demo", tmp_path / "demo"),
        ],
    )
    assert codes == [0, 0, 0], output
