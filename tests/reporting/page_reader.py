"""What a page shows, read back from its HTML: elements with their text, and the numbers as the reader sees them."""

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser
from math import floor, log10

VOID = {"meta", "link", "br", "img", "hr", "input"}
UNITS = {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    above: tuple["Element", ...]
    text: list[str] = field(default_factory=list)  #: of it and of all inside it

    @property
    def words(self) -> str:
        return " ".join("".join(self.text).split())


class PageReader(HTMLParser):
    """A page, parsed; every element is closed where it was opened."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(re.sub(r"url\(data:[^)]*\)", "url(data:)", html))
        assert not self._open, [it.tag for it in self._open]

    def handle_starttag(self, tag, attributes) -> None:
        names = [name for name, _ in attributes]
        assert len(names) == len(set(names)), (tag, names)
        element = Element(tag, {name: value or "" for name, value in attributes}, tuple(self._open))
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag, attributes) -> None:
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag) -> None:
        assert self._open
        assert self._open[-1].tag == tag, (self._open[-1].tag, tag)
        self._open.pop()

    def handle_data(self, data) -> None:
        for element in self._open:
            element.text.append(data)

    def all(self, tag: str) -> list[Element]:
        return [it for it in self.elements if it.tag == tag]

    @property
    def ids(self) -> Counter[str]:
        return Counter(it.attributes["id"] for it in self.elements if "id" in it.attributes)

    @property
    def numbers(self) -> dict[str, float]:
        (block,) = [it for it in self.all("script") if it.attributes.get("id") == "numbers"]
        return json.loads("".join(block.text))

    @property
    def read(self) -> list[tuple[str, str, str]]:
        """(name, form, text) of each number that is shown."""
        return [
            (it.attributes["data-number"], it.attributes["data-as"], "".join(it.text))
            for it in self.elements
            if "data-number" in it.attributes
        ]


def parse_number(form: str, text: str) -> tuple[float, float]:
    """The number that a reader takes from a text, and how far rounding may have moved it."""
    text = text.replace("\u00a0", " ").replace("−", "-").replace(",", "")
    if form in ("percent", "points", "unsigned points"):
        return float(text.removesuffix(" %")) / 100, 0.0005
    if form == "p":
        return (0.0005, 0.0005) if text == "< 0.001" else (float(text), 0.0005)
    if form == "size":
        number, unit = text.split()
        return float(number) * UNITS[unit], (0.5 if unit == "B" else 0.05) * UNITS[unit]
    if form == "time":
        parts = dict(zip(("h", "min", "s"), _time(text), strict=True))
        seconds = 3600 * parts["h"] + 60 * parts["min"] + parts["s"]
        return seconds, 30 if "h" in text else 0.5 if "min" in text else 0.05 if seconds >= 1 else 0.005
    if form == "hundredths":
        return float(text) / 100, 0.0005 if "." in text else 0.005
    if form in ("number", "signed"):
        number = float(text)
        return number, 0.5 if abs(number) >= 999.5 else 0.5 * 10.0 ** (
            floor(log10(abs(number))) - 2
        ) if number else 1e-12
    places = {"count": 0, "one": 1, "two": 2, "three": 3}[form]
    return float(text), 0.5 * 10**-places


def _time(text: str) -> tuple[float, float, float]:
    found = re.fullmatch(r"(?:(\d+) h )?(?:(\d+) min ?)?(?:([\d.]+) s)?", text)
    assert found, text
    hours, minutes, seconds = (float(it or 0) for it in found.groups())
    return hours, minutes, seconds
