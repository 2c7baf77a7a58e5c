"""``--help`` is where people look first: every verb has one, with all its flags and examples."""

import re
from dataclasses import fields

import pytest
from pydantic import BaseModel

import headstart
from headstart.cli.flags import ModalitySettings
from headstart.cli.help import LONG_VERBS
from headstart.cli.main import VERBS, run
from headstart.settings import DataSettings, complete_class, list_chapters
from headstart_runtime.service.settings import ServiceSettings


def flags_of(settings: type[BaseModel]) -> list[str]:
    """A flag for each setting; one that is on or off has its negative too."""
    names = [f"--{name.replace('_', '-')}" for name in settings.model_fields]
    switches = [name for name, field in settings.model_fields.items() if field.annotation in (bool, bool | None)]
    return names + [f"--no-{name.replace('_', '-')}" for name in switches]


FLAGS = {
    "fit": [*flags_of(complete_class()), "--config", "--quiet", "--json"],
    "compare": [*flags_of(complete_class()), "--config", "--quiet", "--json"],
    "predict": [
        *("--text", "--lines", "--top", "--json", "--csv", "--threshold", "--engine", "--path-column"),
        *("--text-column", "--every", "--listen", "--out"),
    ],
    "serve": [*(f"--{one.name.replace('_', '-')}" for one in fields(ServiceSettings)), "--no-page"],
    "evaluate": [*flags_of(DataSettings), "--quiet", "--json", "--engine", "--threshold"],
    "check": [
        *flags_of(ModalitySettings),
        *flags_of(DataSettings),
        *("--augment", "--fast", "--explain", "--write-table", "--quiet", "--json"),
        *("--labels", "--backbone", "--seed", "--precision", "--engine", "--workers", "--store"),
        *("--relabel", "--split-from", "--include-test"),
    ],
    "features": [
        *flags_of(DataSettings),
        *("--out", "--backbone", "--layer", "--seed", "--split-from", "--precision", "--engine", "--workers"),
        *("--store", "--quiet", "--json"),
    ],
    "explain": ["--text", "--lines", "--out", "--label", "--path-column", "--text-column"],
    "export": ["--to", "--out", "--items", "--precision", "--with-items", "--ort-web"],
    "report": ["--out", "--open"],
    "models": ["--all", "--layers", "--modality", "--store"],
    "advise": [*flags_of(DataSettings), "--backbone", "--seed", "--cost", "--store", "--quiet", "--json"],
    "cache": ["--prune-to", "--store"],
    "demo": ["--modality"],
}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([verb, "--help-all"]) == 0
    out, errors = capsys.readouterr()
    assert errors == ""
    assert f"Usage: headstart {verb}" in out
    column = re.findall(r"^│[ *]{1,6}((?:--[a-z-]+ ?)+)", out.partition("Examples:")[0], re.MULTILINE)
    assert sorted(FLAGS[verb]) == sorted({flag for cell in column for flag in cell.split()})


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != "demo"])
def test_help_has_examples_that_can_be_typed(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    run([verb, "--help"])
    examples = capsys.readouterr().out.partition("Examples:")[2]
    assert f"headstart {verb}" in examples
    for flag in re.findall(r"(?<=\s)--[a-z-]+(?=\s)", examples):
        assert flag in FLAGS[verb]


def test_the_verbs_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    out = capsys.readouterr().out
    for verb, help_ in VERBS.items():
        assert f"{verb} " in out
        assert help_.split()[0] in out


def test_without_arguments_it_helps(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    assert "Usage: headstart COMMAND" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.strip() == headstart.__version__


@pytest.mark.parametrize("verb", LONG_VERBS)
def test_help_shows_the_settings_that_most_people_need(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    first = [name for chapter in list_chapters().values() for name in chapter.chapter_first]
    run([verb, "--help"])
    told = capsys.readouterr().out.partition("Examples:")[0]
    shown = {flag for cell in re.findall(r"^│[ *]{1,6}((?:--[a-z-]+ ?)+)", told, re.MULTILINE) for flag in cell.split()}
    assert shown == {*(f"--{name.replace('_', '-')}" for name in first), "--config", "--quiet", "--json"}
    assert f"All settings: headstart {verb} --help-all" in told
    assert len(first) == 11


def test_all_help_is_in_named_groups(capsys: pytest.CaptureFixture[str]) -> None:
    run(["fit", "--help-all"])
    told = capsys.readouterr().out
    titles = [chapter.chapter_title for chapter in list_chapters().values()]
    assert [title for title in titles if f"╭─ {title} ─" not in told] == []


@pytest.mark.parametrize("flag", ["--optimizer=sgd", "--color-jitter=0.5", "--colour-jitter=0.5"])
def test_both_spellings_are_flags(flag: str, tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fit", str(tmp_path / "nowhere"), flag]) == 2
    assert "nowhere' does not exist" in capsys.readouterr().err  # the flag was understood


def test_help_has_every_description_as_it_is_written(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")  # so that no name of a flag stands between two lines of its description
    run(["fit", "--help-all"])
    told = "".join(capsys.readouterr().out.replace("│", "").split())
    descriptions = [field.description or "" for field in complete_class().model_fields.values()]
    assert [text for text in descriptions if "".join(text.split()) not in told] == []
