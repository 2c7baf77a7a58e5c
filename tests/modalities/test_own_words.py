"""Runs on other data than photos speak of these data in every sentence: report, card, notes, what commands print."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import headstart
from headstart.cli.main import run as run_command
from tests.modalities.own_commands import read_service, run_small
from tests.modalities.own_words import find_foreign, find_foreign_files, read_page
from tests.modalities.sound import clips
from tests.modalities.text.tinybert import install_networks
from tests.modalities.texts import draw_texts, write_folder, write_table


def run_all(commands: list[list[str]], said: Path) -> str:
    """Return what commands print, each followed by its name and exit status."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "200")
        with said.open("w", encoding="utf-8") as out:
            patch.setattr("sys.stdout", out)
            patch.setattr("sys.stderr", out)
            for command in commands:
                print(">", " ".join(command[:2]), run_command(command), file=out)
    return said.read_text("utf-8")


@pytest.fixture(scope="module", autouse=True)
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with install_networks(tmp_path_factory.mktemp("site")) as folder:
        yield folder


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A run of texts by the command line, with some that are alike and odd ones, and all that was printed of it."""
    folder = tmp_path_factory.mktemp("runs")
    texts = draw_texts(150)
    odd = [("", "sea"), ("owl", "sea"), ("the <b>ship</b> &amp; oak", "wood"), ("wave " * 300, "sea")]
    table = write_table(folder / "texts.csv", [*texts, *texts[:4], *odd])
    options = ["--modality", "text", "--backbone", "tinybert:net", "--store", str(folder / "store")]
    model, several = str(folder / "run" / "model"), write_folder(folder / "texts", texts[:6])
    commands = [
        ["fit", str(table), "--out", str(folder / "run"), *options],
        ["check", str(table), "--modality", "text"],
        ["check", str(table), "--labels", str(folder / "labels.csv"), *options],
        ["predict", model, str(several)],
        ["predict", model, str(several), "--json"],
        ["predict", model, str(folder / "none.txt")],
        ["evaluate", model, str(table)],
        ["explain", model, str(several), "--out", str(folder / "looked")],
        ["explain", model, str(several)],
        ["report", str(folder / "run")],
        ["compare", str(table), "--arms", "linear-probe,intermediate-probe", "--out", str(folder / "two"), *options],
        ["report", str(folder / "run"), str(folder / "two"), "--out", str(folder / "both.html")],
        ["advise", str(table), *options],
        ["features", str(table), "--out", str(folder / "features.npz"), *options],
        ["predict", model, str(table), "--text-column", "text"],
        ["predict", model, str(table), "--text-column", "none"],
        ["export", model, "--to", "onnx", "--out", str(folder / "exported")],
        ["export", model, "--to", "web", "--out", str(folder / "page")],
    ]
    yield folder, run_all(commands, folder / "said.txt")
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A run of clips by the command line, and all that was printed of it."""
    folder = tmp_path_factory.mktemp("clips")
    table = clips.write_table(folder / "clips", 60)
    options = ["--modality", "sound", "--store", str(folder / "store")]
    model, one = str(folder / "run" / "model"), str(table.parent / "000.wav")
    commands = [
        ["fit", str(table), "--out", str(folder / "run"), "--strategy", "linear-probe", *options],
        ["check", str(table), "--labels", str(folder / "labels.csv"), *options],
        ["predict", model, one],
        ["evaluate", model, str(table)],
        ["explain", model, one, "--out", str(folder / "looked")],
        ["explain", model, one],
        ["predict", model, str(table)],
        ["export", model, "--to", "onnx", "--out", str(folder / "exported")],
    ]
    return folder, run_all(commands, folder / "said.txt")


@pytest.mark.slow
def test_a_run_of_clips_speaks_of_clips(heard: tuple[Path, str]) -> None:
    folder, said = heard
    assert "clips" in said
    assert "name a folder with --out: what spoke for an answer is drawn on a clip" in said
    assert find_foreign(said) == []
    assert find_foreign(read_page(folder / "labels.html")) == []
    assert find_foreign_files(folder / "run") == {}
    page = (folder / "run" / "report.html").read_text("utf-8")
    assert page.count('class="play"') > 5
    assert "media-src data:" in page
    assert (folder / "looked" / "000.svg").exists()


def test_commands_speak_of_texts(printed: tuple[Path, str]) -> None:
    _, said = printed
    assert said.count("\n> ") + said.startswith("> ") >= 13
    assert "texts" in said
    assert f"next:  headstart predict {printed[0] / 'run' / 'model'} --text" in said
    assert find_foreign(said) == []


def test_pages_speak_of_texts(printed: tuple[Path, str]) -> None:
    folder, _ = printed
    pages = [folder / "run" / "report.html", folder / "two" / "report.html", folder / "both.html"]
    for page in [*pages, folder / "labels.html", *sorted((folder / "looked").glob("*.html"))]:
        assert find_foreign(read_page(page)) == [], page.name
    assert "texts" in read_page(pages[0])


def test_what_a_run_leaves_speaks_of_texts(printed: tuple[Path, str]) -> None:
    folder, _ = printed
    assert find_foreign_files(folder / "run") == {}
    assert find_foreign_files(folder / "two") == {}
    run = headstart.open_run(folder / "run")
    assert find_foreign("\n".join(run.notes)) == []
    assert find_foreign(run._repr_html_() if hasattr(run, "_repr_html_") else str(run)) == []
    assert find_foreign(str(run.record.get("notes", ""))) == []


def test_the_service_speaks_of_texts(printed: tuple[Path, str]) -> None:
    folder, _ = printed
    told = read_service(folder / "run", b"the ship", "text/plain")
    assert {name: lines for name, text in told.items() if (lines := find_foreign(text))} == {}
    assert "texts" in told["/openapi.json"]


@pytest.mark.slow
def test_the_service_speaks_of_clips(heard: tuple[Path, str]) -> None:
    folder, _ = heard
    told = read_service(folder / "run", (folder / "clips" / "000.wav").read_bytes(), "audio/wav")
    assert {name: lines for name, text in told.items() if (lines := find_foreign(text))} == {}
    assert "Clips, as files" in told["/openapi.json"]


def test_an_export_speaks_of_texts(printed: tuple[Path, str]) -> None:
    folder, _ = printed
    assert (folder / "exported" / "README.md").exists()
    assert find_foreign_files(folder / "exported") == {}


@pytest.mark.slow
def test_an_export_speaks_of_clips(heard: tuple[Path, str]) -> None:
    folder, _ = heard
    assert (folder / "exported" / "README.md").exists()
    assert find_foreign_files(folder / "exported") == {}


def test_the_small_command_speaks_of_texts(printed: tuple[Path, str]) -> None:
    folder, _ = printed
    model, table = str(folder / "run" / "model"), str(folder / "texts.csv")
    for given in (["--text", "the ship"], [table], [table, "--text-column", "none"], ["none.txt"], ["--listen"], []):
        assert find_foreign(run_small(model, *given)) == []


@pytest.mark.slow
def test_the_small_command_speaks_of_clips(heard: tuple[Path, str]) -> None:
    folder, _ = heard
    model, table = str(folder / "run" / "model"), str(folder / "clips")
    for given in ([table], ["--text", "the ship"], ["none.wav"], [table, "--text-column", "none"], []):
        assert find_foreign(run_small(model, *given)) == []
