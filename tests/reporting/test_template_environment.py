"""Templates' code, kept beside them."""

import sys
from importlib.util import MAGIC_NUMBER
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader
from jinja2.exceptions import UndefinedError

from headstart.reporting.template_environment import TemplateCode, make_environment


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    (tmp_path / "page.html").write_text("<b>{{ name }}</b>")
    return tmp_path


def render(folder: Path, *, escape: bool = True) -> str:
    code = TemplateCode(folder, escape=escape)
    environment = Environment(loader=FileSystemLoader(folder), autoescape=escape, bytecode_cache=code)
    return environment.get_template("page.html").render(name="a<b")


def kept(folder: Path) -> list[Path]:
    return sorted((folder / "__pycache__").iterdir())


def test_code_is_kept_and_used(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert render(folder) == "<b>a&lt;b</b>"
    (file,) = kept(folder)
    assert file.read_bytes().startswith(MAGIC_NUMBER)
    monkeypatch.setattr(Environment, "_generate", lambda *_: pytest.fail("compiled again"))
    assert render(folder) == "<b>a&lt;b</b>"


def test_both_environments_keep_their_own(folder: Path) -> None:
    assert render(folder, escape=True) == "<b>a&lt;b</b>"
    assert render(folder, escape=False) == "<b>a<b</b>"
    assert render(folder, escape=True) == "<b>a&lt;b</b>"
    assert len(kept(folder)) == 2


@pytest.mark.parametrize("content", [b"", b"no code", b"cut"])
def test_code_that_does_not_fit_is_made_anew(folder: Path, content: bytes) -> None:
    render(folder)
    (file,) = kept(folder)
    whole = file.read_bytes()
    file.write_bytes(whole[:-20] if content == b"cut" else content)
    assert render(folder) == "<b>a&lt;b</b>"
    assert file.read_bytes() == whole
    (folder / "page.html").write_text("<i>{{ name }}</i>")
    assert render(folder) == "<i>a&lt;b</i>"


def test_nothing_is_written_where_python_writes_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert render(folder) == "<b>a&lt;b</b>"
    assert not (folder / "__pycache__").exists()


def test_a_folder_that_cannot_be_written_costs_nothing(folder: Path) -> None:
    (folder / "__pycache__").write_text("in the way")
    assert render(folder) == "<b>a&lt;b</b>"


def test_a_missing_value_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        make_environment(escape=True).from_string("{{ nothing }}").render()
