"""The documents are true: their examples run, their links lead somewhere, the pages made from code are fresh."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from headstart.cli import flags  # noqa: F401  (here, for it lists what is there when it is imported, and tests plant modalities)
from headstart.cli.main import VERBS, make_app, run
from headstart.modalities.image.settings import AugmentSettings
from headstart.modalities.sound.settings import SoundSettings
from headstart.modalities.text.settings import TextSettings
from headstart.settings import complete_class
from tests.browsers import find_chromium, find_package

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
BLOCK = re.compile(
    r"(?P<mark><!-- not run: [^\n]+ -->\n)?^(?P<indent> *)```(?P<language>\w+)\n(?P<text>.*?)^ *```$",
    re.MULTILINE | re.S,
)
LINK = re.compile(r"\]\(([^)\s]+)\)")
RUNNABLE = ("python", "sh", "console")
SHELL_SIGNS = {"|", ">", "<", ";", "&&"}


@dataclass(frozen=True)
class Block:
    """A fenced block of a page that is run."""

    language: str
    text: str
    line: int

    @property
    def commands(self) -> list[str]:
        """The headstart commands in it; what sets up a machine (make, pip) is left to those who do that."""
        lines = [line.removeprefix("$ ") for line in self.text.splitlines()]
        return [line for line in lines if re.match(r"(\S.*\| )?headstart ", line)]


def blocks_of(page: Path) -> Iterator[Block]:
    text = page.read_text("utf-8")
    for found in BLOCK.finditer(text):
        if found["language"] in RUNNABLE and not found["mark"]:
            inside = re.sub(f"^{found['indent']}", "", found["text"], flags=re.MULTILINE)
            yield Block(found["language"], inside, text.count("\n", 0, found.start("text")) + 1)


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


WITH_EXAMPLES = [page for page in PAGES if any(b.language == "python" or b.commands for b in blocks_of(page))]


@pytest.fixture
def desk(tmp_path, monkeypatch, warm, photos):
    """A folder that has everything the examples name."""
    classes = ("ants", "bees")
    photos("photos/train", classes=classes, each=12)
    photos("photos/val", classes=classes, each=5, seed=1)
    photos("new-photos", classes=classes, each=4, seed=2)
    (tmp_path / "inbox").mkdir()
    for number, photo in enumerate(sorted((tmp_path / "new-photos" / "bees").iterdir())):
        shutil.copy(photo, tmp_path / "inbox" / f"{number}{photo.suffix}")
    shutil.copy(next((tmp_path / "photos" / "val" / "ants").glob("*.jpg")), tmp_path / "new.jpg")
    train = sorted((tmp_path / "photos" / "train").rglob("*.*"))
    rows = [
        f"{photo.relative_to(tmp_path).as_posix()},{photo.parent.name},day {i // 2}" for i, photo in enumerate(train)
    ]
    (tmp_path / "labels.csv").write_text("\n".join(["path,label,group", *rows]), "utf-8")
    write_tables(tmp_path, sorted((tmp_path / "photos").rglob("*.*")))
    graded = sorted(photos("graded", classes=("bad", "fair", "good"), each=10, seed=3).rglob("*.*"))
    rows = [f"{photo.relative_to(tmp_path).as_posix()},{photo.parent.name}" for photo in graded]
    (tmp_path / "quality.csv").write_text("\n".join(["path,label", *rows]), "utf-8")
    shutil.make_archive(str(tmp_path / "photos"), "zip", tmp_path / "photos")
    np.savez(tmp_path / "images.npz", images=np.arange(8 * 9, dtype=np.uint8).reshape(8, 3, 3), labels=[0, 1] * 4)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_tables(folder: Path, photos: list[Path]) -> None:
    """Tables of several labels and of a number, which can be seen in the photos."""
    rows = {"things.csv": ["path,label"], "lengths.csv": ["path,length (mm)"]}
    light = np.array([np.asarray(Image.open(photo).convert("L")).mean() for photo in photos])
    for photo, level, rank in zip(photos, light, light.argsort().argsort() / len(photos), strict=True):
        path = photo.relative_to(folder).as_posix()
        rows["things.csv"].append(f"{path},{photo.parent.name}{';light' * int(rank > 0.5)}")
        rows["lengths.csv"].append(f"{path},{level:.2f}")
    for name, lines in rows.items():
        (folder / name).write_text("\n".join(lines), "utf-8")


#: Said of photos that are not all told rightly, or not all like photographs; tests/cli/test_fit.py and test_detail.py
#: of near-duplicates hold it. Why an arm wins is wrapped after its name: the first line is held.
NOT_OF_DRAWN_PHOTOS = (
    "training part of the network may do better",
    "labels: ",
    "look at them:",
    "arms that cost the same",
    "the arms that cost the same",
    "tried: ",
    "intermediate-probe ",
    "note: 4 of 398 photos have too little detail",
)
OF_THE_PHOTOS = (
    "near-duplicates  ",
    "calibrate  ",
    "second engine  ",
)  #: stages that say other things of other photos; that they speak is held


@pytest.mark.slow
@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=name_of)
def test_the_examples_of_a_page_run_from_top_to_bottom(page, desk, capfd):
    if "--ort-web" in page.read_text("utf-8"):
        find_chromium()
        shutil.copy(find_package("onnxruntime-web"), desk)
    names = {"__name__": "__main__"}
    for block in blocks_of(page):
        where = f"{name_of(page)}, line {block.line}"
        if block.language == "python":
            padding = "\n" * (block.line - 1)
            exec(compile(padding + block.text, str(page), "exec", dont_inherit=True), names)
            continue
        for command in block.commands:
            capfd.readouterr()
            assert exit_code(command) == 0, f"{where}: {command}\n{capfd.readouterr().err}"
        if block.language == "console":
            seen = capfd.readouterr()
            lines = [line for line in said(block.text) if not line.startswith(NOT_OF_DRAWN_PHOTOS)]
            told = [stage for stage in OF_THE_PHOTOS for line in lines if line.strip().startswith(stage)]
            assert all(stage in seen.err for stage in told)
            lines = [line for line in lines if not line.strip().startswith(OF_THE_PHOTOS)]
            missing = [line for line in lines if not in_output(line, f"{seen.out}\n{seen.err}")]
            assert not missing, f"{where}: not said any more: {missing}"


def exit_code(command: str) -> int:
    words = shlex.split(command, comments=True)
    if SHELL_SIGNS.intersection(words):
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(["bash", "-c", command], env={**os.environ, "PATH": path}, check=False)
        return done.returncode
    return run(words[1:])


def said(transcript: str) -> list[str]:
    """The lines that a transcript shows as answers; the note of a first use is not to be seen in a warm store."""
    lines = [line for line in transcript.splitlines() if line.strip() and not line.startswith("$ ")]
    return [line for line in lines if not line.startswith("note: preparing")]


def in_output(line: str, output: str) -> bool:
    """Whether some line begins like this one: its first three words, as far as no number is in them.

    Which of two probes that cost the same wins is a matter of the photos.
    """
    line, output = (text.replace("intermediate-probe", "linear-probe") for text in (line, output))
    begins = re.split(r"\d", " ".join(line.split()[:3]))[0].strip()
    return any(" ".join(seen.split()).startswith(begins) for seen in output.splitlines())


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_relative_link_leads_somewhere(page):
    for target in LINK.findall(page.read_text("utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        assert there.exists(), f"{name_of(page)} links to {target}"
        if anchor:
            assert anchor in anchors(there), f"{name_of(page)} links to {target}; there are {sorted(anchors(there))}"


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_page_names_a_place_of_one_machine(page):
    assert not re.findall(r"(?:^|[\s`\"'(])/(?:home|root|work|Users|tmp)/", page.read_text("utf-8"))


def test_pages_made_from_code_are_fresh_and_made_without_pytorch():
    program = (
        "import runpy, sys; sys.argv = ['generate.py', '--check']; sys.path.insert(0, 'docs')\n"
        "try: runpy.run_path('docs/generate.py', run_name='__main__')\n"
        "except SystemExit as end: assert 'torch' not in sys.modules; sys.exit(end.code)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_stale_pages_are_named_with_what_to_run(tmp_path):
    made = tmp_path / "docs" / "generate.py"
    made.parent.mkdir()
    for name in ("generate.py", "option_types.py", "benchmark_table.py", "performance.py"):
        shutil.copy(ROOT / "docs" / name, made.with_name(name))
    check = [sys.executable, str(made), "--check"]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    made_files = "docs/settings.md, docs/cli.md, docs/glossary.md, src/headstart/verbs/options.py"
    assert done.stderr == f"stale: {made_files}; run: python docs/generate.py\n"
    subprocess.run([sys.executable, str(made)], check=True)
    assert subprocess.run(check, check=False).returncode == 0


class CheckedSettings(AugmentSettings, SoundSettings, TextSettings):
    """The chapters of all modalities, which a check knows."""


@pytest.mark.parametrize("verb", VERBS)
def test_the_command_line_page_has_the_flags_that_help_shows(verb, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert run([verb, "--help-all"]) == 0
    told = capsys.readouterr().out.partition("Examples:")[0]
    column = re.findall(r"^│[ *]{1,6}((?:--[a-z-]+ ?)+)", told, re.MULTILINE)
    shown = {flag for cell in column for flag in cell.split() if not flag.startswith("--no-")}
    section = (ROOT / "docs" / "cli.md").read_text("utf-8").partition(f"\n## {verb}\n")[2].partition("\n## ")[0]
    documented = set(re.findall(r"^\| `(--[\w-]+)", section, re.MULTILINE))
    settings = {"fit": complete_class(), "compare": complete_class(), "check": CheckedSettings}.get(verb)
    if settings is not None:
        documented |= {f"--{name.replace('_', '-')}" for name in settings.model_fields}
    assert documented == shown


@pytest.mark.parametrize("verb", VERBS)
def test_the_examples_of_a_verb_are_understood(verb):
    section = (ROOT / "docs" / "cli.md").read_text("utf-8").partition(f"\n## {verb}\n")[2].partition("\n## ")[0]
    for command in re.findall(r"^(?:.*\| )?(headstart \w+ .*|headstart \w+)$", section, re.MULTILINE):
        if "[FLAGS]" in command or command.split()[1] != verb:
            continue
        words = shlex.split(re.split(r" [>|] ", command)[0])
        function, *_ = make_app(verb).parse_args(words[1:], exit_on_error=False, print_error=False)
        assert function.__name__ == verb
