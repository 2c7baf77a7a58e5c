"""The previews of a page: each at most once in the file, however often it is shown, and all of them within a budget.

A preview is a rule of a style sheet, ``.p7 { background-image: url(data:...) }``; what shows it has the class ``p7``.
Samples of equal bytes share a rule. The sheet of views is shown once and so stands where it is shown.
"""

import base64
from collections.abc import Iterable, Mapping

from markupsafe import Markup

SHEET = "sheet"  #: its key
BUDGET = 8_500_000  #: bytes of all previews as they stand in the page, which is to stay below 10 MB
KINDS = {b"\xff\xd8\xff": "jpeg", b"\x89PN": "png", b"RIF": "webp"}  #: first bytes -> the kind of preview


class EmbeddedPreviews:
    """The previews that a page shows."""

    def __init__(self, stored: Mapping[str, bytes], wanted: Iterable[str], budget: int = BUDGET) -> None:
        """Take as many previews as the budget holds.

        Args:
            stored: encoded previews by key: a sample's id, "heat/" and its id, or "sheet".
            wanted: keys, the most wanted first: what is past the budget is shown as a placeholder.
            budget: bytes of all data URIs together.
        """
        self._numbers: dict[str, int] = {}
        self._uris: dict[str, int] = {}  # in the order of their numbers
        self.left_out = 0  #: previews that the budget did not hold
        for key in dict.fromkeys(wanted):
            if key not in stored:
                continue
            uri = _encode_uri(stored[key])
            if uri is None:
                continue
            cost = 0 if uri in self._uris else len(uri)
            if cost > budget:
                self.left_out += 1
                continue
            budget -= cost
            self._numbers[key] = self._uris.setdefault(uri, len(self._uris))

    def __contains__(self, key: object) -> bool:
        return key in self._numbers

    def css_class(self, key: str) -> str:
        """Return the class that shows a preview; an empty text for a preview that is not there."""
        return f"p{self._numbers[key]}" if key in self._numbers else ""

    @property
    def sheet(self) -> str:
        """The sheet of views as a data URI; an empty one where there is none."""
        return next((uri for uri, number in self._uris.items() if number == self._numbers.get(SHEET)), "")

    def style(self) -> Markup:
        """Return the rules for a style block; base 64 has no sign that could end it."""
        alone = self._numbers.get(SHEET)
        rules = (f".p{number}{{background-image:url({uri})}}" for uri, number in self._uris.items() if number != alone)
        return Markup("\n".join(rules))  # noqa: S704


def _encode_uri(content: bytes) -> str | None:
    """Return a preview as a data URI; None for bytes that are no preview."""
    kind = KINDS.get(content[:3])
    return None if kind is None else f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"
