"""What another package registers and cannot be used is named, left out, and stops nothing that does not ask for it."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from headstart_runtime.errors import PluginError, SettingError
from headstart_runtime.plugins import Registry, forget_plugins, list_plugin_names
from headstart_runtime.protocol_checks import expect_function, expect_members
from tests.plugins import install_plugin, package_folder

REGISTRIES = {
    "modalities": ("modality", "headstart_runtime.modalities.modality"),
    "tasks": ("task", "headstart_runtime.tasks.task"),
    "heads": ("head", "headstart.heads.catalog"),
    "strategies": ("strategy", "headstart.selection"),
    "providers": ("provider of networks", "headstart.backbones.providers"),
    "engines": ("engine", "headstart.engines.choose"),
    "readers": ("reader", "headstart.data.read"),
}
#: The code of a package -> what is said of what it registers.
BROKEN = {
    "raise RuntimeError('no such library')": "cannot be loaded: no such library",
    "import sys; sys.exit('gone')": "cannot be loaded: gone",
    "import a_package_that_is_not_there": "cannot be loaded: No module named 'a_package_that_is_not_there'",
    "OTHER = 1": "cannot be loaded: module .* has no attribute 'ADDED'",
    "ADDED = None": "cannot be used: it is None; wanted",
    "ADDED = 3": "cannot be used: .*int.*; wanted",
    "class ADDED: pass": "cannot be used: it (is the class ADDED itself|takes \\(\\)); wanted",
    "class Bad:\n    def __getattr__(self, name): raise ValueError('not now')\nADDED = Bad()": "cannot be used: .*Bad",
}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Path]:
    """A folder of packages; what they are called is not called again in this process."""
    (tmp_path / "site").mkdir()
    with package_folder(tmp_path / "site", "planted", "other"):
        yield tmp_path / "site"


def find_registry(group: str) -> Registry[Any]:
    registry: Registry[Any] = import_module(REGISTRIES[group][1]).REGISTRY
    return registry


@pytest.mark.parametrize("code", BROKEN)
@pytest.mark.parametrize("group", REGISTRIES)
def test_what_cannot_be_used_is_named_with_its_package(
    group: str, code: str, site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install_plugin(site, "odd", f"headstart.{group}", "planted:ADDED", package="odd-things")
    (site / "planted.py").write_text(code)
    registry, kind = find_registry(group), REGISTRIES[group][0]
    origin = rf"the {kind} 'odd' of the package odd-things 1\.0 \(headstart\.{group}, planted:ADDED\)"
    with pytest.raises(PluginError, match=rf"^{origin} {BROKEN[code]}") as caught:
        registry.get("odd")
    assert str(caught.value).endswith("; update or remove the package")
    assert capsys.readouterr().err == ""
    assert "odd" not in registry.all()
    assert "odd" not in registry.all()
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"note: left out: {caught.value}"


@pytest.mark.parametrize("group", REGISTRIES)
def test_a_name_of_two_packages_is_of_neither(group: str, site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for package in ("first", "second"):
        install_plugin(site, "odd", f"headstart.{group}", f"{package}:ADDED", package=package)
    with pytest.raises(PluginError, match=r"'odd' .* is of two packages, (first|second) 1\.0 .* and .*; remove one"):
        find_registry(group).get("odd")
    assert "odd" not in find_registry(group).all()
    assert "left out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("group", "name"),
    [
        *(("modalities", "image"), ("tasks", "classification"), ("heads", "ridge"), ("providers", "timm")),
        *(("strategies", "scratch"), ("strategies", "vote"), ("heads", "auto"), ("engines", "onnxruntime")),
    ],
)
def test_a_name_of_ours_stays_ours(group: str, name: str, site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    install_plugin(site, name, f"headstart.{group}", "planted:ADDED", package="thief")
    (site / "planted.py").write_text("ADDED = None")
    registry = find_registry(group)
    assert registry.all().keys() == registry.builtin.keys()
    assert f"{name!r} of the package thief 1.0" in (said := capsys.readouterr().err)
    assert "cannot be used: headstart has that name itself" in said


class Named:
    def __init__(self, name: str) -> None:
        self.name = name


def test_an_object_has_the_name_of_its_entry_point(site: Path) -> None:
    install_plugin(site, "odd", "headstart.shapes", "planted:ADDED")
    (site / "planted.py").write_text("from tests.test_plugins import Named\nADDED = Named('even')")
    shapes = Registry[Named]("headstart.shapes", "shape", {"round": Named("round")}, lambda _: "", name_in="name")
    with pytest.raises(PluginError, match="its name is 'even'; wanted the name of the entry point"):
        shapes.get("odd")


def test_what_is_installed_is_looked_up_once(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugins = import_module("headstart_runtime.plugins")
    find, asked = plugins.entry_points, list[str]()
    monkeypatch.setattr(plugins, "entry_points", lambda group: asked.append(group) or find(group=group))
    forget_plugins()
    for _ in range(3):
        for group in REGISTRIES:
            find_registry(group).all()
    assert sorted(asked) == sorted(f"headstart.{group}" for group in REGISTRIES)
    forget_plugins()
    find_registry("heads").all()
    assert asked[7:] == ["headstart.heads"]


def test_another_path_is_looked_up_anew(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "odd" not in list_plugin_names("headstart.heads")
    forget = import_module("tests.plugins").forget_plugins
    install_plugin(tmp_path / "more", "odd", "headstart.heads", "planted:ADDED")
    forget()
    assert "odd" not in list_plugin_names("headstart.heads")
    monkeypatch.syspath_prepend(str(tmp_path / "more"))
    assert "odd" in list_plugin_names("headstart.heads")


def test_damaged_metadata_of_any_package_stop_nothing(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    install_plugin(site, "even", "headstart.heads", "planted:ADDED")
    install_plugin(site, "torn", "console_scripts", "planted:ADDED")
    (site / "torn-1.0.dist-info" / "entry_points.txt").write_text("[console_scripts]\nno equals sign\n")
    forget_plugins()
    assert "even" in list_plugin_names("headstart.heads")
    said = capsys.readouterr().err
    assert re.search(r"^note: left out: the entry points of the package torn cannot be read \(.*\); reinstall", said)


def test_one_that_raises_when_it_is_asked_is_passed_over(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    install_plugin(site, "odd", "headstart.shapes", "planted:ADDED")
    (site / "planted.py").write_text("from tests.test_plugins import Named\nADDED = Named('odd')")
    shapes = Registry[Named]("headstart.shapes", "shape", {"round": Named("round")}, lambda _: "", name_in="name")

    def ask(shape: Named) -> str:
        return {"round": "O"}[shape.name]

    for _ in range(2):
        assert [answer for _, answer in shapes.poll(ask)] == ["O"]
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("(headstart.shapes, planted:ADDED) raises KeyError: 'odd'")
    with pytest.raises(KeyError):
        list(Registry[Named]("headstart.none", "shape", {"flat": Named("flat")}, lambda _: "").poll(ask))


def test_a_name_that_is_none_is_said_with_those_there_are() -> None:
    with pytest.raises(SettingError, match=r"^unknown head 'rigde'; did you mean 'ridge'\? Known: logistic, lda, "):
        find_registry("heads").check_name("rigde")
    with pytest.raises(
        SettingError, match=r"no modality 'smell' is installed; .*: image, text, sound; a package that provides it"
    ):
        find_registry("modalities").get("smell")


class Wanted:
    """As a protocol is written."""

    name: str
    kinds: frozenset[str] | None

    def act(self) -> None: ...

    @property
    def heavy(self) -> int:
        return 1


class Whole:
    name = "whole"
    kinds = None

    def act(self) -> None: ...

    @property
    def heavy(self) -> int:
        raise AssertionError("a property is not read, for that may take seconds")


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({}, ""),
        ({"name": 3}, "its name is of type int; wanted str"),
        ({"kinds": ["a"]}, "its kinds is of type list; wanted frozenset[str] | None"),
        ({"act": None}, "its act is None; wanted a method"),
        ({"name": property(lambda self: 1 // 0)}, "reading its name raises ZeroDivisionError: integer division"),
    ],
)
def test_members_are_held_against_a_protocol(changes: dict[str, Any], fault: str) -> None:
    found = expect_members(Wanted)(type("Changed", (Whole,), changes)())
    assert found.startswith(fault) if fault else found == ""


def test_members_that_another_object_has_count() -> None:
    class Proxy:
        def __getattr__(self, name: str) -> Any:
            return getattr(Whole(), name)

    class Part:
        act = Whole.act

    assert expect_members(Wanted)(Part()).startswith(
        "Part has no name, kinds, heavy; wanted an instance of a class with"
    )
    assert "has no heavy" in expect_members(Wanted)(Proxy()), "reading it fails"


def test_functions_take_the_arguments_they_are_given() -> None:
    check = expect_function("context", "detail")
    assert check(lambda context, detail=None: None) == ""
    assert check(print) == ""
    assert check(lambda context: None) == "it takes (context); wanted a function of (context, detail)"
    assert check("probe") == "it is of type str; wanted a function of (context, detail)"
