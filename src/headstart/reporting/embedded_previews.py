"""The previews of a page: each at most once in the file, however often it is shown, and all of them within a budget.

A preview that is drawn is a rule of a style sheet, ``.p7 { background-image: url(data:...) }``; what shows it has the
class ``p7``. Samples of equal bytes share a rule. The sheet of views is shown once and so stands where it is shown, and
so does a text, which can then be selected, found and read aloud.
"""

import base64
import json
from collections.abc import Iterable, Mapping

from markupsafe import Markup, escape

from headstart_runtime.modalities.facets import Thumbnail
from headstart_runtime.modalities.marked_text import MARKED_TEXT, decode_marked

SHEET = "sheet"  #: its key
HEAT = "heat/"  #: begins the key of an item with what spoke for its answer
PLAY = "play/"  #: begins the key of what can be played of an item
BUDGET = 8_500_000  #: bytes of all previews as they stand in the page, which is to stay below 10 MB
MEDIA_TYPES = ("image/jpeg", "image/png", "image/webp", "image/svg+xml")  #: that a page draws
FAINTEST = 0.12  #: weight of a word from which on it is marked
_DRAWN = "{background-image:url("


class EmbeddedPreviews:
    """The previews that a page shows."""

    def __init__(self, stored: Mapping[str, Thumbnail], wanted: Iterable[str], budget: int = BUDGET) -> None:
        """Take as many previews as the budget holds.

        Args:
            stored: previews by key: a sample's id, "heat/" and its id, or "sheet".
            wanted: keys, the most wanted first: what is past the budget is shown as a placeholder.
            budget: bytes of all together, as the page has them.
        """
        self._numbers: dict[str, int] = {}
        self._declarations: dict[str, int] = {}  # of the rules, in the order of their numbers
        self._texts: dict[str, Markup] = {}
        self._sounds: dict[str, str] = {}
        self.left_out = 0  #: previews that the budget did not hold
        for key in dict.fromkeys(wanted):
            if key not in stored:
                continue
            text = write_text(stored[key])
            if text is not None:
                if len(text) > budget:
                    self.left_out += 1
                    continue
                budget -= len(text)
                self._texts[key] = text
                continue
            declaration = _declare(stored[key])
            if declaration is None:
                continue
            cost = 0 if declaration in self._declarations else len(declaration)
            if cost > budget:
                self.left_out += 1
                continue
            budget -= cost
            self._numbers[key] = self._declarations.setdefault(declaration, len(self._declarations))

        for key, preview in stored.items():
            if key.startswith(PLAY) and preview.media_type == "audio/wav":
                uri = encode_uri(preview)
                if len(uri) <= budget:
                    budget -= len(uri)
                    self._sounds[key.removeprefix(PLAY)] = uri

    def __contains__(self, key: object) -> bool:
        return key in self._numbers or key in self._texts

    def text(self, key: str) -> Markup:
        """Return a preview that is a text, escaped, its telling words marked; an empty one for what is none."""
        return self._texts.get(key, Markup())

    def sound(self, key: str) -> str:
        """Return the name of what can be played of an item; "" where nothing can."""
        return f"s{list(self._sounds).index(key)}" if key in self._sounds else ""

    @property
    def sounds(self) -> Markup:
        """All that can be played, as JSON: data URIs by name; "" for nothing."""
        if not self._sounds:
            return Markup()
        return Markup(json.dumps({f"s{number}": uri for number, uri in enumerate(self._sounds.values())}))  # noqa: S704

    @property
    def of_texts(self) -> bool:
        """Whether the previews are texts, which need room in breadth."""
        return bool(self._texts)

    @property
    def any(self) -> bool:
        """Whether there are previews of items; without any a page leaves no room for them."""
        keys = (*self._numbers, *self._texts)
        return any(key != SHEET and not key.startswith(HEAT) for key in keys) or self.left_out > 0

    def css_class(self, key: str) -> str:
        """Return the class that shows a preview; an empty text for a preview that is not there."""
        return f"p{self._numbers[key]}" if key in self._numbers else ""

    @property
    def sheet(self) -> str:
        """The sheet of views as a data URI; an empty one where there is none."""
        number = self._numbers.get(SHEET)
        found = next((text for text, other in self._declarations.items() if other == number), "")
        return found.removeprefix(_DRAWN).removesuffix(")}") if found.startswith(_DRAWN) else ""

    def style(self) -> Markup:
        """Return the rules for a style block; base 64 has no sign that could end it."""
        alone = self._numbers.get(SHEET)
        rules = (f".p{number}{text}" for text, number in self._declarations.items() if number != alone)
        return Markup("\n".join(rules))  # noqa: S704


def encode_uri(preview: Thumbnail) -> str:
    """Return a preview as a data URI."""
    return f"data:{preview.media_type};base64,{base64.b64encode(preview.content).decode('ascii')}"


def _declare(preview: Thumbnail) -> str | None:
    """Return the rule that shows a preview, without its class; None for what a page cannot show."""
    return f"{_DRAWN}{encode_uri(preview)})}}" if preview.media_type in MEDIA_TYPES else None


def write_text(preview: Thumbnail) -> Markup | None:
    """Return a preview that is a text, its words marked by how much they spoke for an answer; None for what is none."""
    if preview.is_text:
        return escape(preview.content.decode("utf-8", "replace"))
    if preview.media_type != MARKED_TEXT:
        return None
    return Markup().join(
        Markup('<mark style="--w:{:.2f}">{}</mark>').format(piece.weight, piece.text)
        if piece.weight >= FAINTEST
        else escape(piece.text)
        for piece in decode_marked(preview)
    )
