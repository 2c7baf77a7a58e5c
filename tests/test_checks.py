"""The checks of the source refuse what they say they refuse, and the short fit for other systems works."""

import ast
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]


def load_check(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"checks_{name}", ROOT / "checks" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def naming(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = load_check("naming")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "SOURCES", (tmp_path / "package",))
    return module


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (
            {"a/x.py": "class Row: ...\n", "b/y.py": "class Row: ...\n"},
            "Row is defined in several modules: a/x.py, b/y.py",
        ),
        ({"a/x.py": "Row = int\n", "b/y.py": "def Row(): ...\n"}, "Row is defined in several modules"),
        ({"a/x.py": "def f(it): return it\n"}, "the variable 'it' has no name"),
        ({"a/x.py": "f = lambda it: it\n"}, "the variable 'it' has no name"),
        ({"a/x.py": "rows = [\n    it\n    for it in range(3)\n]\n"}, "the variable 'it' has no name"),
        ({"a/x.py": "for it in range(3):\n    print(it)\n"}, "the variable 'it' has no name"),
        ({"a/x.py": '"""What there is."""\n'}, "the docstring begins with 'What'"),
        ({"a/x.py": 'def f():\n    """How many there are."""\n'}, "the docstring begins with 'How'"),
        ({"a/x.py": "x = 1\n" * 301}, "301 lines; at most 300"),
    ],
)
def test_an_offence_against_the_conventions_is_said(
    naming: ModuleType, tmp_path: Path, files: dict[str, str], said: str
) -> None:
    for name, text in files.items():
        (tmp_path / "package" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "package" / name).write_text(text)
    found = naming.find_offences()
    assert found
    assert all(told.startswith(said) or said in told for _, _, told in found)


@pytest.mark.parametrize(
    "files",
    [
        {"a/x.py": "class _Row: ...\nROW = 1\n", "b/y.py": "class _Row: ...\nROW = 1\n"},
        {"cli/fit.py": "def fit(): ...\n", "pipeline/fit.py": "def fit(): ...\n"},
        {"a/x.py": '"""Rows and what is in them."""\nrows = [it for it in range(3)]\n'},
    ],
)
def test_what_keeps_to_them_is_not(naming: ModuleType, tmp_path: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (tmp_path / "package" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "package" / name).write_text(text)
    assert naming.find_offences() == []


def test_circles_of_imports_are_found_inside_functions_too() -> None:
    circles = load_check("circles")
    text = {
        "p.a": "import p.b\n",
        "p.b": "def f():\n    from p import c\n",
        "p.c": "from p.a import x\n",
        "p.d": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from p.e import y\n",
        "p.e": "from p.d import z\n",
    }
    known = {"p", *text}
    graph = {"p": set()} | {name: circles.imported_by(ast.parse(source), known) for name, source in text.items()}
    assert list(circles.find_circles(graph)) == [["p.a", "p.b", "p.c"]]


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = load_check("words")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "SOURCES", (tmp_path / "package",))
    monkeypatch.setattr(module, "OPEN", set())
    return module


def write_package(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / "package" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "package" / name).write_text(text)


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("a/x.py", "photos = 1\n", "'photos' belongs to modalities/image"),
        ("a/x.py", "def f(pixel_count): ...\n", "'pixel'"),
        ("a/x.py", "class ImageSheet: ...\n", "'image'"),
        ("a/x.py", "f(exif_of=2)\n", "'exif'"),
        ("a/x.py", "f.pictures()\n", "'pictures'"),
        ("a/x.py", "from headstart.modalities.image import spec\n", "'image'"),
        ("a/x.py", "import headstart_runtime.modalities.image.spec as spec\n", "'image'"),
        ("a/x.py", '"""Rows.\n\nOf JPEGs.\n"""\n', "'jpegs'"),
        ("a/x.py", 'f"{1} photos"\n', "'photos'"),
        ("a/x.html", "<p>{{ n }} photos</p>\n", "'photos'"),
        ("a/x.py", "from headstart_runtime.linalg import softmax\n", "'softmax' belongs to tasks/classification"),
        ("a/x.py", '"""Of a single-label set."""\n', "'single-label'"),
        ("modalities/image/x.py", "photos = softmax\n", "'softmax'"),
        ("tasks/classification/x.py", "photos = softmax\n", "'photos'"),
    ],
)
def test_a_word_outside_its_room_is_said(
    words: ModuleType, tmp_path: Path, file: str, text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_package(tmp_path, {file: text})
    assert words.main([]) == 1
    out = capsys.readouterr().out
    assert out.startswith(f"package/{file}:")
    assert said in out
    assert len(out.splitlines()) == 1


def test_words_at_home_comments_and_names_of_data_sets_are_fine(words: ModuleType, tmp_path: Path) -> None:
    files = {
        "a/x.py": '# on photos it is 3 % better\nname, kind = "ImageNet", "image/png"\nphotographer = 1\n',
        "a/x.html": "{# a photo #}\n",
        "modalities/modality.py": 'MODALITIES: dict[str, str] = {"image": "package.modalities.image.modality:X"}\n',
        "modalities/image/x.py": "photos = 1\n",
        "tasks/classification/x.py": "softmax = 1\n",
    }
    write_package(tmp_path, files)
    assert words.main([]) == 0


def test_files_that_are_known_to_offend_only_become_fewer(
    words: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(words, "OPEN", {"package/a/x.py", "package/b/y.py"})
    write_package(tmp_path, {"a/x.py": "photos = 1\n", "b/y.py": "rows = 1\n"})
    assert words.main([]) == 1
    assert capsys.readouterr().out == "checks/words.py: package/b/y.py does not offend any more; take it out of OPEN\n"


@pytest.mark.slow
def test_the_short_fit_for_other_systems() -> None:
    script = ROOT / "checks" / "smoke.py"
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, env={**os.environ}, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("48 of 48 answers are right\n")
