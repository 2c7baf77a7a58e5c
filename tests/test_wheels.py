"""The two distributions: their files agree, and the small one answers alone in a clean environment."""

import csv
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import headstart
import headstart_runtime
from headstart_runtime.extras import EXTRAS
from tests.conftest import Small

ROOT = Path(__file__).parents[1]
MOST_BYTES = 250e6  #: that a clean environment with the runtime holds
FULL, RUNTIME = (
    tomllib.loads((ROOT / folder / "pyproject.toml").read_text("utf-8"))["project"] for folder in (".", "runtime")
)


def name_package(requirement: str) -> str:
    return re.split(r"[<>=;\[ ]", requirement, maxsplit=1)[0]


def test_both_have_one_version_and_one_licence() -> None:
    versions = {FULL["version"], RUNTIME["version"], headstart.__version__, headstart_runtime.__version__}
    assert len(versions) == 1
    assert f"headstart-runtime=={RUNTIME['version']}" in FULL["dependencies"]
    assert (ROOT / "LICENSE").read_text() == (ROOT / "runtime" / "LICENSE").read_text()


def test_what_the_runtime_needs_is_asked_for_in_the_same_words() -> None:
    asked = {*FULL["dependencies"], *(one for extra in FULL["optional-dependencies"].values() for one in extra)}
    assert set(RUNTIME["dependencies"]) <= set(FULL["dependencies"])
    for name, packages in RUNTIME["optional-dependencies"].items():
        assert set(packages) <= asked, name
        if name in EXTRAS:
            assert {name_package(one) for one in packages} <= set(EXTRAS[name].packages.values())


@pytest.mark.slow
def test_the_runtime_answers_alone_in_a_clean_environment(small: Small, tmp_path: Path) -> None:
    """Builds both wheels and takes the small one's needs from the registry of packages."""
    wheels, place = tmp_path / "wheels", tmp_path / "clean"
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        wheels,
        ROOT / "runtime",
        ROOT,
    ]
    subprocess.run(build, check=True)
    assert sorted(file.name.split("-")[0] for file in wheels.iterdir()) == ["headstart", "headstart_runtime"]
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    scripts = place / ("Scripts" if os.name == "nt" else "bin")
    wheel = next(wheels.glob("headstart_runtime-*"))
    subprocess.run([scripts / "python", "-m", "pip", "install", "--quiet", wheel], check=True)
    assert sum(file.stat().st_size for file in place.rglob("*") if not file.is_symlink()) < MOST_BYTES

    alone = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    model = shutil.copytree(small.run / "model", tmp_path / "model")
    called = [scripts / "headstart-predict", model, small.photos, "--csv"]
    said = subprocess.run(called, check=True, capture_output=True, text=True, cwd=tmp_path, env=alone).stdout
    rows = list(csv.DictReader(said.splitlines()))
    expected = headstart.load(model, "onnxruntime").predict([row["source"] for row in rows])
    assert [row["label"] for row in rows] == [answer.label for answer in expected]
    assert [float(row["probability"]) for row in rows] == pytest.approx([it.probability for it in expected], abs=1e-6)

    imports = "import headstart_runtime as h, sys; h.load(sys.argv[1]); print(*sys.modules)"
    loaded = subprocess.run(
        [scripts / "python", "-c", imports, model], check=True, capture_output=True, text=True, cwd=tmp_path, env=alone
    )
    assert not {"headstart", "torch", "onnx", "pydantic"} & set(loaded.stdout.split())
    text = [
        scripts / "python",
        "-c",
        "from headstart_runtime.extras import *; require_extra('text', 'reading', 'tokenizers')",
    ]
    refused = subprocess.run(text, check=False, capture_output=True, text=True, cwd=tmp_path, env=alone)
    assert "pip install 'headstart-runtime[text]'" in refused.stderr
