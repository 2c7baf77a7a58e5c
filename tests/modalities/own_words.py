"""Sentences that speak of photos, found in what a run on other data prints, writes and shows."""

import re
from html.parser import HTMLParser
from pathlib import Path

FOREIGN = re.compile(r"(?<![a-z])(photo(graph)?s?|pixels?|images?|pictures?)(?![a-z])", re.IGNORECASE)
NEUTRAL = re.compile(r"background-image|ImageNet|image/[a-z+]+")  #: of style sheets, data sets, types of media
WRITTEN = (".md", ".toml", ".json", ".jsonl", ".csv", ".txt", ".html")  #: files of a run that people read


class Sentences(HTMLParser):
    """The text of a page, and what is said of its elements, but not its style sheets and scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._silent = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent = tag in ("style", "script")
        self.found += [value or "" for name, value in attrs if name in ("alt", "aria-label", "title", "content")]

    def handle_endtag(self, tag: str) -> None:
        self._silent = False

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.found.append(data)


def find_foreign(text: str) -> list[str]:
    """Return the lines that speak of photos."""
    return [line.strip()[:200] for line in text.splitlines() if FOREIGN.search(NEUTRAL.sub("", line))]


def read_page(file: Path) -> str:
    """Return the sentences of a page, a line for each piece."""
    page = Sentences()
    page.feed(file.read_text("utf-8"))
    return "\n".join(page.found)


def find_foreign_files(folder: Path) -> dict[str, list[str]]:
    """Return the lines that speak of photos in the files under a folder that people read, by the file's name."""
    found = {}
    for file in sorted(file for file in folder.rglob("*") if file.suffix in WRITTEN):
        text = read_page(file) if file.suffix == ".html" else file.read_text("utf-8")
        if lines := find_foreign(text):
            found[file.relative_to(folder).as_posix()] = lines
    return found
