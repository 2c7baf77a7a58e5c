"""Optional packages: the table agrees with pyproject.toml, and what is missing is said in one line."""

import re
import sys
import tomllib
from pathlib import Path

import pytest

from headstart_runtime.errors import MissingExtra
from headstart_runtime.extras import (
    EXTRAS,
    PYTORCH,
    describe_missing_extra,
    has_extra,
    import_extra,
    list_missing_packages,
    require_extra,
)

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["project"]


def _name(requirement: str) -> str:
    return re.split(r"[<>=;\[ ]", requirement, maxsplit=1)[0]


def test_the_table_is_that_of_pyproject() -> None:
    extras = {name: {_name(it) for it in found} for name, found in PROJECT["optional-dependencies"].items()}
    assert {name: set(extra.packages.values()) for name, extra in EXTRAS.items()} == {
        name: packages for name, packages in extras.items() if name not in ("all", "dev")
    }
    each = ",".join(sorted(EXTRAS.keys() - {"litert"}))  # a converter of 0.8 GB is for those who ask for it
    assert PROJECT["optional-dependencies"]["all"] == [f"headstart[{each}]"]


def test_the_small_form_holds_nothing_of_an_extra() -> None:
    small = {_name(it) for it in PROJECT["dependencies"]}
    assert not small & {package for extra in EXTRAS.values() for package in extra.packages.values()}


def test_what_is_missing_is_one_line_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("torch", "timm"):
        monkeypatch.setitem(sys.modules, name, None)
    assert list_missing_packages("train", *PYTORCH) == ("torch", "timm")
    assert not has_extra("train")
    with pytest.raises(MissingExtra) as caught:
        require_extra("train", "training a network")
    assert str(caught.value).startswith(describe_missing_extra("train", "training a network"))
    assert str(caught.value).startswith(
        "training a network needs the packages 'torch' and 'timm'; install them with: pip install 'headstart[train]' "
        "(on Linux without a GPU first the small build"
    )
    assert "\n" not in str(caught.value)
    assert caught.value.packages == ("torch", "timm")
    assert caught.value.extra == "train"


def test_nothing_is_said_of_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert describe_missing_extra("train", "training a network", *PYTORCH) == ""
    assert list_missing_packages("train") == ("optuna",)


def test_a_module_of_an_extra_is_imported_or_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert import_extra("matlab", "reading a MATLAB file", "scipy.io").__name__ == "scipy.io"
    monkeypatch.setitem(sys.modules, "scipy", None)
    monkeypatch.delitem(sys.modules, "scipy.io")
    with pytest.raises(MissingExtra, match=r"reading a MATLAB file needs the package 'scipy'.*headstart\[matlab\]"):
        import_extra("matlab", "reading a MATLAB file", "scipy.io")


def test_a_finder_that_refuses_a_package_is_none_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing:
        @staticmethod
        def find_spec(name: str, path: object = None, target: object = None) -> None:
            if name == "optuna":
                raise ImportError(name)

    monkeypatch.delitem(sys.modules, "optuna", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Refusing(), *sys.meta_path])
    assert list_missing_packages("train", "optuna") == ("optuna",)
